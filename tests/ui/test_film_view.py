"""Mouse and keys on the film."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cxrdesk.imaging.voi import Window
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.loaded import LoadedFilm
from tests.ui.conftest import Seat
from tests.ui.fakes import film

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def drag(view: FilmView, start: QPoint, end: QPoint, button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(view, button, pos=start)
    for share in (0.5, 1.0):
        at = QPointF(start) + (QPointF(end) - QPointF(start)) * share
        event = QMouseEvent(
            QMouseEvent.Type.MouseMove,
            at,
            view.mapToGlobal(at),
            Qt.MouseButton.NoButton,
            button,
            Qt.KeyboardModifier(0),
        )
        QApplication.sendEvent(view, event)
    QTest.mouseRelease(view, button, pos=end)


def wheel(view: FilmView, at: QPointF, steps: int) -> None:
    event = QWheelEvent(
        at,
        view.mapToGlobal(at),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier(0),
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def levels(view: FilmView) -> np.ndarray:
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].copy()


@pytest.fixture
def view(seat: Seat, child_film: Path) -> FilmView:
    seat.open(child_film)
    return seat.window.film


def window(view: FilmView) -> Window:
    assert view.windowing is not None
    return view.windowing.window


def test_drag_to_the_right_widens_and_up_brightens(view: FilmView) -> None:
    before, shown = window(view), levels(view)
    drag(view, QPoint(300, 300), QPoint(380, 300))
    assert window(view).width > before.width
    assert window(view).center == before.center
    view.reset_window()
    drag(view, QPoint(300, 300), QPoint(300, 220))
    assert levels(view)[100:500].mean() > shown[100:500].mean() + 3
    assert window(view).width == before.width


def test_wheel_zooms_at_the_cursor(view: FilmView) -> None:
    at = QPointF(250, 340)
    before, scale = view.geometry_.to_film(250, 340), view.geometry_.scale
    wheel(view, at, 3)
    assert view.geometry_.scale > 1.5 * scale
    assert view.geometry_.to_film(250, 340) == pytest.approx(before, abs=1e-6)
    wheel(view, at, -3)
    assert view.geometry_.scale == pytest.approx(scale)


def test_middle_drag_and_space_drag_pan_and_leave_the_window(view: FilmView) -> None:
    before = window(view)
    view.zoom(4)
    for space, button in ((False, MIDDLE), (True, LEFT)):
        start = view.geometry_.center
        if space:
            QTest.keyPress(view, Qt.Key.Key_Space)
        drag(view, QPoint(300, 300), QPoint(340, 320), button)
        if space:
            QTest.keyRelease(view, Qt.Key.Key_Space)
        moved = view.geometry_.center
        assert (start[0] - moved[0]) * view.geometry_.scale == pytest.approx(40)
        assert (start[1] - moved[1]) * view.geometry_.scale == pytest.approx(20)
    assert window(view) == before
    drag(view, QPoint(300, 300), QPoint(340, 320))  # space is up again
    assert window(view) != before


def test_double_click_fits(view: FilmView) -> None:
    view.zoom(5)
    QTest.mouseDClick(view, LEFT, pos=QPoint(200, 200))
    assert view.geometry_.fitted


def test_keys(seat: Seat, view: FilmView) -> None:
    before, shown = window(view), levels(view)
    QTest.keyClick(view, Qt.Key.Key_I)
    assert view.inverted
    np.testing.assert_allclose(levels(view)[300:400, 300:400], 255 - shown[300:400, 300:400].astype(int), atol=1)
    QTest.keyClick(view, Qt.Key.Key_I)
    QTest.keyClick(view, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert window(view).width > before.width
    QTest.keyClick(view, Qt.Key.Key_R)
    assert window(view) == before
    QTest.keyClick(view, Qt.Key.Key_Plus)
    assert not view.geometry_.fitted
    QTest.keyClick(view, Qt.Key.Key_F)
    assert view.geometry_.fitted
    QTest.keyClick(view, Qt.Key.Key_0)
    assert view.geometry_.scale == 1
    for key, name in ((Qt.Key.Key_L, "mask"), (Qt.Key.Key_H, "saliency")):
        checked = seat.window.action(name).isChecked()
        QTest.keyClick(view, key)
        assert seat.window.action(name).isChecked() is not checked


def test_status_line_tells_value_window_and_zoom(seat: Seat, view: FilmView) -> None:
    QTest.keyClick(view, Qt.Key.Key_0)
    at = QPoint(300, 250)
    QTest.mouseMove(view, at)
    pixel = view.geometry_.pixel_at((300, 250))
    assert pixel is not None
    assert view.loaded is not None
    value = view.loaded.radiograph.stored[pixel]
    QApplication.processEvents()
    assert seat.window.status.value.text() == f"Value {value} at row {pixel[0]}, column {pixel[1]}"
    assert (
        seat.window.status.window_.text() == f"Window center {window(view).center:.0f}, width {window(view).width:.0f}"
    )
    assert seat.window.status.zoom.text() == "Zoom 100 %"


@pytest.mark.filterwarnings("ignore:.*QDragEnterEvent.*deprecated:DeprecationWarning")  # as Qt 6.12 calls it
def test_a_dropped_file_is_opened(seat: Seat, adult_film: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(adult_film.parent))])
    no_key = Qt.KeyboardModifier(0)
    enter = QDragEnterEvent(QPoint(400, 300), Qt.DropAction.CopyAction, data, LEFT, no_key)
    QApplication.sendEvent(seat.window, enter)
    assert enter.isAccepted()
    drop = QDropEvent(QPointF(400, 300), Qt.DropAction.CopyAction, data, LEFT, Qt.KeyboardModifier(0))
    QApplication.sendEvent(seat.window, drop)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    assert seat.window.film.corners.upper_left[1:] == ("Chest PA", "54 years")
    assert seat.window.film.corners.badge == "Phantom: simulated film"


def test_lengths_need_a_spacing_whose_meaning_is_known(seat: Seat) -> None:
    view = seat.window.film
    shown = {}
    for source in ("imager", "calibrated", "unknown"):
        view.show_film(LoadedFilm.of(source, film(spacing_source=source)))
        shown[source] = levels(view)
    view.show_film(LoadedFilm.of("none", film(pixel_spacing_mm=None)))
    without = levels(view)
    np.testing.assert_array_equal(shown["unknown"], without)
    for source in ("imager", "calibrated"):
        differs = np.argwhere(shown[source] != without)
        # Within the lower left corner, and nowhere else.
        assert differs[:, 0].min() > view.height() - 60
        assert differs[:, 1].max() < 200


def test_a_picture_is_shown_level_by_level(seat: Seat, pictures: list[Path]) -> None:
    """From file to screen: an 8-bit picture with its own window comes out as it is."""
    from PIL import Image

    seat.open(pictures[3])
    view = seat.window.film
    view.actual_size()
    left, top = (round(v) for v in view.geometry_.to_screen(0, 0))
    expected = np.asarray(Image.open(pictures[3]))
    shown = levels(view)[top : top + 160, left : left + 150]
    np.testing.assert_array_equal(shown, expected)
