"""The tool that selects, moves and changes what is drawn; everything else it leaves to the view."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent

from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.geometry import Geometry, Point
from cxrdesk.ui.viewer.tools import forms
from cxrdesk.ui.viewer.tools.board import Board

_ARROWS = {
    Qt.Key.Key_Left: (-1.0, 0.0),
    Qt.Key.Key_Right: (1.0, 0.0),
    Qt.Key.Key_Up: (0.0, -1.0),
    Qt.Key.Key_Down: (0.0, 1.0),
}
_FAST = 10.0
_STILL = 3.0
"""Screen pixels under which a press is a click and moves nothing."""


class SelectTool:
    """Takes presses on annotations, and keys while one is selected.

    Parameters
    ----------
    board : callable
        The board of a view.
    edit_text : callable
        Opens the text of an annotation for writing.
    """

    def __init__(self, board: Callable[[FilmView], Board], edit_text: Callable[[Board, Annotation], None]) -> None:
        self._board, self._edit_text = board, edit_text
        self._item: Annotation | None = None
        self._handle: int | None = None
        self._part: tuple[int, ...] = ()
        self._start: Point = (0.0, 0.0)
        self._pressed: Point = (0.0, 0.0)
        self._moved = False

    def press(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        """Select what lies under the mouse and take hold of it; the ground is the view's."""
        board = self._board(view)
        at = (event.position().x(), event.position().y())
        found = board.at(at)
        if found is None:
            board.select(None)
            return False
        mark, handle, line = found
        item = mark.annotation
        if event.type() == event.Type.MouseButtonDblClick and item.kind in (Kind.TEXT, Kind.ARROW):
            self._item = None
            self._edit_text(board, item)
            return True
        fresh = board.selected != item.id
        if fresh and handle is None and item.kind is not Kind.TEXT and mark.label_at(at, view.geometry_):
            # Texts are wide and lie over the film: a drag that begins on one is meant for the window.
            self._item = None
            board.select(item.id)
            return False
        self._item, self._handle, self._moved = item, handle, False
        self._part = () if line is None else forms.part(item, line)
        self._start, self._pressed = film_point, at
        board.select(item.id, handle)
        view.setCursor(Qt.CursorShape.ClosedHandCursor)
        return True

    def move(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        """Move what is held; without a button show what could be taken hold of."""
        board, at = self._board(view), (event.position().x(), event.position().y())
        if not event.buttons() & Qt.MouseButton.LeftButton or self._item is None:
            found = board.at(at)
            shape = Qt.CursorShape.ArrowCursor
            if found is not None:
                shape = Qt.CursorShape.OpenHandCursor if found[1] is None else Qt.CursorShape.CrossCursor
            view.setCursor(shape)
            return False
        still = max(abs(at[0] - self._pressed[0]), abs(at[1] - self._pressed[1])) < _STILL
        if self._moved or not still:
            self._moved = True
            board.hold(self._changed(view.geometry_, film_point, event))
        return True

    def release(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        """Let go: one step of the undo stack."""
        board, item = self._board(view), self._item
        if item is not None and self._moved:
            board.keep(self._changed(view.geometry_, film_point, event))
        self._item = None
        view.setCursor(Qt.CursorShape.OpenHandCursor)
        return True

    def _changed(self, geometry: Geometry, film_point: Point, event: QMouseEvent) -> Annotation:
        item = self._item
        assert item is not None
        if self._handle is None:
            step = film_point[0] - self._start[0], film_point[1] - self._start[1]
            return item.moved(*step, geometry.film, self._part)
        point = film_point
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and item.kind not in (Kind.CARDIOTHORACIC, Kind.TEXT):
            point = forms.straightened(item.kind, _opposite(item, self._handle), point, geometry)
        # From where it was taken: the handle does not jump to the mouse.
        taken = forms.handles(item)[self._handle]
        if point is film_point:
            point = (taken[0] + point[0] - self._start[0], taken[1] + point[1] - self._start[1])
        return forms.with_handle(item, self._handle, forms.on_film(point, geometry.film))

    def key(self, view: FilmView, event: QKeyEvent) -> bool:
        """Arrows nudge, Enter takes the next handle, comma and full stop the next annotation, Escape lets go."""
        board = self._board(view)
        key, shift = Qt.Key(event.key()), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_Period, Qt.Key.Key_Comma):
            board.step(1 if key == Qt.Key.Key_Period else -1)
            return bool(board.items)
        item = board.chosen
        if item is None:
            return False
        if key in _ARROWS and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            board.keep(_nudged(item, board.handle, _ARROWS[key], _FAST if shift else 1.0, view.geometry_), nudge=True)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            board.step_handle(-1 if shift else 1)
        elif key == Qt.Key.Key_F2:
            self._edit_text(board, item)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            board.remove()
        elif key == Qt.Key.Key_Escape:
            board.hold(None)
            board.select(item.id if board.handle is not None else None)
        else:
            return False
        return True

    def cursor(self) -> Qt.CursorShape:
        """As without a tool."""
        return Qt.CursorShape.ArrowCursor


def _opposite(item: Annotation, handle: int) -> Point:
    """What stays in place while a handle is dragged."""
    points = forms.handles(item)
    if item.kind in forms.REGIONS:
        return points[(handle + 4) % len(points)]
    return points[1] if handle != 1 else points[0]


def _nudged(
    item: Annotation, handle: int | None, way: tuple[float, float], pixels: float, geometry: Geometry
) -> Annotation:
    """One film pixel in a direction of the screen, however the film is turned."""
    (x0, y0), (x1, y1) = geometry.to_film(0.0, 0.0), geometry.to_film(*way)
    dx, dy = x1 - x0, y1 - y0
    # A quarter turn swaps the axes: only one of them is not zero, and its size goes with the zoom.
    dx, dy = (
        (pixels * (dx > 0) - pixels * (dx < 0), 0.0) if abs(dx) > abs(dy) else (0.0, pixels * (1 if dy > 0 else -1))
    )
    if handle is None:
        return item.moved(dx, dy, geometry.film)
    x, y = forms.handles(item)[handle]
    return forms.with_handle(item, handle, forms.on_film((x + dx, y + dy), geometry.film))
