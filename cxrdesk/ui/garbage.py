"""Reference cycles are looked for on the interface's thread alone.

Python looks for them on whichever thread happens to allocate. Widgets hang together in cycles: taken down by a thread
that reads films or lists plugins, their timers cannot be stopped, and Qt ends the process.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 250


def keep_from_threads() -> None:
    """From now on cycles are looked for by `collect_due` only; holds for the whole process."""
    gc.disable()


def collect_due() -> None:
    """Do what Python would have done since: the oldest generation whose threshold is passed, and those below."""
    young, middle, old = gc.get_count()
    first, second, third = gc.get_threshold()
    # Many objects may have come since the last look: they stand for the looks that were left out.
    missed = young // max(first, 1)
    third = third or 10  # 0 leaves the oldest to another rule of some Pythons
    if old > third or missed > second * third:
        gc.collect(2)
    elif middle > second or missed > second:
        gc.collect(1)
    elif missed:
        gc.collect(0)


class Collector(QObject):
    """Looks for cycles every quarter of a second, on the thread that made it."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        keep_from_threads()
        self._timer = QTimer(self)
        self._timer.timeout.connect(collect_due)
        self._timer.start(_EVERY_MS)

    def stop(self) -> None:
        """For an application that ends; threads that still end keep off the widgets."""
        self._timer.stop()
