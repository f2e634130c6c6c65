"""Texts on the film: as large at any zoom, on the screen, not over each other, and where they can be taken hold of."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from cxrdesk.studies.annotations import Annotation, Kind
from tests.ui.tools.conftest import Hands

DRAWN = (
    (Kind.LENGTH, ((200.0, 300.0), (400.0, 420.0))),
    (Kind.LENGTH, ((210.0, 320.0), (410.0, 440.0))),
    (Kind.ANGLE, ((500.0, 200.0), (600.0, 300.0), (500.0, 420.0))),
    (Kind.ELLIPSE, ((600.0, 500.0), (700.0, 640.0))),
    (Kind.RECTANGLE, ((300.0, 520.0), (380.0, 600.0))),
    (Kind.CARDIOTHORACIC, ((350.0, 650.0), (560.0, 660.0), (200.0, 720.0), (720.0, 720.0))),
)


@pytest.fixture
def full(hands: Hands) -> Hands:
    for kind, points in DRAWN:
        hands.notes.add(Annotation(kind=kind, points=points))
    return hands


def labels(hands: Hands) -> list[QRectF]:
    hands.view.grab()
    return [mark.label for mark in hands.board._marks]


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flipped", [False, True])
def test_no_text_lies_over_another_or_beyond_the_screen(full: Hands, rotation: int, flipped: bool) -> None:
    full.view.geometry_ = replace(full.view.geometry_, rotation=rotation, flipped=flipped).fit()
    found = labels(full)
    assert len(found) == len(DRAWN)
    for one, other in combinations(found, 2):
        assert not one.intersects(other)
    assert all(full.view.rect().toRectF().contains(rect) for rect in found)


def test_texts_are_as_large_at_any_zoom(full: Hands) -> None:
    sizes = []
    for scale in (0.1, 0.5, 20.0):
        full.view.geometry_ = replace(full.view.geometry_, scale=scale, center=(400.0, 420.0), fitted=False)
        sizes.append([(round(rect.width()), round(rect.height())) for rect in labels(full)])
    assert sizes[0] == sizes[1] == sizes[2]


def test_what_is_far_off_the_screen_tells_nothing_on_it(full: Hands) -> None:
    full.view.geometry_ = replace(full.view.geometry_, scale=30.0, center=(10.0, 10.0), fitted=False)
    assert not any(full.view.rect().toRectF().intersects(rect) for rect in labels(full))


def test_marks_are_drawn_in_the_painters_own_coordinates(full: Hands) -> None:
    """For prints: the same picture four times as large is the same picture."""
    small, large = (QImage(800 * k, 600 * k, QImage.Format.Format_Grayscale8) for k in (1, 4))
    for image, k in ((small, 1), (large, 4)):
        image.fill(Qt.GlobalColor.black)
        painter = QPainter(image)
        painter.scale(k, k)
        for mark in full.view.marks:
            painter.save()
            mark.paint(painter, full.view.geometry_, full.view.mark_style)
            painter.restore()
        painter.end()
    shrunk = large.scaled(800, 600, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation)
    differing = sum(
        abs(small.pixelColor(x, y).lightness() - shrunk.pixelColor(x, y).lightness()) > 128
        for x in range(0, 800, 2)
        for y in range(0, 600, 2)
    )
    assert differing < 120


def test_lines_are_drawn_where_they_are_to_a_pixel(hands: Hands) -> None:
    hands.view.geometry_ = replace(hands.view.geometry_, scale=2.0, center=(400.0, 300.0), fitted=False)
    hands.notes.add(Annotation(kind=Kind.LENGTH, points=((350.0, 300.0), (450.0, 300.0))))
    hands.board.select(None)
    image = QImage(800, 600, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    hands.view.marks[0].paint(painter, hands.view.geometry_, hands.view.mark_style)
    painter.end()
    x0, y0 = hands.view.geometry_.to_screen(350.0, 300.0)
    bright = [y for y in range(600) if image.pixelColor(int(x0) + 50, y).lightness() > 60]
    assert min(bright) >= y0 - 2
    assert max(bright) <= y0 + 1
    columns = [x for x in range(800) if image.pixelColor(x, int(y0)).lightness() > 60]
    assert (min(columns), max(columns)) == (pytest.approx(x0, abs=2), pytest.approx(x0 + 200, abs=2))


def test_prints_show_no_trace_of_the_hand(full: Hands) -> None:
    pictures = []
    for selected, kind in ((None, None), (full.items[0].id, Kind.LENGTH)):
        full.choose(kind)
        full.board.select(selected, 0 if selected else None)
        image = QImage(800, 600, QImage.Format.Format_RGB32)
        image.fill(Qt.GlobalColor.black)
        painter = QPainter(image)
        for mark in full.view.marks:
            mark.paint(painter, full.view.geometry_, replace(full.view.mark_style, kept=True))
        painter.end()
        pictures.append(image)
    plain, in_hand = pictures
    brightest = [max(i.pixelColor(x, y).blue() for x in range(0, 800, 2) for y in range(0, 600, 2)) for i in pictures]
    assert brightest[1] <= brightest[0]  # nothing is white: that is the selection's colour
    assert in_hand.pixelColor(400, 585) == plain.pixelColor(400, 585)  # where the hint stands on the screen
