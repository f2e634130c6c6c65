"""Work that must not hold the window up: finding and decoding films."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from cxrdesk.imaging.errors import UserError

log = logging.getLogger(__name__)


class Task(QRunnable):
    """One function in another thread.

    It knows its function by number only: Qt's pool may keep a task for good, and with it a film of many megabytes.
    """

    def __init__(self, owner: Background, number: int) -> None:
        super().__init__()
        self._owner, self._number = owner, number

    def run(self) -> None:
        """Call the function and tell the owner; runs in a thread of the pool."""
        token, work = self._owner.waiting.pop(self._number, (None, None))
        if self._owner.stopping.is_set() or work is None:
            return
        try:
            result = work()
        except UserError as error:
            self._owner.refused.emit(token, error)
        except Exception as error:
            # Told to the user as the application's own mistake, and to the log with its place.
            log.exception("a background task failed: %s", type(error).__name__)
            self._owner.broken.emit(token, error)
        else:
            self._owner.done.emit(token, result)


class Background(QObject):
    """Runs functions in a few threads; results come back as signals in the window's thread.

    Only the newest of the functions that wait is kept when `latest_only` is set: whoever pages through
    a study wants the film where he stops.
    """

    done = Signal(object, object)
    refused = Signal(object, object)
    broken = Signal(object, object)

    def __init__(self, *, threads: int, latest_only: bool = False, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(threads)
        self._latest_only = latest_only
        self._numbers = count()
        self.waiting: dict[int, tuple[object, Callable[[], Any]]] = {}
        self.stopping = threading.Event()

    def start(self, token: object, work: Callable[[], Any]) -> None:
        """Run `work`; `token` comes back with its result."""
        if self.stopping.is_set():
            return
        if self._latest_only:
            self.forget()
        number = next(self._numbers)
        self.waiting[number] = (token, work)
        self._pool.start(Task(self, number))

    def forget(self) -> None:
        """Drop what waits; what runs goes on."""
        self._pool.clear()
        self.waiting.clear()

    def wait(self) -> None:
        """Wait for what runs and what waits; signals of their ends come later."""
        self._pool.waitForDone()

    def stop(self) -> None:
        """Forget what waits and wait for what runs."""
        self.stopping.set()
        self.forget()
        self._pool.waitForDone()
