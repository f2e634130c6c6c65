"""Which tool is in the hand, in all views at once; what the actions of the window do with it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.tools.board import Board
from cxrdesk.ui.viewer.tools.drawing import DrawTool
from cxrdesk.ui.viewer.tools.selecting import SelectTool
from cxrdesk.ui.viewer.tools.text_edit import TextEdit

_ONE_AT_A_TIME = (Kind.TEXT, Kind.CARDIOTHORACIC)


class Toolbox(QObject):
    """Gives views their tool and their board."""

    changed = Signal(object)
    """The kind that is drawn now; None while selecting."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.kind: Kind | None = None
        self._boards: dict[FilmView, Board] = {}
        self._select = SelectTool(self.board, self.edit_text)
        self._draw: DrawTool | None = None

    def attach(self, view: FilmView) -> Board:
        """Let a view be drawn in."""
        board = self._boards[view] = Board(view)
        view.tool = self._draw or self._select
        return board

    def detach(self, view: FilmView) -> None:
        """A view goes."""
        self._boards.pop(view).show(None, None)
        view.tool = None

    def board(self, view: FilmView) -> Board:
        """What is drawn in a view."""
        return self._boards[view]

    def choose(self, kind: Kind | None) -> None:
        """Draw such annotations from now on; None selects and moves those there are."""
        for board in self._boards.values():
            if self._draw is not None:
                self._draw.give_up(board)
        self.kind = kind
        self._draw = DrawTool(kind, self.board, self._drawn, lambda: self.choose(None)) if kind is not None else None
        for view, board in self._boards.items():
            view.tool = self._draw or self._select
            board.hint = self._draw.hint if self._draw is not None else ""
            board.refresh()
        self.changed.emit(kind)

    def edit_text(self, board: Board, item: Annotation) -> None:
        """Let the reader write an annotation's text; a text without words is none."""
        at = board.view.geometry_.to_screen(*item.points[0])
        TextEdit(board.view, at, item.text, partial(self._written, board, item))

    def _drawn(self, board: Board, item: Annotation) -> None:
        if item.kind is Kind.TEXT:
            self.edit_text(board, item)
        if self.kind in _ONE_AT_A_TIME:
            self.choose(None)

    def _written(self, board: Board, item: Annotation, text: str) -> None:
        text = text.strip()
        notes = board.notes
        if notes is None:
            return
        known = notes.item(item.id)
        if known is not None and not text and item.kind is Kind.TEXT:
            board.select(item.id)
            board.remove()
        elif text or known is not None:
            board.keep(replace(known or item, text=text))
