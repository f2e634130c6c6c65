"""The one door for messages to the user."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from cxrdesk.ui.panels.pieces import breakable
from cxrdesk.ui.shapes import Shape, ShapeLabel
from cxrdesk.ui.theme import colours

log = logging.getLogger(__name__)
_INFO_STAYS_MS = 7000


class Level(StrEnum):
    """How much a message matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Message:
    """One sentence for the user."""

    level: Level
    text: str


class Messages(QObject):
    """Keeps messages until a window shows them. The log gets level and code only: texts may hold file names."""

    posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[Message] = deque()
        self._open = False

    def info(self, text: str) -> None:
        """Something was done."""
        self._post(Level.INFO, text, "")

    def warning(self, text: str, *, code: str = "") -> None:
        """Something needs the user's attention."""
        self._post(Level.WARNING, text, code)

    def error(self, text: str, *, code: str = "") -> None:
        """Something could not be done."""
        self._post(Level.ERROR, text, code)

    def open(self) -> None:
        """A window listens from now on; what waited is posted."""
        self._open = True
        while self._waiting:
            self.posted.emit(self._waiting.popleft())

    def _post(self, level: Level, text: str, code: str) -> None:
        log.info("message: %s %s", level, code or "-")
        message = Message(level=level, text=text)
        if self._open:
            self.posted.emit(message)
        else:
            self._waiting.append(message)


class MessageBar(QFrame):
    """Shows the newest message above the film, older ones once it is closed; takes no focus and no decision."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue: deque[Message] = deque()
        self._shape = ShapeLabel()
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._more = QLabel()
        self._more.setProperty("role", "muted")
        self._close = QToolButton()
        self._close.setText("Close")
        self._close.clicked.connect(self.next)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.next)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 5, 6, 5)
        row.addWidget(self._shape)
        row.addWidget(self._text, 1)
        row.addWidget(self._more)
        row.addWidget(self._close)
        self.hide()

    @property
    def text(self) -> str:
        """What is shown; empty where nothing is."""
        return self._queue[0].text if self._queue else ""

    def show_message(self, message: Message) -> None:
        """Show a message before those that wait; one that already waits is not repeated.

        The newest may answer what the reader just did, so it must not stand behind older ones.
        """
        if message in self._queue:
            self._queue.remove(message)
        # What merely informed makes room.
        if self._queue and self._queue[0].level is Level.INFO:
            self._queue.popleft()
        self._queue.appendleft(message)
        self._refresh()

    def clear(self) -> None:
        """Close all messages."""
        self._queue.clear()
        self._refresh()

    def restyle(self) -> None:
        """Use the colours of another theme."""
        self._refresh()

    def next(self) -> None:
        """Close the message shown."""
        if self._queue:
            self._queue.popleft()
        self._refresh()

    def _refresh(self) -> None:
        self._timer.stop()
        self.setVisible(bool(self._queue))
        if not self._queue:
            self._text.clear()
            return
        first = self._queue[0]
        self._text.setText(breakable(first.text))
        waiting = len(self._queue) - 1
        self._more.setText(f"{waiting} more" if waiting else "")
        self._more.setVisible(bool(waiting))
        c = colours()
        shapes = {
            Level.INFO: (Shape.CIRCLE, c.accent),
            Level.WARNING: (Shape.TRIANGLE, c.warning),
            Level.ERROR: (Shape.CROSS, c.error),
        }
        self._shape.set(*shapes[first.level])
        self.setProperty("role", str(first.level))
        self.style().unpolish(self)
        self.style().polish(self)
        if first.level is Level.INFO:
            self._timer.start(_INFO_STAYS_MS)
