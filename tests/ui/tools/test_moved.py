"""What is drawn moves with the film: the same picture as drawn anew there, and texts still apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui.viewer.corners import CornerContent
from cxrdesk.ui.viewer.tools.kept_picture import KeptPicture
from tests.ui.tools.conftest import Hands
from tests.ui.tools.test_labels import DRAWN


def painted(hands: Hands, ratio: float = 1.0) -> np.ndarray:
    """The marks alone, uint8 (rows, cols)."""
    view = hands.view
    image = QImage(round(view.width() * ratio), round(view.height() * ratio), QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(Qt.GlobalColor.darkGray)
    painter = QPainter(image)
    for mark in view.marks:
        painter.save()
        mark.paint(painter, view.geometry_, view.mark_style)
        painter.restore()
    painter.end()
    gray = image.convertToFormat(QImage.Format.Format_Grayscale8)
    raw = np.frombuffer(gray.constBits(), np.uint8)
    return raw.reshape(gray.height(), gray.bytesPerLine())[:, : gray.width()].copy()


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("way", [(0.0, 0.0), (13.0, -7.0), (-260.0, 40.0), (3.4, 0.7)])
def test_moved_is_as_drawn_there(hands: Hands, way: tuple[float, float], ratio: float) -> None:
    for kind, points in DRAWN:
        hands.notes.add(Annotation(kind=kind, points=points, text=""))
    hands.board.select(hands.items[0].id)
    hands.view.zoom(2)
    lines = hands.board.marks
    hands.view.set_marks(list(lines))  # without texts, which choose their places
    painted(hands, ratio)
    hands.view.pan(1, 1)
    painted(hands, ratio)  # from now on pictures are kept
    hands.view.pan(*way)
    moved = painted(hands, ratio)
    for mark in lines:
        mark._picture = KeptPicture()
    anew = painted(hands, ratio)
    assert (anew != anew[0, 0]).sum() > 500
    # A picture is laid over the film in one step more than a line is.
    assert np.abs(moved.astype(int) - anew.astype(int)).max() <= 6


def test_texts_stay_apart_while_the_film_is_moved(hands: Hands) -> None:
    view = hands.view
    for kind, points in DRAWN:
        hands.notes.add(Annotation(kind=kind, points=points))
    corners = CornerContent(
        upper_left=("Name", "Chest"), upper_right=("2024-01-01",), orientation=("L", "F"), window=True
    )
    view.set_corners(corners)
    view.zoom(3)
    moves = np.random.default_rng(3).integers(-60, 60, (40, 2)).tolist()
    screen = QRectF(view.rect())
    for dx, dy in moves:
        view.pan(dx, dy)
        view.grab()
        seen = [mark.label for mark in hands.board.marks if mark.label.intersects(screen)]
        fixed = view._painter._written
        assert not any(one.intersects(other) for one, other in combinations(seen, 2))
        assert not any(one.intersects(other) for one in seen for other in fixed)


def test_a_text_goes_along_with_what_it_tells_of(hands: Hands) -> None:
    hands.notes.add(Annotation(kind=Kind.LENGTH, points=((400.0, 400.0), (500.0, 400.0))))
    hands.view.grab()
    (mark,) = hands.board.marks
    before = QRectF(mark.label)
    hands.view.pan(20, -30)
    hands.view.grab()
    assert mark.label.topLeft() - before.topLeft() == QPointF(20, -30)


@pytest.mark.parametrize("far", [(-5000.0, 0.0), (0.0, 5000.0)])
def test_what_left_the_screen_is_not_drawn(hands: Hands, far: tuple[float, float]) -> None:
    drawn = list[object]()
    hands.notes.add(Annotation(kind=Kind.LENGTH, points=((400.0, 400.0), (500.0, 400.0))))
    (mark,) = hands.board.marks
    paint: Callable[..., None] = mark._picture.paint
    mark._picture.paint = lambda *args: (drawn.append(args), paint(*args))  # type: ignore[method-assign, assignment, func-returns-value]
    painted(hands)
    assert len(drawn) == 1
    x, y = hands.view.geometry_.center
    hands.view.geometry_ = replace(hands.view.geometry_, center=(x + far[0], y + far[1]), fitted=False)
    painted(hands)
    assert len(drawn) == 1
