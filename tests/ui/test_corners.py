"""Corners say what was chosen, and left and right follow every turn and flip."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from cxrdesk.imaging.presentation import Presentation
from cxrdesk.studies.settings import CORNER_TEXTS, Settings
from cxrdesk.ui.corner_words import ITEMS, corner_content
from cxrdesk.ui.naming import Naming
from cxrdesk.ui.viewer import corners
from cxrdesk.ui.viewer.corners import CornerContent, draw_corners, live_lines, live_rect, marker_places
from cxrdesk.ui.viewer.geometry import Geometry
from tests.ui.conftest import Seat
from tests.ui.fakes import film

GEOMETRY = Geometry(film=(400, 300), viewport=(600.0, 500.0)).fit()
PA = ("L", "F")
"""Rows of a frontal film lead to the patient's left, columns to the feet."""


def sides(geometry: Geometry, orientation: tuple[str, str] = PA) -> dict[str, str]:
    """Letters by the edge that they stand at."""
    width, height = geometry.viewport
    found = {}
    for letters, rect in marker_places(CornerContent(orientation=orientation), geometry):
        assert QRectF(0, 0, width, height).contains(rect)
        x, y = rect.center().x() / width, rect.center().y() / height
        edge = "left" if x < 0.2 else "right" if x > 0.8 else "top" if y < 0.2 else "bottom"
        found[edge] = letters
    return found


@pytest.mark.parametrize(
    ("rotation", "flipped", "expected"),
    [
        (0, False, {"left": "R", "right": "L", "top": "H", "bottom": "F"}),
        (0, True, {"left": "L", "right": "R", "top": "H", "bottom": "F"}),
        (90, False, {"left": "F", "right": "H", "top": "R", "bottom": "L"}),  # clockwise: the head goes right
        (180, False, {"left": "L", "right": "R", "top": "F", "bottom": "H"}),
        (270, False, {"left": "H", "right": "F", "top": "L", "bottom": "R"}),
        (90, True, {"left": "H", "right": "F", "top": "R", "bottom": "L"}),
    ],
)
def test_markers_follow(qapp: QApplication, rotation: int, flipped: bool, expected: dict[str, str]) -> None:
    assert sides(replace(GEOMETRY, rotation=rotation, flipped=flipped).fit()) == expected


def test_oblique_letters_and_none(qapp: QApplication) -> None:
    assert sides(GEOMETRY, ("LA", "F")) == {"left": "RP", "right": "LA", "top": "H", "bottom": "F"}
    assert marker_places(CornerContent(), GEOMETRY) == []  # never guessed


def test_a_turned_film_says_so_whatever_is_chosen() -> None:
    turned = replace(GEOMETRY, rotation=90, flipped=True)
    assert live_lines(CornerContent(), "W", "Z", turned) == ["Turned by 90°", "Flipped left to right"]
    assert live_lines(CornerContent(window=True, zoom=True), "W", "Z", GEOMETRY) == ["W", "Z"]
    narrow = replace(GEOMETRY, viewport=(200.0, 300.0))
    assert live_lines(CornerContent(window=True, zoom=True), "W", "Z", narrow) == []


def test_texts_stand_in_the_viewport_and_not_on_each_other(qapp: QApplication) -> None:
    content = CornerContent(
        upper_left=("A very long name " * 9, "b"), upper_right=("c " * 200, "d"), badge="Phantom",
        window=True, zoom=True, orientation=PA,
    )  # fmt: skip
    for viewport in ((340.0, 300.0), (760.0, 680.0), (1900.0, 1000.0)):
        geometry = replace(GEOMETRY, viewport=viewport).fit()
        image = QImage(int(viewport[0]), int(viewport[1]), QImage.Format.Format_RGB32)
        painter = QPainter(image)
        taken = draw_corners(painter, content, geometry, film(spacing_source="calibrated"))
        painter.end()
        taken.append(live_rect(content, geometry, 4))
        assert len(taken) == 9
        for number, rect in enumerate(taken):
            assert QRectF(0, 0, *viewport).contains(rect), (viewport, number)
            assert not any(rect.intersects(other) for other in taken[number + 1 :]), (viewport, number)


def test_where_the_right_has_no_room_its_first_line_moves_to_the_left(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two panes beside each other are told apart by their dates."""
    written: list[str] = []
    monkeypatch.setattr(corners, "write", lambda painter, lines, *_, **__: written.extend(lines))
    content = CornerContent(upper_left=("Jane Doe",), upper_right=("2024-03-11", "CR"))
    for width, expected in ((300, ["Jane Doe", "2024-03-11"]), (760, ["Jane Doe", "2024-03-11", "CR"])):
        written.clear()
        image = QImage(width, 300, QImage.Format.Format_RGB32)
        painter = QPainter(image)
        draw_corners(painter, content, replace(GEOMETRY, viewport=(float(width), 300.0)).fit(), None)
        painter.end()
        assert written == expected


def test_what_is_chosen_is_what_stands(seat: Seat, adult_film: Path) -> None:
    state = seat.open(adult_film)
    naming = Naming([state], masked=False)
    radiograph = seat.reading.shown.radiograph  # type: ignore[union-attr]
    shown = Presentation(orientation=PA, laterality="R")

    def content(*wanted: str) -> CornerContent:
        return corner_content(state, radiograph, shown, Settings(corner_texts=wanted), naming)

    assert content() == CornerContent(scale=False, badge="Phantom: simulated film")  # a phantom always says so
    assert content("name").upper_left == ("Phantom Adult",)
    assert content("patient_id", "name").upper_left == ("Phantom Adult", "PHANTOM-ADULT")
    assert content("laterality", "modality").upper_right == ("CR", "Right side")
    assert content("markers").orientation == PA
    assert content("of a newer version") == content()
    assert content(*ITEMS).window
    assert set(CORNER_TEXTS) <= set(ITEMS)


def test_other_texts_at_once_in_every_pane(seat: Seat, adult_film: Path, child_film: Path) -> None:
    seat.open(adult_film, child_film)
    seat.window.edit(corner_texts=("age",))
    assert seat.window.film.corners.upper_left == ("54 years",)
    assert not seat.window.film.corners.scale
