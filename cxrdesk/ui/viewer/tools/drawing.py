"""The tools that draw: by dragging, by clicking from point to point, or by keys."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent

from cxrdesk.studies.annotations import POINTS, Annotation, Kind, Origin
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.geometry import Geometry, Point
from cxrdesk.ui.viewer.tools import forms
from cxrdesk.ui.viewer.tools.board import Board

_STILL = 4.0
"""Screen pixels under which a press and its release are a click: the line follows the mouse to the next one."""
_KEYS = "Enter: one in the middle. Esc: done."
MEASURES = frozenset(Kind) - {Kind.ARROW, Kind.TEXT}
"""Kinds with values, which hold only for a place that a reader chose."""
HINTS = {
    Kind.LENGTH: (f"Length: drag, or click, from end to end. {_KEYS}",),
    Kind.ANGLE: (f"Angle: drag along one arm to the vertex. {_KEYS}", "", "Angle: click at the end of the other arm."),
    Kind.ELLIPSE: (f"Ellipse: drag from corner to corner; with shift a circle. {_KEYS}",),
    Kind.RECTANGLE: (f"Rectangle: drag from corner to corner; with shift a square. {_KEYS}",),
    Kind.ARROW: (f"Arrow: drag to what it points at. {_KEYS}",),
    Kind.TEXT: (f"Text: click where it is to stand. {_KEYS}",),
    Kind.CARDIOTHORACIC: (
        f"Cardiothoracic ratio: drag across the heart, from border to border. {_KEYS}",
        "",
        "Now drag across the chest, between the inner borders of the ribs where it is widest.",
    ),
}


class DrawTool:
    """Draws one kind of annotation after another.

    Parameters
    ----------
    kind : Kind
    board : callable
        The board of a view.
    drawn : callable
        Told the board and what was drawn.
    ended : callable
        Called when the reader has drawn enough.
    """

    def __init__(
        self,
        kind: Kind,
        board: Callable[[FilmView], Board],
        drawn: Callable[[Board, Annotation], None],
        ended: Callable[[], None],
    ) -> None:
        self.kind = kind
        self._board, self._drawn, self._ended = board, drawn, ended
        self._forget()

    def _forget(self) -> None:
        self._fixed: list[Point] = []
        self._live: Point | None = None
        self._fresh = False
        self._pressed: Point = (0.0, 0.0)

    @property
    def hint(self) -> str:
        """What to do next."""
        hints = HINTS[self.kind]
        place = min(len(self._fixed), len(hints) - 1)
        return hints[place] or hints[0]

    def press(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        """The first point of a line, or the next one."""
        board, point = self._board(view), forms.on_film(film_point, view.geometry_.film)
        self._pressed = (event.position().x(), event.position().y())
        if self._live is None:
            self._fixed.append(point)
            self._fresh = True
            board.select(None)
        else:
            self._fresh = False
        self._live = self._point(view.geometry_, film_point, event)
        self._show(board, view.geometry_)
        return True

    def move(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        """The line follows the mouse."""
        if self._live is None:
            return False
        self._live = self._point(view.geometry_, film_point, event)
        self._show(self._board(view), view.geometry_)
        return True

    def release(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        """A drag ends a line; a click lets it follow the mouse."""
        if self._live is None:
            return True
        at = (event.position().x(), event.position().y())
        needed = POINTS[self.kind]
        if self._fresh and needed > 1 and math.dist(at, self._pressed) < _STILL:
            return True
        board = self._board(view)
        if needed > 1:
            self._fixed.append(self._point(view.geometry_, film_point, event))
        if len(self._fixed) == needed:
            self._finish(board, view.geometry_)
        elif self.kind is Kind.CARDIOTHORACIC:
            self._live = None  # the chest's line starts elsewhere
            self._show(board, view.geometry_)
        else:
            self._live = self._fixed[-1]
            self._show(board, view.geometry_)
        return True

    def key(self, view: FilmView, event: QKeyEvent) -> bool:
        """Enter draws in the middle of the screen; Escape gives up the one being drawn, then the tool."""
        board = self._board(view)
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._forget()
            origin: Origin = "default" if self.kind in MEASURES else "reader"
            points = forms.default_points(self.kind, view.geometry_)
            self._ended()
            self._keep(board, Annotation(kind=self.kind, points=points, origin=origin))
            if POINTS[self.kind] > 1:
                board.step_handle(1)
            return True
        if key == Qt.Key.Key_Escape:
            drawing = bool(self._fixed)
            self.give_up(board)
            if not drawing:
                self._ended()
            return True
        return False

    def give_up(self, board: Board) -> None:
        """Forget what is being drawn."""
        self._forget()
        board.hint = self.hint
        board.hold(None)

    def cursor(self) -> Qt.CursorShape:
        """A cross."""
        return Qt.CursorShape.CrossCursor

    def _point(self, geometry: Geometry, film_point: Point, event: QMouseEvent) -> Point:
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and self._fixed and POINTS[self.kind] > 1:
            film_point = forms.straightened(self.kind, self._fixed[-1], film_point, geometry)
        return forms.on_film(film_point, geometry.film)

    def _draft(self) -> Annotation:
        """What is drawn so far, with the points to come where the last one is."""
        points = [*self._fixed, *([self._live] if self._live is not None else [])]
        needed = POINTS[self.kind]
        points = (points + [points[-1]] * needed)[:needed]
        return Annotation(id="draft", kind=self.kind, points=tuple(points))

    def _show(self, board: Board, geometry: Geometry) -> None:
        board.hint = self.hint
        board.hold(self._draft())

    def _finish(self, board: Board, geometry: Geometry) -> None:
        item = Annotation(kind=self.kind, points=tuple(self._fixed))
        self._forget()
        board.hint = self.hint
        screen = [geometry.to_screen(*point) for point in item.points]
        # Two clicks at one place draw nothing.
        if len(screen) > 1 and any(math.dist(a, b) < 2 for a, b in pairwise(screen)):
            board.hold(None)
            return
        self._keep(board, item)

    def _keep(self, board: Board, item: Annotation) -> None:
        if self.kind is Kind.TEXT:
            board.hold(None)  # it is kept once it says something
        else:
            board.keep(item)
        self._drawn(board, item)
