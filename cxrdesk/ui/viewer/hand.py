"""What mouse and keys do to a film: the tool first, then window, pan and zoom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from cxrdesk.ui.viewer.geometry import Point
from cxrdesk.ui.viewer.tool import Tool

if TYPE_CHECKING:
    from cxrdesk.ui.viewer.film_view import FilmView

_KEY_DRAG = 24.0
_KEY_PAN = 60.0
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Hand:
    """Holds what is going on between a press and its release."""

    def __init__(self, view: FilmView) -> None:
        self._view = view
        self._tool: Tool | None = None
        self._in_tool = self._on_line = self._space = False
        self._last: QPointF | None = None

    @property
    def tool(self) -> Tool | None:
        """What takes the left button and the keys first; None leaves them to the view."""
        return self._tool

    def take(self, tool: Tool | None) -> None:
        """Use another tool."""
        self._tool, self._in_tool = tool, False
        self._show_cursor()

    def let_go(self) -> None:
        """Another film: a drag over the one before is over."""
        self._in_tool = self._on_line = False

    def press(self, event: QMouseEvent) -> None:
        """Start a drag, the tool's or the view's."""
        view, here = self._view, event.position()
        self._on_line = view.beside is not None and view.beside.grips(here, view.geometry_.viewport)
        tool = self._tool_for(event)
        self._in_tool = tool is not None and tool.press(view, self._film_point(event), event)
        self._last = None if self._in_tool else here

    def move(self, event: QMouseEvent) -> None:
        """Left: window. Middle, or left with the space key: pan."""
        view, here = self._view, event.position()
        if self._tool is not None and view.loaded is not None and (self._in_tool or not event.buttons()):
            self._tool.move(view, self._film_point(event), event)
        if self._last is None:
            return
        delta = here - self._last
        left = bool(event.buttons() & Qt.MouseButton.LeftButton)
        if event.buttons() & Qt.MouseButton.MiddleButton or (self._space and left):
            view.pan(delta.x(), delta.y())
        elif left and self._on_line:
            view.swipe_to(here.x() / view.width())
        elif left:
            view.drag_window(delta.x(), delta.y())
        self._last = here

    def release(self, event: QMouseEvent) -> None:
        """End a drag."""
        if self._in_tool and self._tool is not None and event.button() == Qt.MouseButton.LeftButton:
            self._in_tool = False
            self._tool.release(self._view, self._film_point(event), event)
        self._last = None

    def press_twice(self, event: QMouseEvent) -> None:
        """Fit, unless the tool takes it: `event.type()` tells it from a press."""
        tool = self._tool_for(event)
        if tool is not None and tool.press(self._view, self._film_point(event), event):
            self._in_tool = True
        elif event.button() == Qt.MouseButton.LeftButton:
            self._view.fit()

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom; the point under the cursor stays."""
        if steps := event.angleDelta().y() / 120:
            self._view.zoom(steps, event.position())
        event.accept()

    def key(self, event: QKeyEvent) -> bool:
        """Arrows: other film; with shift: pan; with control: window. Space held: pan by dragging.

        Returns
        -------
        bool
            Whether the key meant something here.
        """
        view, key = self._view, Qt.Key(event.key())
        if self._tool is not None and view.loaded is not None and self._tool.key(view, event):
            return True
        if key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = True
                self._show_cursor()
            return True
        if key not in _ARROWS:
            return False
        dx, dy = _ARROWS[key]
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            view.pan(-dx * _KEY_PAN, -dy * _KEY_PAN)
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            view.drag_window(dx * _KEY_DRAG, dy * _KEY_DRAG)
        else:
            view.step_requested.emit(dx + dy)
        return True

    def let_space_go(self) -> None:
        """The space key is up again, or another widget would hear it."""
        self._space = False
        self._show_cursor()

    def _film_point(self, event: QMouseEvent) -> Point:
        return self._view.geometry_.to_film(event.position().x(), event.position().y())

    def _tool_for(self, event: QMouseEvent) -> Tool | None:
        view = self._view
        own = (
            event.button() == Qt.MouseButton.LeftButton
            and view.loaded is not None
            and not view.is_beside(event.position())
        )
        return self._tool if own and not self._space and not self._on_line else None

    def _show_cursor(self) -> None:
        if self._space:
            self._view.setCursor(Qt.CursorShape.OpenHandCursor)
        elif self._tool is not None:
            self._view.setCursor(self._tool.cursor())
        else:
            self._view.unsetCursor()
