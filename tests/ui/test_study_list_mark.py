"""The row that is highlighted is the film on the screen, whatever moves under the mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui.panels.study_list import _KEY
from tests.ui.conftest import Seat
from tests.ui.test_patient_in_sight import many

__all__ = ["many"]


@pytest.fixture
def desk(seat: Seat, many: list[Path]) -> Seat:
    """Films in a list longer than its room; the first of them has a measurement."""
    seat.window.resize(1366, 768)
    seat.open(*many)
    seat.qtbot.waitUntil(lambda: seat.window.measuring.panel is not None and seat.reading.shown is not None)
    board = seat.window.measuring.board
    assert board is not None
    seat.qtbot.waitUntil(lambda: board.notes is not None)
    for number in range(6):
        board.keep(Annotation(kind=Kind.LENGTH, points=((10.0, 10.0 + number), (90.0, 20.0))))
    seat.qtbot.waitUntil(lambda: seat.window.measuring.panel.isVisible())
    QTest.qWait(50)
    return seat


def marked(seat: Seat) -> list[str]:
    return [index.data(_KEY) for index in seat.window.studies.view.selectedIndexes()]


def row_of(seat: Seat, key: str) -> QPoint:
    """Where a film's row is in the list's viewport."""
    studies = seat.window.studies
    model = studies._model
    index = next(i for r in range(model.rowCount()) if (i := model.index(r, 0)).data(_KEY) == key)
    return studies.view.visualRect(index).center()


def on_screen(seat: Seat) -> str:
    assert seat.reading.state is not None
    return seat.reading.state.key


@pytest.mark.parametrize("way", [-40, 0, 3, 60])
def test_rows_that_move_under_the_mouse_change_nothing(desk: Seat, way: int) -> None:
    studies = desk.window.studies
    view, viewport = studies.view, studies.view.viewport()
    bar = view.verticalScrollBar()
    assert bar.maximum() > 0
    keys = studies.keys()
    for scroll, share in ((0, 0.5), (1, 0.3), (1, 0.8)):
        desk.reading.show(keys[0])
        desk.qtbot.waitUntil(lambda: desk.reading.shown is not None and desk.window.measuring.panel.isVisible())
        QTest.qWait(30)
        bar.setValue(round(scroll * bar.maximum()))
        seen = [key for key in keys[1:] if viewport.rect().contains(row_of(desk, key))]
        wanted = seen[int(share * (len(seen) - 1))]
        at = row_of(desk, wanted)
        QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at)
        QTest.qWait(60)  # the panel below goes, rows move
        to = QPointF(at + QPoint(0, way))
        held = QMouseEvent(
            QEvent.Type.MouseMove,
            to,
            QPointF(viewport.mapToGlobal(to.toPoint())),
            Qt.MouseButton.NoButton,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(viewport, held)
        QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=to.toPoint())
        QTest.qWait(30)
        assert not desk.window.measuring.panel.isVisible()
        assert on_screen(desk) == wanted
        assert marked(desk) == [wanted]


def test_keys_and_control_clicks_keep_the_mark_on_the_film(desk: Seat) -> None:
    view = desk.window.studies.view
    view.setFocus()
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_End, Qt.Key.Key_Up, Qt.Key.Key_Home):
        QTest.keyClick(view, key)
        assert marked(desk) == [on_screen(desk)]
    for modifier in (Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier):
        for place in (0, 0, 2):
            key_ = desk.window.studies.keys()[place]
            QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, modifier, row_of(desk, key_))
            assert marked(desk) == [on_screen(desk)] == [key_]
    QTest.keyClick(view, Qt.Key.Key_Space, Qt.KeyboardModifier.ControlModifier)
    assert marked(desk) == [on_screen(desk)]
