"""Long work in short pieces, so that the window goes on beside it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from cxrdesk.ui.background import Background

Result = TypeVar("Result")
Pieces = Generator[Callable[[], object] | None, None, Result]
"""Work that yields after each short piece; a function that it yields is called before it goes on, and may be long."""


def at_once(pieces: Pieces[Result]) -> Result:
    """Do all of it now, here."""
    while True:
        try:
            work = next(pieces)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if work is not None:
            work()


class Piecework(QObject):
    """Does one work after the other, a piece for each turn of the event loop; functions in a thread."""

    broken = Signal(object)
    """The exception that a function ended with; its work is given up."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._works: list[tuple[Pieces[Any], Callable[[Any], None]]] = []
        self._waiting = False
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.timeout.connect(self._step)
        self._thread = Background(threads=1, parent=self)
        self._thread.done.connect(self._on_done)
        self._thread.broken.connect(self._on_broken)

    @property
    def busy(self) -> bool:
        """Whether there is work that has not ended."""
        return bool(self._works)

    def start(self, pieces: Pieces[Result], done: Callable[[Result], None]) -> None:
        """Begin once what was begun before has ended; `done` is called with what it returns."""
        self._works.append((pieces, done))
        if len(self._works) == 1:
            self._turn.start()

    def _step(self) -> None:
        pieces, done = self._works[0]
        try:
            work = next(pieces)
        except StopIteration as end:
            self._next()
            done(end.value)
            return
        if work is None:
            self._turn.start()
        else:
            self._waiting = True
            self._thread.start(None, work)

    def _next(self) -> None:
        self._works.pop(0)
        if self._works:
            self._turn.start()

    def _on_done(self, _token: object, _result: object) -> None:
        self._waiting = False
        if self._works:
            self._step()

    def _on_broken(self, _token: object, error: Exception) -> None:
        self._waiting = False
        self._next()
        self.broken.emit(error)

    def finish(self) -> None:
        """Do what is left now: the window is about to close."""
        self._turn.stop()
        self._thread.wait()
        works, self._works = self._works, []
        for pieces, done in works:
            done(at_once(pieces))
        self._thread.stop()
