"""The one door for messages to the user."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from cxrdesk.ui.panels.pieces import breakable
from cxrdesk.ui.shapes import Shape, ShapeLabel
from cxrdesk.ui.theme import colours, scaled

log = logging.getLogger(__name__)
_INFO_STAYS_MS = 7000
_MARGIN = 10
_WIDEST = 640
"""In pixels, with ordinary text: a line that is longer is hard to read."""


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
    """Shows the newest message, older ones once it is closed; takes no focus and no decision.

    It lies over the lower edge of what is beneath: that neither moves nor changes its size, and the names in the
    film's upper corners are never covered.
    """

    ACCESSIBLE_ROLE = QAccessible.Role.AlertMessage

    def __init__(self, beneath: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._beneath = beneath
        beneath.installEventFilter(self)
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
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
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

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow what is beneath."""
        if watched is self._beneath and event.type() in (QEvent.Type.Resize, QEvent.Type.Move):
            self._place()
        return super().eventFilter(watched, event)

    def _place(self) -> None:
        """In the middle of the lower edge, as wide as its words need and there is room for."""
        if not self._queue:
            return
        area = self._beneath.geometry()
        room = min(area.width() - 2 * _MARGIN, scaled(_WIDEST))
        words = self._text.fontMetrics().horizontalAdvance(self._text.text())
        others = self._row.minimumSize().width() - self._text.minimumSizeHint().width()
        width = max(1, min(room, words + others + 8))
        height = min(max(self.heightForWidth(width), self.minimumSizeHint().height()), area.height() - 2 * _MARGIN)
        self.setGeometry(area.center().x() - width // 2, area.bottom() - _MARGIN - height, width, height)
        self.raise_()

    def _refresh(self) -> None:
        self._timer.stop()
        self.setVisible(bool(self._queue))
        if not self._queue:
            self._text.clear()
            self.setAccessibleName("")
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
        self.setAccessibleName(first.text)
        self.setProperty("role", str(first.level))
        self.style().unpolish(self)
        self.style().polish(self)
        self._place()
        if first.level is Level.INFO:
            self._timer.start(_INFO_STAYS_MS)
