"""``cxrdesk analyze``: films to scores, without a window."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxrdesk.cli.exits import Exit

if TYPE_CHECKING:
    from cxrdesk.cli.analysis import Analysed, Analysis
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.inference.runners import Runner
    from cxrdesk.studies.importers import Failure, Film


def analyze(
    paths: Annotated[list[str], typer.Argument(help="Films, folders or DICOMDIR files.", metavar="PATH...")],
    age: Annotated[
        float | None, typer.Option(help="Patient's age in years, for films that do not say it.", metavar="YEARS")
    ] = None,
    view: Annotated[
        str | None, typer.Option(help="View, for instance chest-ap, for films that do not say it.", metavar="VIEW")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the report as JSON on stdout, and nothing else.")
    ] = False,
    out: Annotated[
        str | None,
        typer.Option(help="Folder for report.json, report.csv and a picture of each film.", metavar="FOLDER"),
    ] = None,
    operating_point: Annotated[
        str | None, typer.Option(help="balanced, sensitive, specific or the author's own; else as in the settings.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda, mps or xpu; else as in the settings.")] = None,
    saliency: Annotated[bool, typer.Option("--saliency/--no-saliency", help="Whether saliency maps are made.")] = True,
    impression: Annotated[
        str | None, typer.Option(help="What you read on this one film, committed before a score is shown.")
    ] = None,
) -> None:
    """Run the gate, every segmenter and every applicable detector over films, and print one table.

    A film that says another age or view than --age or --view is not analysed. Files of an earlier run in the folder
    of --out are written over.
    """
    from cxrdesk.cli import choices, output, plugins
    from cxrdesk.cli.analysis import Analysis
    from cxrdesk.cli.answers import parse_answers
    from cxrdesk.cli.progress import progress
    from cxrdesk.inference.pipeline import Options
    from cxrdesk.studies.importers import find_films
    from cxrdesk.studies.paths import compiled_dir

    named = choices.checked_paths(paths)
    answers = parse_answers(age, view)
    settings = choices.read_settings()
    folder = output.checked_folder(out) if out is not None else None
    plugins.verify_due(device or settings.device)
    registry = plugins.installed()
    point = choices.checked_operating_point(registry, operating_point or settings.operating_point)
    used = choices.checked_device(device or settings.device)
    with progress() as advance:
        found = find_films(named, progress=lambda count: advance(count, None, "Looking for films"))
    choices.check_impression(impression, len(found.films), read_first=settings.read_first)

    leaving = _Results(out=folder, about={"impression": impression, "prevalence": settings.prevalence})
    for failure in found.failures:
        leaving.failed(failure)
    compiled = compiled_dir() if settings.compiled else None
    runner = new_runner(registry, device=used, limit_s=settings.film_timeout_s, compiled=compiled)
    options = Options(operating_point=point, explain=saliency)
    analysis = Analysis(registry, runner, answers, options, notice=_warn, on_fault=leaving.fault)
    try:
        _run(analysis, found.films, leaving)
    except KeyboardInterrupt:
        _warn(f"Interrupted: {len(leaving.films)} of {len(found.films)} films were analyzed.")
        if leaving.films:  # hours of work, maybe
            _finish(registry, leaving, as_json=as_json)
        raise typer.Exit(Exit.CANCELLED) from None
    finally:
        runner.close()
    raise typer.Exit(_finish(registry, leaving, as_json=as_json))


def new_runner(registry: Registry, *, device: str, limit_s: float, compiled: Path | None) -> Runner:
    """Where models run: in child processes, so that one that ends, prints or hangs costs its own results only."""
    from cxrdesk.discovery.installed import BUNDLED
    from cxrdesk.inference.proofs import here
    from cxrdesk.inference.runners import ChildRunner
    from cxrdesk.studies.paths import proofs_file

    proofs = here(proofs_file(), device)
    return ChildRunner(registry, together=BUNDLED, device=device, limit_s=limit_s, compiled=compiled, proofs=proofs)


@dataclass
class _Results:
    """What has come of the films so far."""

    out: Path | None
    about: dict[str, Any]
    films: list[dict[str, Any]] = field(default_factory=list)
    failures: list[dict[str, str]] = field(default_factory=list)
    partly: bool = False
    faults: int = 0

    def add(self, analysed: Analysed) -> None:
        """Keep a film's results, and draw its picture; the pixels are not kept."""
        from cxrdesk.cli.analysis import entry

        self.partly |= analysed.failed
        picture = self._draw(analysed) if self.out is not None else None
        self.films.append(entry(analysed, picture=picture, **self.about))

    def failed(self, failure: Failure) -> None:
        """Keep a file that is no film, and say so."""
        from cxrdesk.reports.json_report import failure_entry

        self.failures.append(failure_entry(str(failure.path), failure.code, failure.text))
        _warn(failure.text)

    def fault(self, error: Exception) -> None:
        """Count a fault of ours; it is logged already."""
        from cxrdesk.cli import faults

        self.faults += 1
        faults.show_if_asked(error)

    def _draw(self, analysed: Analysed) -> str | None:
        from cxrdesk.cli import output
        from cxrdesk.imaging.errors import UserError
        from cxrdesk.reports.picture import film_picture

        assert self.out is not None
        name = output.picture_name(len(self.films) + 1, analysed.path)
        picture = film_picture(
            analysed.film, title=analysed.path.name, masks=analysed.masks, detectors=analysed.detectors
        )
        try:
            output.write_picture(picture, self.out / name)
        except UserError as error:
            self.partly = True
            _warn(error.text)
            return None
        return name


def _run(analysis: Analysis, films: tuple[Film, ...], leaving: _Results) -> None:
    from cxrdesk.cli.progress import progress
    from cxrdesk.studies.importers import Failure

    models = len(analysis.registry.segmenters) + len(analysis.registry.detectors)
    with progress() as advance:
        begun = 0

        def step(model: str) -> None:
            nonlocal begun
            name = films[min(begun // max(models, 1), len(films) - 1)].path.name
            advance(begun, models * len(films), f"{name}: {model}")
            begun += 1

        for done, item in enumerate(analysis.run(films, step), start=1):
            if isinstance(item, Failure):
                leaving.failed(item)
            else:
                leaving.add(item)
            begun = done * models


def _finish(registry: Registry, leaving: _Results, *, as_json: bool) -> Exit:
    from cxrdesk.cli import output, plugins
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.reports import json_report

    plugin_failures = plugins.failures_of(registry)
    content = json_report.report(leaving.films, failures=leaving.failures, plugin_failures=plugin_failures)
    try:
        if as_json:
            typer.echo(json_report.to_text(content), nl=False)
        else:
            output.print_report(content)
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # whoever read has had enough
        leaving.partly = True
        _warn(f"The results could not be printed ({error.strerror or type(error).__name__}).")
    for failed in plugin_failures:
        _warn(f"The plugin {failed['name']} cannot be used: {failed['reason']} [{failed['code']}]")
    if not registry.plugins:
        _warn(plugins.NONE_USABLE if plugin_failures else plugins.NONE_INSTALLED)
    if leaving.out is not None:
        try:
            output.write_reports(content, leaving.out)
        except UserError as error:
            leaving.partly = True
            _warn(error.text)
    return _exit(registry, leaving)


def _exit(registry: Registry, leaving: _Results) -> Exit:
    if leaving.faults:
        return Exit.FAULT
    if not leaving.films and not any(failure["code"].endswith("-contradicts") for failure in leaving.failures):
        return Exit.NO_FILM
    if not registry.plugins:
        return Exit.NO_PLUGIN
    return Exit.PARTLY if leaving.partly or leaving.failures or registry.failures else Exit.DONE


def _warn(text: str) -> None:
    from cxrdesk.cli.console import warn

    warn(text)
