"""Room for what is read: films alone, lists beside panels, rows as high as their text."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui import theme
from cxrdesk.ui.panels.measure_panel import MeasurePanel
from tests.ui.conftest import Seat


@pytest.fixture(autouse=True)
def _plain_afterwards(qapp: QApplication) -> Iterator[None]:
    yield
    theme.apply(qapp, "dark")


def measured(seat: Seat, film: Path, folder: Path) -> MeasurePanel:
    """A film with some annotations, and the list of them."""
    seat.open(Path(shutil.copy(film, folder / film.name)))
    window = seat.window
    window.measuring.choose("select")
    board = window.measuring.board
    assert board is not None
    for kind, points in (
        (Kind.CARDIOTHORACIC, ((80.0, 90.0), (160.0, 90.0), (30.0, 110.0), (200.0, 110.0))),
        (Kind.ELLIPSE, ((40.0, 60.0), (100.0, 140.0))),
        (Kind.LENGTH, ((40.0, 60.0), (100.0, 140.0))),
    ):
        board.keep(Annotation(kind=kind, points=points))
    seat.settle()
    assert window.measuring.panel is not None
    return window.measuring.panel


@pytest.mark.parametrize("text_size", ["normal", "large", "largest"])
def test_rows_of_measurements_are_as_high_as_their_text(
    make_seat: Callable[..., Seat], child_film: Path, tmp_path: Path, text_size: str
) -> None:
    rows = measured(make_seat(text_size=text_size), child_film, tmp_path).list
    for number in range(rows.count()):
        place = rows.visualItemRect(rows.item(number))
        area = QRect(0, 0, place.width() - 6, 10_000)
        needed = rows.fontMetrics().boundingRect(area, int(Qt.TextFlag.TextWordWrap), rows.item(number).text())
        assert place.height() >= needed.height(), rows.item(number).text()


def test_the_window_panel_leaves_the_list_of_studies_its_room(seat: Seat, child_film: Path, tmp_path: Path) -> None:
    panel = measured(seat, child_film, tmp_path)
    seat.window.action("window_panel").trigger()
    seat.settle()
    assert seat.window.studies.view.height() >= 120
    assert panel.isVisible()


def test_films_alone_and_back(seat: Seat, child_film: Path) -> None:
    seat.open(child_film)
    window = seat.window
    before = window.film.width()
    QTest.keyClick(window.film, Qt.Key.Key_F11)
    seat.settle()
    assert window.film.width() > 0.98 * window.width()
    assert window.status.disclaimer.isVisible()
    window.action("focus_findings").trigger()
    seat.settle()
    assert not window.action("alone").isChecked()
    assert window.film.width() == before


@pytest.mark.parametrize("text_size", ["normal", "large", "largest"])
@pytest.mark.parametrize("panel_first", [False, True])
def test_no_panel_makes_the_window_higher(
    make_seat: Callable[..., Seat], child_film: Path, tmp_path: Path, text_size: str, panel_first: bool
) -> None:
    seat = make_seat(text_size=text_size)
    window, panels = seat.window, seat.window.action("window_panel")
    if panel_first:
        panels.trigger()
    measures = measured(seat, child_film, tmp_path)
    seat.settle()
    before = window.side.sizes()
    if not panel_first:
        panels.trigger()
    panel, board = window.windows.panel, window.measuring.board
    assert panel is not None
    assert board is not None
    panel.show_states(["1 · BONES · 2024-02-29 13:05 · Jane Doe"], "")
    board.select(board.items[0].id)  # which has a long note
    seat.settle()
    assert (window.width(), window.height()) == (1366, 768)
    assert window.minimumSizeHint().height() <= 680  # a title and a task bar take theirs of 768
    assert window.rect().contains(window.status.disclaimer.mapTo(window, window.status.disclaimer.rect().bottomRight()))
    studies = window.studies.view
    assert studies.viewport().rect().contains(studies.visualRect(studies.currentIndex()))
    for shown in (panel, measures.list):
        assert shown.visibleRegion().boundingRect().height() >= 60
    # What does not fit can be scrolled to.
    area = window.windows.area
    assert area is not None
    area.ensureWidgetVisible(panel.tables["presentation"])
    assert not panel.tables["presentation"].visibleRegion().isEmpty()
    board.select(None)
    panels.trigger()
    seat.settle()
    assert (window.width(), window.height()) == (1366, 768)
    if not panel_first:
        assert [size for size in window.side.sizes() if size] == [size for size in before if size]
