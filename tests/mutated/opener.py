"""Opens broken files as the viewer does, in a process of its own, and says how each ended."""

from __future__ import annotations

import itertools
import logging
import resource
import time
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

LIMIT_S = 5.0
LIMIT_MB = 1000.0


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a file ended.

    Parameters
    ----------
    outcome : str
        ``"film"``, ``"colour"``, ``"state"``, the code of a refusal, or ``"fault"``.
    told : str
        The sentence of a refusal, the traceback of a fault.
    seconds : float
        Of the processor, for opening it or for listing its header, whichever took longer: what else the machine does
        is not the file's.
    peak_mb : float
        The process's peak over what it had before.
    """

    outcome: str
    told: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.name}: {record.getMessage()}")


def open_once(path: Path) -> tuple[str, str]:
    """Outcome and what is told: found in a folder, first look, the film and its last frame."""
    from cxrdesk.imaging.errors import FilmError
    from cxrdesk.studies.importers import Film, find_films
    from cxrdesk.ui.viewer.loaded import LoadedFilm

    found = find_films([path.parent])
    outcome, told = "nothing", ""
    if found.failures:  # the file's own before the folder's
        outcome, told = found.failures[0].code, found.failures[0].text
    for state in found.states:
        outcome = "state"
        for uid in sorted(state.films)[:3]:
            try:
                state.load(uid)
            except FilmError as error:
                told = error.text
    for film in found.films:
        assert isinstance(film, Film)
        try:
            loaded = LoadedFilm.opened("a", film.look(), provisional=True)
            loaded = LoadedFilm.opened("a", film.open())
            frames = loaded.presentation.frames
            if frames > 1:
                film.open(frames - 1)
            outcome = "colour" if loaded.coloured else "film"
        except FilmError as error:
            outcome, told = error.code, error.text
    return outcome, told


def list_header(path: Path) -> str:
    """The header's table, or why there is none."""
    from cxrdesk.imaging.errors import FilmError
    from cxrdesk.studies.header import read_header_rows

    try:
        read_header_rows(path)
    except FilmError as error:
        return error.text
    return ""


def is_a_sentence(text: str) -> bool:
    """Whether a reader can be shown it: one line, of a film's length, with its full stop."""
    return "\n" not in text and text.endswith(".") and len(text) < 400 and "Traceback" not in text


def opened(path: Path) -> Ended:
    """Open a file and measure; whatever escapes is a fault."""
    kept = _Kept()
    logging.getLogger().addHandler(kept)
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before, clock = _status_mb("VmRSS"), [time.process_time()]
    try:
        outcome, told = open_once(path)
        clock.append(time.process_time())
        told = told or list_header(path)
        if told and not is_a_sentence(told):
            outcome = "fault"
        if kept.lines:
            outcome, told = "fault", f"logged: {kept.lines}"
    except BaseException:  # noqa: BLE001 - whatever escapes is what is looked for
        outcome, told = "fault", traceback.format_exc()
    finally:
        logging.getLogger().removeHandler(kept)
    clock.append(time.process_time())
    seconds = max(after - first for first, after in itertools.pairwise(clock))
    return Ended(outcome=outcome, told=told, seconds=seconds, peak_mb=_status_mb("VmHWM") - before)


def serve(ask: Connection) -> None:
    """Answer paths until None comes; the process may take no more than the limit over what it has at its start."""
    import warnings

    import imagecodecs  # noqa: F401  # what a decoder's library takes is not the file's
    import PIL.Image  # noqa: F401

    import cxrdesk.imaging.preview
    import cxrdesk.ui.viewer.loaded  # noqa: F401

    warnings.simplefilter("error")
    most = int((_status_mb("VmSize") + 2 * LIMIT_MB) * 2**20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    ask.send(None)
    while (path := ask.recv()) is not None:
        ask.send(opened(Path(path)))


def _status_mb(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024
