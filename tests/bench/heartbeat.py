"""How long the viewer's event loop stalls while jobs run: a timer that should fire every 5 ms."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import Qt, QTimer

from cxrdesk import app as application
from cxrdesk.demo import wait
from cxrdesk.imaging.resources import resource
from cxrdesk.studies.settings import LoadedSettings, Settings
from tests.bench.report import Line

BEAT_MS = 5
SECONDS_S = 40.0
BAR_MS = 50.0


def run() -> Iterator[Line]:
    """Open the samples, submit them again and again, and note each beat's delay."""
    qt = application._application()
    desk = application.Desk(qt, LoadedSettings(settings=Settings()), None)
    beats: list[float] = []
    jobs = 0

    def beat() -> None:
        beats.append(time.perf_counter())

    def again() -> None:
        nonlocal jobs
        state, shown = desk.reading.state, desk.reading.shown
        if desk.worker is None or state is None or shown is None:
            return
        if state.job is None or state.finished:
            desk.worker.submit(shown.radiograph)
            jobs += 1

    timer, feeder = QTimer(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(beat)
    feeder.timeout.connect(again)
    desk.start([resource("samples/child-with-opacity"), resource("samples/adult")])
    wait(lambda: desk.worker is not None and desk.reading.state is not None, 60)
    timer.start(BEAT_MS)
    feeder.start(250)
    end = time.monotonic() + SECONDS_S
    wait(lambda: time.monotonic() > end, SECONDS_S + 5)
    timer.stop(), feeder.stop()
    desk.window.close()
    desk.shutdown()
    stalls = np.maximum(np.diff(beats) * 1e3 - BEAT_MS, 0)
    yield Line(
        what="event loop stall while jobs run, 99.9th percentile",
        value=float(np.percentile(stalls, 99.9)),
        bar=BAR_MS,
        unit="ms",
        told=f"maximum {stalls.max():.1f} ms over {len(stalls)} beats of {BEAT_MS} ms, {jobs} jobs,"
        " the models' first loading included",
    )
