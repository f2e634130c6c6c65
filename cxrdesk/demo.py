"""The sample studies through the whole application off screen: pictures of the window, report, table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QTimer

from cxrdesk import DISCLAIMER

if TYPE_CHECKING:
    from cxrdesk.app import Desk
    from cxrdesk.inference.result import DetectorResult, MaskResult
    from cxrdesk.ui.session import FilmState

_START_S = 60.0
_SETTLE_S = 0.3
"""Wrapped texts find their height within a turn or two of the event loop."""


def run(desk: Desk, out: Path) -> int:
    """Wait for every film's job, write what came of it to `out`, and print where it is.

    Returns
    -------
    int
        0, or 1 if a film could not be read or a model failed.
    """
    from cxrdesk.reports.csv_report import write_csv
    from cxrdesk.reports.json_report import write_json
    from cxrdesk.ui.export import report_content

    out.mkdir(parents=True, exist_ok=True)
    reading = desk.reading
    limit_s = _START_S + reading.settings.film_timeout_s
    failed = not wait(lambda: desk.worker is not None and reading.state is not None, limit_s)
    written = []
    for state in reading.session.states:
        if state is not reading.state:
            reading.show(state.key)
        failed |= not wait(partial(_ended, state), limit_s) or _failed(state)
        wait(lambda: False, _SETTLE_S)
        path = out / f"{_name(state).replace('/', '-')}.png"
        desk.window.grab().save(str(path))
        written.append((path, f"the window with {_name(state)}"))
    content = report_content(reading.session, reading.settings, desk.window.registry, reading.radiograph).content
    for name, write, what in (
        ("report.json", write_json, "the report of all films"),
        ("report.csv", write_csv, "the same as a table, one line for each finding"),
    ):
        write(content, out / name)
        written.append((out / name, what))
    print(f"{DISCLAIMER}.\n")
    print(plain_table(("Film", "Model", "Result", "Why"), _rows(reading.session.states)))
    for failure in desk.window.registry.failures if desk.window.registry is not None else ():
        print(f"\nThe plugin {failure.name} could not be listed: {failure.reason} [{failure.code}]")
    print()
    print(plain_table(("File", "What it is"), ((str(path), what) for path, what in written)))
    return 1 if failed else 0


def plain_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their texts, for a console of any kind."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def wait(condition: Callable[[], bool], limit_s: float) -> bool:
    """Serve the event loop until `condition` holds; False where the time ran out."""
    end = time.monotonic() + limit_s
    loop = QEventLoop()
    tick = QTimer()
    tick.setInterval(50)

    def look() -> None:
        if condition() or time.monotonic() > end:
            loop.quit()

    tick.timeout.connect(look)
    tick.start()
    if not condition():
        loop.exec()
    tick.stop()
    return condition()


def _rows(states: Iterable[FilmState]) -> list[tuple[str, str, str, str]]:
    rows = []
    for state in states:
        if state.failure is not None:
            rows.append((_name(state), "", "not read", state.failure.code))
        rows += [(_name(state), mask.spec.name, _outlined(mask), _codes(mask)) for mask in state.masks.values()]
        for result in state.detectors.values():
            rows += [(_name(state), result.spec.name, said, why) for said, why in _said(result)]
    return rows


def _outlined(mask: MaskResult) -> str:
    from cxrdesk.ui import words

    if mask.mask is None:
        return words.status_text(mask.status).lower()
    return f"outlined, {words.percent(mask.area_share)} of the film".replace("\u00a0", " ")


def _said(result: DetectorResult) -> list[tuple[str, str]]:
    from cxrdesk.ui import words

    if not result.findings:
        return [(words.status_text(result.status).lower(), _codes(result))]
    return [
        (
            f"{words.finding_name(found.finding)}: {words.CALLS[found.call].lower()},"
            f" {words.probability_text(found, result.spec.evidence).lower()}",
            ", ".join(reason.code for reason in found.reasons),
        )
        for found in result.findings
    ]


def _codes(result: MaskResult | DetectorResult) -> str:
    return ", ".join(reason.code for reason in result.reasons)


def _ended(state: FilmState) -> bool:
    return state.failure is not None or (state.job is not None and state.finished)


def _failed(state: FilmState) -> bool:
    from cxrdesk.inference.result import Status

    ended = [result.status for result in state.masks.values()] + [result.status for result in state.detectors.values()]
    return state.failure is not None or Status.FAILED in ended


def _name(state: FilmState) -> str:
    path = Path(state.key)
    return f"{path.parent.name}/{path.stem}"
