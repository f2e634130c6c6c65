"""A heartbeat in the viewer's event loop, and how long it ever stood still."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QTimer

BEAT_MS = 5


def _waited_s() -> dict[str, float]:
    """How long each thread has waited for a core that others used: their doing, not ours.

    Another of our threads may hold the interpreter while it waits, so all of them count.
    """
    if sys.platform != "linux":
        return {}
    told = {}
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            told[task.name] = int((task / "schedstat").read_text().split()[1]) / 1e9
    return told


class Heart:
    """Beats while the event loop runs."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._last: tuple[float, dict[str, float]] | None = None
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def _beat(self) -> None:
        now = (time.perf_counter(), _waited_s())
        if self._last is not None:
            others = max(
                (now[1][name] - before for name, before in self._last[1].items() if name in now[1]), default=0.0
            )
            self.longest_s = max(self.longest_s, now[0] - self._last[0] - others)
        self._last = now

    def until(self, holds: Callable[[], bool], most_s: float) -> bool:
        """Run the event loop until something holds; False where it did not within `most_s`."""
        self._last = None
        self._timer.start(BEAT_MS)
        end = time.monotonic() + most_s
        try:
            while not holds():
                if time.monotonic() > end:
                    return False
                QCoreApplication.processEvents()
                time.sleep(0.001)
            return True
        finally:
            self._timer.stop()
