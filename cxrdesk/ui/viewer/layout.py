"""Several films side by side: panes in rows and columns, one of which is the chosen one."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from cxrdesk.ui.theme import point_size
from cxrdesk.ui.viewer.film_view import FilmView

LAYOUTS = ((1, 1), (1, 2), (2, 2))
"""(rows, columns), in the order that the key cycles through."""


class ViewGrid(QWidget):
    """Panes that each show a film; actions are for the chosen one."""

    chosen = Signal()
    """Another pane is the chosen one."""
    display_changed = Signal()
    """Window, zoom or the pixel under the cursor, in the chosen pane."""
    step_requested = Signal(int)
    resized = Signal()
    """Any of the panes."""
    menu_requested = Signal(object, object)
    """The pane, and where in it the mouse is."""
    painted = Signal(str)
    """The key of a film that was painted for the first time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layout_ = LAYOUTS[0]
        self._all: list[FilmView] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(2)
        self.pane = self._made()
        self.arrange(*self.layout_)

    @property
    def panes(self) -> list[FilmView]:
        """The panes of the layout, from left to right and from top to bottom."""
        rows, cols = self.layout_
        return self._all[: rows * cols]

    @property
    def others(self) -> list[FilmView]:
        """All of them but the chosen one."""
        return [pane for pane in self.panes if pane is not self.pane]

    def arrange(self, rows: int, cols: int) -> None:
        """Another layout; films stay where there still is a pane for them."""
        self.layout_ = (rows, cols)
        while len(self._all) < rows * cols:
            self._made()
        for number, pane in enumerate(self._all):
            self._grid.removeWidget(pane)
            if number < rows * cols:
                self._grid.addWidget(pane, number // cols, number % cols)
            else:
                pane.clear("", "")
            pane.setVisible(number < rows * cols)
        if self.pane not in self.panes:
            self.choose(self.panes[0])
        self._mark()

    def choose(self, pane: FilmView) -> None:
        """Make a pane the one that actions are for."""
        if pane is self.pane:
            return
        tool, self.pane.tool = self.pane.tool, None
        self.pane = pane
        pane.tool = tool
        self._mark()
        self.chosen.emit()

    def restyle(self) -> None:
        """Write on the films in the size of text that is chosen now."""
        for pane in self._all:
            pane.mark_style = replace(pane.mark_style, point_size=point_size())
            pane.update()

    def _made(self) -> FilmView:
        pane = FilmView(self)
        pane.mark_style = replace(pane.mark_style, point_size=point_size())
        number = len(self._all) + 1
        if number > 1:
            pane.setAccessibleName(f"Film {number}")
            pane.clear("", "No film beside this one.\nClick here and choose one in the list.")
        pane.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        pane.customContextMenuRequested.connect(lambda at: self.menu_requested.emit(pane, at))
        pane.focused.connect(lambda: self.choose(pane))
        pane.display_changed.connect(lambda: self.display_changed.emit() if pane is self.pane else None)
        pane.resized.connect(self.resized)
        pane.step_requested.connect(self.step_requested)
        pane.painted.connect(self.painted)
        self._all.append(pane)
        return pane

    def _mark(self) -> None:
        for pane in self._all:
            pane.chosen = pane is self.pane and len(self.panes) > 1
            pane.update()
