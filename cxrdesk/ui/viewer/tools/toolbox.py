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
    """Gives views their board, and the one that the reader works in its tool."""

    changed = Signal(object)
    """The kind that is drawn now; None while selecting."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.kind: Kind | None = None
        self.view: FilmView | None = None
        """The view that the reader works in."""
        self._boards: dict[FilmView, Board] = {}
        self._select = SelectTool(self.board, self.edit_text)
        self._draw: DrawTool | None = None

    def board(self, view: FilmView) -> Board:
        """What is drawn in a view."""
        if view not in self._boards:
            self._boards[view] = Board(view)
        return self._boards[view]

    def work_in(self, view: FilmView) -> Board:
        """Let the reader work in a view, with the tool that is in the hand."""
        if self.view is not None and self.view is not view:
            self._put_down(self.view)
            self.board(self.view).select(None)
        self.view = view
        self._take_up(view)
        return self.board(view)

    def choose(self, kind: Kind | None) -> None:
        """Draw such annotations from now on; None selects and moves those there are."""
        if self.view is not None:
            self._put_down(self.view)
        self.kind = kind
        self._draw = DrawTool(kind, self.board, self._drawn, lambda: self.choose(None)) if kind is not None else None
        if self.view is not None:
            self._take_up(self.view)
        self.changed.emit(kind)

    def _put_down(self, view: FilmView) -> None:
        board = self.board(view)
        if self._draw is not None:
            self._draw.give_up(board)
        board.hint = ""
        board.refresh()

    def _take_up(self, view: FilmView) -> None:
        view.tool = self._draw or self._select
        board = self.board(view)
        board.hint = self._draw.hint if self._draw is not None else ""
        board.refresh()

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
