"""Words written onto the film, in a line over it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from cxrdesk.studies.annotations import LONGEST_TEXT
from cxrdesk.ui.viewer.geometry import Point

_WIDTH = 300


class TextEdit(QLineEdit):
    """Enter, or going elsewhere, keeps the text; Escape keeps what was there before.

    Parameters
    ----------
    view : QWidget
        The film that it lies over.
    at : Point
        Upper left corner in the view.
    text : str
    done : callable
        Called once with the new text, or not at all.
    """

    def __init__(self, view: QWidget, at: Point, text: str, done: Callable[[str], None]) -> None:
        super().__init__(text, view)
        self._view, self._done, self._over = view, done, False
        self.setMaxLength(LONGEST_TEXT)
        self.setPlaceholderText("Text; Enter keeps it, Esc does not")
        self.setAccessibleName("Text on the film")
        width = min(_WIDTH, view.width() - 8)
        height = self.sizeHint().height()
        left = min(max(at[0], 4), view.width() - width - 4)
        top = min(max(at[1], 4), view.height() - height - 4)
        self.setGeometry(int(left), int(top), width, height)
        self.editingFinished.connect(self._keep)
        self.show()
        self.selectAll()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape gives up; arrows at the ends of the line are not the film's."""
        if event.key() == Qt.Key.Key_Escape:
            self._end()
        else:
            super().keyPressEvent(event)
        event.accept()

    def _keep(self) -> None:
        if not self._over:
            text = self.text()
            self._end()
            self._done(text)

    def _end(self) -> None:
        self._over = True
        if self.hasFocus():
            self._view.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        self.deleteLater()
