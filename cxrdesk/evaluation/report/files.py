"""Writes ``report.json`` and ``report.html``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cxrdesk.evaluation.report.content import Measured, content, to_text
from cxrdesk.evaluation.report.html import page
from cxrdesk.evaluation.report.thumbnails import thumbnail
from cxrdesk.imaging.errors import FilmError

JSON, HTML = "report.json", "report.html"


def write_report(
    measured: Sequence[Measured],
    folder: Path,
    *,
    failures: Sequence[Mapping[str, str]] = (),
    saliency: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Write both files, over those of an earlier run.

    Raises
    ------
    OSError
        If the folder cannot be written to.
    """
    report = content(measured, failures=failures, saliency=saliency)
    text, html = to_text(report), page(report, _pictures(measured, report))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / JSON).write_text(text, encoding="ascii", newline="\n")
    # The name of a bundle's path need not be valid text.
    (folder / HTML).write_text(html, encoding="utf-8", errors="backslashreplace", newline="\n")


def _pictures(measured: Sequence[Measured], report: Mapping[str, Any]) -> dict[str, str]:
    """The gallery's films; one that has gone since it was scored is left out, and the page says so."""
    found = [finding["figures"] for detector in report["detectors"] for finding in detector["findings"]]
    shown = {failure["film"] for figures in found if figures is not None for failure in figures["failures"]}
    rows = {ref: row for item in measured for ref, row in zip(item.films.refs, item.films.rows, strict=True)}
    made = {}
    for ref in sorted(shown):
        with suppress(FilmError):
            made[ref] = thumbnail(rows[ref])
    return made
