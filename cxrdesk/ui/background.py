"""Work that must not hold the window up: finding and decoding films."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal

from cxrdesk.imaging.errors import UserError

log = logging.getLogger(__name__)


class Task(QRunnable):
    """One function in another thread."""

    def __init__(self, owner: Background, token: object, work: Callable[[], Any]) -> None:
        super().__init__()
        self._owner, self._token, self._work = owner, token, work

    def run(self) -> None:
        """Call the function and tell the owner; runs in a thread of the pool."""
        if self._owner.stopping.is_set():
            return
        try:
            result = self._work()
        except UserError as error:
            self._owner.refused.emit(self._token, error)
        except Exception as error:
            # Told to the user as the application's own mistake, and to the log with its place.
            log.exception("a background task failed: %s", type(error).__name__)
            self._owner.broken.emit(self._token, error)
        else:
            self._owner.done.emit(self._token, result)


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
        self.stopping = threading.Event()

    def start(self, token: object, work: Callable[[], Any]) -> None:
        """Run `work`; `token` comes back with its result."""
        if self.stopping.is_set():
            return
        if self._latest_only:
            self._pool.clear()
        self._pool.start(Task(self, token, work))

    def forget(self) -> None:
        """Drop what waits; what runs goes on."""
        self._pool.clear()

    def wait(self) -> None:
        """Wait for what runs and what waits; signals of their ends come later."""
        self._pool.waitForDone()

    def stop(self) -> None:
        """Forget what waits and wait for what runs."""
        self.stopping.set()
        self._pool.clear()
        self._pool.waitForDone()
