"""From the session to a report's content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.studies.settings import Settings
from cxrdesk.ui.naming import Naming
from cxrdesk.ui.session import FilmState, Session


@dataclass(frozen=True, kw_only=True)
class Export:
    """A report's content, and what the reader should know about it.

    Parameters
    ----------
    left_out : tuple of str
        One sentence for each reason for which open films are not in it.
    """

    content: dict[str, Any]
    left_out: tuple[str, ...]


def report_content(
    session: Session, settings: Settings, registry: Registry | None, radiograph: Callable[[FilmState], Radiograph]
) -> Export:
    """All films whose results are complete, files that could not be read, and plugins that could not be listed.

    Films whose results still wait for the reader's impression are left out; a film whose file is gone or was replaced
    meanwhile is among the failures. While names are masked, files are numbered: their names may be patients'.

    Parameters
    ----------
    radiograph : callable
        Gives a film's pixels, decoded again where they are not in memory.
    """
    # jsonschema takes longer to import than the window to open.
    from cxrdesk.reports.json_report import failure_entry, film_entry, plugin_failure_entry, report

    naming = Naming(session.states, masked=settings.mask_names)

    def named(state: FilmState, path: Path) -> str:
        return naming.file(state) if naming.masked else str(path)

    films, failures, unread = [], [], 0
    results = session.results()
    for result in results:
        if settings.read_first and result.impression is None:
            unread += 1
            continue
        state = session.state(result.key)
        path = named(state, result.path)
        try:
            pixels = radiograph(state)
        except UserError as error:
            failures.append(failure_entry(path, error.code, naming.sentence(error.text)))
            continue
        films.append(
            film_entry(
                pixels,
                path=path,
                masks=result.masks,
                detectors=result.detectors,
                impression=result.impression,
                answered=result.answered,
                prevalence=settings.prevalence,
            )
        )
    gone = len(failures)
    failures += [
        failure_entry(named(s, s.failure.path), s.failure.code, naming.failure(s)) for s in session.states if s.failure
    ]
    unlisted = [
        plugin_failure_entry(name=f.name, distribution=f.distribution, version=f.version, code=f.code, reason=f.reason)
        for f in (registry.failures if registry is not None else [])
    ]
    pending = sum(state.film is not None and state.failure is None for state in session.states) - len(results)
    told = (
        (unread, "that you have not read yet"),
        (pending, "without finished results"),
        (gone, "that can no longer be read"),
    )
    left_out = tuple(f"{count} film{'' if count == 1 else 's'} {why}" for count, why in told if count)
    return Export(content=report(films, failures=failures, plugin_failures=unlisted), left_out=left_out)


def save(content: dict[str, Any], path: Path) -> tuple[Path, Path]:
    """Write a report as JSON at `path` and as a CSV table of the same name beside it; returns both.

    The reader was asked whether `path` may be replaced: no other file is, except a table of an earlier report.

    Raises
    ------
    UserError
        ``file-exists``, if another file stands where one of the two would be written.
    OSError
        If the folder cannot be written.
    """
    from cxrdesk.reports.csv_report import is_report, write_csv
    from cxrdesk.reports.json_report import write_json

    named = path.suffix.lower() == ".json"
    file = path if named else path.with_name(f"{path.name}.json")
    table = file.with_suffix(".csv")
    if not named and file.exists():
        raise UserError("file-exists", f"{file.name} exists already; save the report under another name.")
    if table.exists() and not is_report(table):
        raise UserError(
            "file-exists", f"{table.name} exists and holds something else; save the report under another name."
        )
    write_json(content, file)
    write_csv(content, table)
    return file, table
