"""``cxrdesk evaluate``: measured figures with their intervals, from bundles and data sets."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cxrdesk.cli import quick
from cxrdesk.cli.exits import Exit, exit_code
from cxrdesk.cli.train import needing_extra

if TYPE_CHECKING:
    from cxrdesk.api import DetectorSpec, SegmenterSpec
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.evaluation.report.content import Measured
    from cxrdesk.evaluation.run import Scored
    from cxrdesk.imaging.errors import UserError

FILM_CHECK = "film-check"


def evaluate(
    names: Annotated[
        list[str],
        typer.Argument(
            help=f"Id of an installed detector or segmenter, path of a bundle, or {FILM_CHECK}.",
            metavar="NAME-OR-BUNDLE...",
        ),
    ],
    data: Annotated[
        Path,
        typer.Option(
            help="Folder that holds the data sets, or another site's films with a labels.csv.",
            exists=True,
            file_okay=False,
        ),
    ],
    report: Annotated[
        str | None, typer.Option(help="Folder for report.html and report.json of the detectors.", metavar="FOLDER")
    ] = None,
    saliency: Annotated[
        bool,
        typer.Option(
            "--saliency",
            help="Audit saliency maps too: --data holds masks of findings beside labels.csv, or nih/boxes.csv.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Machine-readable, on stdout alone.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps or xpu.")] = "auto",
) -> None:
    """Measure models on the films that they never saw, exactly as the viewer runs them, gate included."""
    from cxrdesk.cli import choices, output, plugins
    from cxrdesk.cli.console import warn
    from cxrdesk.imaging.errors import UserError

    used = choices.checked_device(device)
    folder = output.checked_folder(report, option="--report") if report is not None else None
    if folder is not None:
        # Before hours of computing, not after.
        with needing_extra("A report"):
            import matplotlib  # noqa: F401
    registry = plugins.imported()
    targets = [_target(registry, name) for name in dict.fromkeys(names)]
    registry = _with_segmenters(registry, targets)
    found = _Found()
    for target in targets:
        try:
            with needing_extra("Evaluation"):
                found.done.append(_measured(registry, target, data, used, found))
        except UserError as error:
            found.fail(target.name, error)
        if saliency and target.name != FILM_CHECK:
            try:
                with needing_extra("The saliency audit"):
                    _audit(registry, target, data, used, found)
            except UserError as error:
                found.fail(target.name, error)
    for name, failure in found.failed:
        warn(f"{name}: {failure.text}")
    if as_json:
        typer.echo(json.dumps(_content(found), indent=1, allow_nan=False))
    else:
        _print(found)
    # A run that measured nothing leaves an earlier report as it is.
    if folder is not None and (found.measured or found.audits):
        _write(found, folder)
    if found.failed:
        raise typer.Exit(Exit.PARTLY if found.done or found.audits else exit_code(found.failed[0][1]))


@dataclass
class _Found:
    """What was measured: for the tables, for the report, and what could not be."""

    done: list[dict[str, Any]] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    audits: list[dict[str, Any]] = field(default_factory=list)
    failed: list[tuple[str, UserError]] = field(default_factory=list)

    def fail(self, name: str, error: UserError) -> None:
        """Go on without it."""
        self.failed.append((name, error))


@dataclass(frozen=True)
class _Target:
    """What is to be measured: the film check, an installed model, or a bundle."""

    name: str
    bundle: Path | None = None


def _target(registry: Registry, name: str) -> _Target:
    from cxrdesk.imaging.errors import UserError

    known = [FILM_CHECK, *(spec.id for spec in (*registry.segmenters, *registry.detectors))]
    if name in known:
        return _Target(name)
    if quick.there(name):
        path = Path(name)
        if not (path / "bundle.json").is_file() and not (path.is_file() and zipfile.is_zipfile(path)):
            text = f"{name} is no bundle, which is a folder with a bundle.json, or such a folder as one zip file."
            raise UserError("unknown-name", text)
        return _Target(name, bundle=path)
    raise UserError("unknown-name", f"{name!r} is neither a bundle nor installed; known are {', '.join(known)}.")


def _with_segmenters(registry: Registry, targets: Iterable[_Target]) -> Registry:
    """The registry in which segmenters' bundles that were named are used by the detectors too."""
    from cxrdesk.api import Bundle
    from cxrdesk.evaluation.run import with_bundle

    for target in targets:
        if target.bundle is not None and Bundle(target.bundle).manifest.get("kind") == "segmenter":
            registry, _ = with_bundle(registry, target.bundle)
    return registry


def _measured(registry: Registry, target: _Target, data: Path, device: str, found: _Found) -> dict[str, Any]:
    """One target's figures as JSON types."""
    from cxrdesk.api import SegmenterSpec
    from cxrdesk.cli.progress import progress

    with progress() as advance:

        def told(done: int, of: int) -> None:
            advance(done, of, target.name)

        if target.name == FILM_CHECK:
            from cxrdesk.evaluation.film_check import refusal_rates

            advance(0, None, target.name)
            return {"name": target.name, "kind": FILM_CHECK, "table": _plain(refusal_rates(data))}
        from cxrdesk.evaluation import tables

        registry, spec = _model(registry, target)
        about = _about(spec) | {"name": target.name}
        if isinstance(spec, SegmenterSpec):
            table = tables.segmenter_table(registry, spec, data, device=device, progress=told)
            return about | {"kind": "segmenter", "table": _plain(table.to_json())}
        return about | {"kind": "detector", "tables": _tables(registry, spec, target, data, device, told, found)}


def _model(registry: Registry, target: _Target) -> tuple[Registry, DetectorSpec | SegmenterSpec]:
    """The target's spec, and a registry in which it is used."""
    from cxrdesk.evaluation.run import with_bundle

    if target.bundle is not None:
        return with_bundle(registry, target.bundle)
    return registry, registry.model(target.name).spec


def _audit(registry: Registry, target: _Target, data: Path, device: str, found: _Found) -> None:
    """A detector's saliency maps; a segmenter has none."""
    from cxrdesk.api import DetectorSpec
    from cxrdesk.cli.saliency import audited

    registry, spec = _model(registry, target)
    if isinstance(spec, DetectorSpec):
        found.audits.append(audited(registry, spec, target.name, data, device))


def _tables(
    registry: Registry,
    spec: DetectorSpec,
    target: _Target,
    data: Path,
    device: str,
    progress: Callable[[int, int], None],
    found: _Found,
) -> list[dict[str, Any]]:
    """A detector's figures for each finding that the films have labels of; its answers are kept for the report."""
    from cxrdesk.api import Bundle
    from cxrdesk.evaluation.film_sets import film_set, seen
    from cxrdesk.evaluation.report.content import Measured
    from cxrdesk.evaluation.run import answers, of_finding
    from cxrdesk.evaluation.tables import detector_table
    from cxrdesk.imaging.errors import UserError

    manifest = Bundle(spec.bundle).manifest if spec.bundle is not None else {}
    films = film_set(manifest, data)
    labelled = {finding for row in films.rows for finding in row.labels}
    wanted = [finding for finding in spec.findings if finding in labelled]
    if not wanted:
        looks_for = f"{spec.id} cannot be measured: it looks for {', '.join(spec.findings)}"
        raise UserError("no-labels", f"{looks_for}, and the films have labels of {', '.join(sorted(labelled))}")
    answered = answers(registry, spec, films.rows, device=device, progress=progress)
    films = seen(films, answered)
    found.measured.append(Measured(name=target.name, spec=spec, manifest=manifest, films=films, answers=answered))
    made, failed = [], []
    for finding in wanted:
        try:
            scored = [of_finding(item, finding) for item in answered]
            if lacking := _lacking(scored, finding):
                raise UserError("too-small", f"{spec.id} cannot be measured: the set is {lacking}")
            made.append(_plain(detector_table(spec, finding, scored, films.name).to_json()))
        except UserError as error:
            failed.append(error)
    if not made:
        raise failed[0]
    for failure in failed:
        found.fail(target.name, failure)
    return made


def _lacking(scored: list[Scored], finding: str) -> str:
    """What the set lacks where both classes are there; a missing class and missing films are told by the table."""
    from cxrdesk.evaluation.intervals import too_few

    kept = [item.row for item in scored if item.probability is not None]
    positives = sum(row.labels.get(finding, 0) for row in kept)
    if not 0 < positives < len(kept):
        return ""
    return too_few(positives, len(kept) - positives, len({row.patient for row in kept}))


def _write(found: _Found, folder: Path) -> None:
    """The report of the detectors; what else was asked for is named in it.

    Raises
    ------
    UserError
        ``missing-extra``, or ``not-written`` with the reason.
    """
    from cxrdesk.cli import output
    from cxrdesk.cli.console import warn

    with needing_extra("A report"):
        from cxrdesk.evaluation.report.files import HTML, write_report

        lost = [{"name": name, "code": failure.code, "text": failure.text} for name, failure in found.failed]
        others = [item["name"] for item in found.done if item["kind"] != "detector"]
        text = "It is no detector; its figures are in the tables that the command prints."
        lost += [{"name": name, "code": "no-detector", "text": text} for name in others]
        try:
            write_report(found.measured, folder, failures=lost, saliency=found.audits)
        except OSError as error:
            raise output.not_written(folder, error) from None
    warn(f"The report is {folder / HTML}.")


def _about(spec: DetectorSpec | SegmenterSpec) -> dict[str, Any]:
    return {
        "id": spec.id,
        "version": spec.version,
        "weights_sha256": spec.weights_sha256,
        "evidence": spec.evidence.value,
    }


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    return {key: _plain(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _content(found: _Found) -> dict[str, Any]:
    from cxrdesk import DISCLAIMER, __version__

    failures = [{"code": error.code, "text": error.text} for _, error in found.failed]
    told = {"evaluated": found.done, "saliency": found.audits, "failures": failures}
    return {"cxrdesk": __version__, "disclaimer": DISCLAIMER, **told}


def _print(found: _Found) -> None:
    from cxrdesk import DISCLAIMER
    from cxrdesk.cli import saliency
    from cxrdesk.cli.console import stdout

    tables = [table for measured in found.done for table in _KINDS[measured["kind"]](measured)]
    tables += [table for audit in found.audits for table in saliency.tables(audit)]
    if not tables:
        return
    console = stdout()
    for table in tables:
        console.print(table)
    console.print(f"Figures are means with 95 % confidence intervals. {DISCLAIMER}.")


def _interval(estimate: Mapping[str, float]) -> str:
    return f"{estimate['value']:.3f} ({estimate['low']:.3f} to {estimate['high']:.3f})"


def _refused(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {code}" for code, count in counts.items()) or "none"


def _title(measured: Mapping[str, Any], films: str = "") -> str:
    weights = measured["weights_sha256"][:12] or "none"
    name = f"{measured['id']} {measured['version']}, weights {weights}, evidence level {measured['evidence']}"
    return f"{name}, {films}" if films else name


def _segmenter(measured: Mapping[str, Any]) -> list[Any]:
    from cxrdesk.cli.console import table

    told = measured["table"]
    rows = [
        (group, str(dice["n"]), _interval(dice), *_mm(told, group), _refused(told["refused"].get(group, {})))
        for group, dice in told["dice"].items()
    ]
    heads = ("Films", "Number", "Dice", *(["HD95 (mm)"] if told["hd95_mm"] else []), "Refused")
    return [table(*heads, rows=rows, title=_title(measured))]


def _mm(told: Mapping[str, Any], group: str) -> list[str]:
    """The group's cell of distances, where the table has any."""
    found = told["hd95_mm"].get(group)
    cell = f"{found['value']:.1f} ({found['low']:.1f} to {found['high']:.1f})" if found else "no spacing told"
    return [cell] if told["hd95_mm"] else []


def _detector(measured: Mapping[str, Any]) -> list[Any]:
    from cxrdesk.cli.console import table

    shares = {
        "AUC": "auc",
        "Sensitivity": "sensitivity",
        "Specificity": "specificity",
        "Balanced accuracy": "balanced_accuracy",
        "Calibration error": "calibration_error",
        "Brier score": "brier",
    }
    made = []
    for told in measured["tables"]:
        rows = [
            (
                f"{name}: {point['threshold']:.3f} and above",
                f"{point['films']} ({point['positives']})",
                *(_interval(point[key]) for key in shares.values()),
            )
            for name, point in told["points"].items()
        ]
        title = _title(measured, f"{told['finding']}, {told['films']}; refused: {_refused(told['refused'])}")
        made.append(table("Positive at", "Films (positive)", *shares, rows=rows, title=title))
    return made


def _film_check(measured: Mapping[str, Any]) -> list[Any]:
    from cxrdesk.cli.console import table

    told = measured["table"]
    own = [(kind, str(e["n"]), _interval(e)) for kind, e in told["false_refusals"].items()]
    others = [(kind, str(e["n"]), _interval(e)) for kind, e in told["kinds"].items()]
    others.append(("all", str(told["refused"]["n"]), _interval(told["refused"])))
    return [
        table("In-scope films", "Number", "Falsely refused", rows=own, title=f"film check, {told['split']} split"),
        table("Other pictures", "Number", "Refused", rows=others),
    ]


_KINDS = {"segmenter": _segmenter, "detector": _detector, FILM_CHECK: _film_check}
