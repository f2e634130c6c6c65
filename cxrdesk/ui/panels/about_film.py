"""A quiet line that says how much there is to know of the film's file, and opens."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from cxrdesk.ui.panels.pieces import label, put


class AboutFilm(QWidget):
    """What was assumed or left out of a file; once opened it stays open for the films that follow."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QToolButton()
        self.line.setCheckable(True)
        self.line.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.line.setArrowType(Qt.ArrowType.RightArrow)
        self.line.setProperty("role", "disclosure")
        self.line.toggled.connect(self._open)
        self._text = label("", "muted")
        self._text.setContentsMargins(10, 0, 4, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self.line, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._text)
        self.hide()

    def show_notes(self, notes: Sequence[str]) -> None:
        """Show these and no others; without any the line is gone."""
        self.setVisible(bool(notes))
        count = "1 note" if len(notes) == 1 else f"{len(notes)} notes"
        told = f"About this film: {count}" if notes else ""
        self.line.setText(told)
        self.line.setAccessibleName(told)
        # Who does not see the text below hears it with the line.
        self.line.setAccessibleDescription(" ".join(notes))
        put(self._text, "\n".join(f"\u2022 {note}" for note in notes))
        self._text.setVisible(bool(notes) and self.line.isChecked())

    def _open(self, on: bool) -> None:
        self.line.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._text.setVisible(on)
