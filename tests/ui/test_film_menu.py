"""The menu of the film: about the film that was clicked, what is drawn there, and by key."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from cxrdesk.imaging.resources import resource
from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui.actions import ACTIONS
from cxrdesk.ui.viewer.film_view import FilmView
from tests.ui.conftest import Seat


@pytest.fixture
def desk(seat: Seat, tmp_path: Path) -> Iterator[Seat]:
    sources = resource("samples/adult").glob("*.dcm")
    seat.open(*(Path(shutil.copy(source, tmp_path / f"{number}.dcm")) for number, source in enumerate(sources)))
    seat.settle()
    yield seat
    for menu in menus(seat):
        menu.close()


def menus(seat: Seat) -> list[QMenu]:
    """Those of the film that are open."""
    return [menu for menu in seat.window.findChildren(QMenu) if menu.isVisible() and menu.accessibleName() == "Film"]


def right_click(view: FilmView, at: QPoint) -> None:
    QTest.mouseClick(view, Qt.MouseButton.RightButton, pos=at)
    QApplication.sendEvent(view, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, view.mapToGlobal(at)))


def names(menu: QMenu) -> list[str]:
    """Of all its actions and its parts'."""
    found = []
    for action in menu.actions():
        part = action.menu()
        found += names(part) if isinstance(part, QMenu) else [action.text()] if action.text() else []
    return found


def test_it_is_made_of_the_table(desk: Seat) -> None:
    right_click(desk.window.film, QPoint(200, 300))
    (menu,) = menus(desk)
    table = {spec.text for spec in ACTIONS}
    told = names(menu)
    assert set(told) <= table
    assert len(set(told)) == len(told)
    for spec in ACTIONS:
        wanted = spec.menu in ("&Window", "&Layout") or spec.key in ("invert", "turn_left", "copy", "export", "length")
        assert not wanted or spec.text in told, spec.key


def test_an_action_of_it_is_done(desk: Seat) -> None:
    right_click(desk.window.film, QPoint(200, 300))
    (menu,) = menus(desk)
    next(action for action in menu.actions() if action.text() == "In&vert").trigger()
    assert desk.window.film.inverted


def test_it_edits_and_deletes_what_is_under_the_mouse(desk: Seat) -> None:
    window = desk.window
    window.measuring._begin()
    board = window.measuring.board
    assert board is not None
    for y in (200.0, 400.0):
        board.keep(Annotation(kind=Kind.LENGTH, points=((100.0, y), (300.0, y))))
    first, second = board.items
    assert board.selected == second.id
    x, y = window.film.geometry_.to_screen(200.0, 200.0)
    right_click(window.film, QPoint(round(x), round(y)))
    (menu,) = menus(desk)
    assert board.selected == first.id
    assert names(menu)[:2] == ["Edi&t text of the selected one…", "De&lete the selected one"]
    menu.actions()[1].trigger()
    assert board.items == [second]
    menu.close()
    right_click(window.film, QPoint(5, 300))
    assert "De&lete the selected one" not in [action.text() for action in menus(desk)[-1].actions()]


def test_the_menu_key_is_about_what_is_selected(desk: Seat) -> None:
    window = desk.window
    window.measuring._begin()
    board = window.measuring.board
    assert board is not None
    board.keep(Annotation(kind=Kind.LENGTH, points=((100.0, 200.0), (300.0, 200.0))))
    QTest.keyClick(window.film, Qt.Key.Key_Menu)
    (menu,) = menus(desk)
    assert menu.actions()[0].text() == "Edi&t text of the selected one…"


def test_it_is_the_clicked_panes(desk: Seat) -> None:
    window = desk.window
    window.action("layout_two").trigger()
    desk.qtbot.waitUntil(lambda: all(pane.loaded is not None for pane in window.grid.panes))
    right = window.grid.panes[1]
    right_click(right, QPoint(50, 300))
    assert window.film is right
    assert len(menus(desk)) == 1


def test_without_a_film_there_is_none(seat: Seat) -> None:
    right_click(seat.window.film, QPoint(50, 300))
    assert menus(seat) == []
