"""A tool takes the mouse and the keys first; what it leaves goes on as without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtTest import QTest

from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.geometry import Geometry, Point
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.viewer.tool import MarkStyle
from tests.ui.conftest import Seat
from tests.ui.fakes import film
from tests.ui.test_film_view import MIDDLE, drag, levels


@dataclass
class Hand:
    takes: bool = True
    heard: list[tuple[str, Any]] = field(default_factory=list)

    def press(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        self.heard.append(("press", film_point))
        return self.takes

    def move(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        self.heard.append(("move", film_point))
        return self.takes

    def release(self, view: FilmView, film_point: Point, event: QMouseEvent) -> bool:
        self.heard.append(("release", film_point))
        return self.takes

    def key(self, view: FilmView, event: QKeyEvent) -> bool:
        self.heard.append(("key", event.key()))
        return self.takes

    def cursor(self) -> Qt.CursorShape:
        return Qt.CursorShape.CrossCursor


class Spot:
    """A mark on one film pixel."""

    def __init__(self, x: float, y: float) -> None:
        self.at = (x, y)

    def paint(self, painter: QPainter, geometry: Geometry, style: MarkStyle) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("white"))
        painter.drawEllipse(QPointF(*geometry.to_screen(*self.at)), 4, 4)


@pytest.fixture
def view(seat: Seat) -> FilmView:
    seat.window.film.show_film(LoadedFilm.of("a", film()))
    return seat.window.film


def test_a_tool_has_the_drag_in_film_points(view: FilmView) -> None:
    hand = Hand()
    view.tool = hand
    assert view.cursor().shape() == Qt.CursorShape.CrossCursor
    view.geometry_ = view.geometry_.turned(90).mirrored()
    before = view.windowing
    drag(view, QPoint(300, 300), QPoint(380, 340))
    assert [what for what, _ in hand.heard] == ["press", "move", "move", "release"]
    assert hand.heard[0][1] == pytest.approx(view.geometry_.to_film(300, 300))
    assert hand.heard[-1][1] == pytest.approx(view.geometry_.to_film(380, 340))
    assert view.windowing is before
    view.tool = None
    drag(view, QPoint(300, 300), QPoint(380, 340))
    assert view.windowing is not before


def test_what_a_tool_leaves_windows_as_usual(view: FilmView) -> None:
    hand = Hand(takes=False)
    view.tool = hand
    before = view.windowing
    drag(view, QPoint(300, 300), QPoint(380, 300))
    assert view.windowing is not before
    assert [what for what, _ in hand.heard] == ["press"]  # the drag is the view's from then on
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert hand.heard[-1] == ("key", Qt.Key.Key_Right)


def test_the_other_buttons_and_the_space_key_stay_the_views(view: FilmView) -> None:
    hand = Hand()
    view.tool = hand
    view.zoom(3)
    center = view.geometry_.center
    drag(view, QPoint(300, 300), QPoint(320, 300), MIDDLE)
    assert view.geometry_.center != center
    assert not hand.heard


def test_marks_stay_on_their_film_point_and_leave_with_the_film(view: FilmView) -> None:
    plain = levels(view)
    view.set_marks([Spot(20.0, 180.0)])
    for geometry in (view.geometry_, view.geometry_.turned(90), view.geometry_.turned(90).mirrored()):
        view.geometry_ = geometry
        x, y = geometry.to_screen(20.0, 180.0)
        assert levels(view)[int(y) - 1 : int(y) + 2, int(x) - 1 : int(x) + 2].min() == 255
    view.show_film(LoadedFilm.of("b", film()))
    # A picture of the corner text, painted again, may round its seams otherwise.
    np.testing.assert_allclose(levels(view), plain.astype(int), atol=2)
