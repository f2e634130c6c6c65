"""The next film in the whole window, its results with it, against the repaint of a ready picture.

The bundled plugins are listed and have looked at the sample films; the films are decoded beforehand, as paging through
a study finds them. Time in the window's thread is processor time: what else the machine does is not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from PySide6.QtWidgets import QApplication

from cxrdesk import app as application
from cxrdesk.demo import wait
from cxrdesk.imaging.resources import resource
from cxrdesk.studies.settings import LoadedSettings, Settings
from cxrdesk.ui.session import FilmState
from tests.bench.paint import VIEWPORT, Ready
from tests.bench.report import Line, spread

SWITCHES = 30
READY_S = 300.0
WHOLE_BAR, PANEL_BAR_MS = 60.0, 30.0


def _spent(call: Callable[[], None]) -> float:
    start = time.thread_time()
    call()
    return time.thread_time() - start


def run() -> Iterator[Line]:
    """Switch through the sample films and back again."""
    qt = application._application()
    desk = application.Desk(qt, LoadedSettings(settings=Settings()), None)
    reading, window = desk.reading, desk.window
    window.resize(*VIEWPORT)
    desk.start([resource("samples")])
    wait(lambda: desk.worker is not None and reading.state is not None, READY_S)
    for state in reading.session.states:
        reading.show(state.key)
        wait(partial(_analysed, state), READY_S)
    ready, view = Ready(), window.film
    ready.resize(*VIEWPORT)
    ready.show()
    floor, whole, film = [], [], []
    states = reading.session.states
    for number in range(SWITCHES + 3):
        state = states[number % len(states)]

        def switch(key: str = state.key) -> None:
            reading.show(key)
            QApplication.processEvents()

        taken = _spent(ready.step), _spent(switch), _spent(view.repaint)
        reading.asking.stop_asking()
        if number >= 3:
            for times, seconds_s in zip((floor, whole, film), taken, strict=True):
                times.append(seconds_s)
    desk.window.close()
    desk.shutdown()
    ready.close()
    rest = [max(one - other, 0.0) for one, other in zip(whole, film, strict=True)]
    told = f"switch {spread(whole)}, film painted again {spread(film)}, floor {spread(floor)}, {len(states)} films"
    yield Line(
        what="next film in the whole window, analysed / repaint of a ready picture",
        value=float(np.median(np.divide(whole, floor))),
        bar=WHOLE_BAR,
        unit="x",
        told=told,
    )
    yield Line(
        what="next film in the whole window, without painting the film",
        value=float(np.median(rest)) * 1e3,
        bar=PANEL_BAR_MS,
        unit="ms",
        told=told,
    )


def _analysed(state: FilmState) -> bool:
    return state.finished
