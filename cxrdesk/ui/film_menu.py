"""The menu of the film, under the right button and the menu key: rows of the one table of actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from cxrdesk.ui.actions import ACTIONS
from cxrdesk.ui.viewer.film_view import FilmView

if TYPE_CHECKING:  # the window imports this
    from cxrdesk.ui.main_window import MainWindow

_DRAWN = ("edit_text", "delete")
_ROWS: tuple[tuple[str, ...] | str, ...] = (
    ("fit", "actual", "magnify"),
    "&Window",
    ("invert", "reset"),
    "&Layout",
    "M&easure",
    ("turn_left", "turn_right", "mirror", "upright"),
    ("mask", "saliency"),
    ("copy", "export", "print", "header"),
)
"""Actions by name, or a whole menu of the table."""


def film_menu(parent: QWidget, actions: Mapping[str, QAction], *, drawn: bool) -> QMenu:
    """A new menu, which goes when it is closed.

    Parameters
    ----------
    drawn : bool
        Whether it is about a drawing, which can be edited and deleted.
    """
    menu = QMenu(parent)
    menu.setAccessibleName("Film")
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for rows in (*((_DRAWN,) if drawn else ()), *_ROWS):
        if isinstance(rows, str):
            part = menu.addMenu(rows)
            for spec in ACTIONS:
                if spec.menu == rows:
                    if spec.apart and part.actions():
                        part.addSeparator()
                    part.addAction(actions[spec.key])
        else:
            if menu.actions():
                menu.addSeparator()
            menu.addActions([actions[key] for key in rows])
    return menu


def open_film_menu(window: MainWindow, pane: FilmView, at: QPoint | None = None) -> QMenu | None:
    """Open it for a pane's film; where there is none there is nothing to do.

    Parameters
    ----------
    at : QPoint or None
        Where the mouse is in the pane: what is drawn there is selected. None for the keyboard: it is about what is
        selected already.
    """
    window.grid.choose(pane)
    if pane.loaded is None:
        return None
    board = window.measuring.board
    drawn = board is not None and board.chosen is not None
    if board is not None and at is not None:
        found = board.at((float(at.x()), float(at.y())))
        drawn = found is not None
        if found is not None:
            board.select(found[0].annotation.id)
    if at is None:
        mark = next((mark for mark in board.marks if mark.selected), None) if board is not None else None
        at = mark.area(pane.geometry_).center().toPoint() if mark is not None else pane.rect().center()
        at = QPoint(min(max(at.x(), 0), pane.width()), min(max(at.y(), 0), pane.height()))
    menu = film_menu(window, window.actions_, drawn=drawn)
    menu.popup(pane.mapToGlobal(at))
    return menu
