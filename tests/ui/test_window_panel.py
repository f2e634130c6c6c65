"""Windows by key, by number and by name; the histogram; a switch for each table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from cxrdesk.imaging.display import anatomical_windows
from cxrdesk.imaging.presentation import Overlay, Presentation, Shutter
from cxrdesk.imaging.radiograph import ModalityLut
from cxrdesk.imaging.voi import VoiFunction, VoiLut, Window
from cxrdesk.ui import theme
from cxrdesk.ui.panels.window_panel import WindowPanel
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.histogram import histogram
from cxrdesk.ui.viewer.linking import matched_windowing
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.viewer.presets import next_stored, stored_presets
from tests.ui.conftest import Seat
from tests.ui.fakes import film
from tests.ui.test_film_view import levels

LUT = VoiLut(table=np.linspace(0, 1, 4096, dtype=np.float32) ** 2, first=0, explanation="contrast")
HARD = Window(center=1500, width=400, explanation="hard")


def loaded(**changes: object) -> LoadedFilm:
    radiograph = film(**changes)  # type: ignore[arg-type]
    return LoadedFilm.of("a", radiograph, Presentation(vois=(LUT, radiograph.voi, HARD)))


@pytest.fixture
def view(seat: Seat, child_film: object) -> FilmView:
    seat.open(child_film)  # type: ignore[arg-type]
    seat.window.film.show_film(loaded())
    return seat.window.film


def test_stored_windows_have_the_files_words_and_the_default_first() -> None:
    names = [preset.name for preset in stored_presets(loaded())]
    assert names == ["As stored 1", "As stored 2 (VOI LUT): contrast", "As stored 3: hard"]
    one = LoadedFilm.of("a", film())
    assert [preset.name for preset in stored_presets(one)] == ["As stored"]


def test_the_next_stored_one_goes_round() -> None:
    one = loaded()
    first = one.windowing.default
    assert next_stored(one, first) is LUT
    assert next_stored(one, LUT) is HARD
    assert next_stored(one, HARD) is first
    assert next_stored(one, Window(center=3, width=9)) is first


def test_keys_choose_windows(view: FilmView) -> None:
    found = anatomical_windows(view.loaded.radiograph)  # type: ignore[union-attr]
    for key, name in zip("2345", ("automatic", "lungs", "bone", "soft_tissue"), strict=True):
        QTest.keyClick(view, key)
        assert view.windowing is not None
        assert view.windowing.voi == found[name]
    QTest.keyClick(view, "1")
    assert view.windowing.voi is view.windowing.default
    QTest.keyClick(view, "6")
    assert view.windowing.voi is LUT
    # By hand it goes on from the LUT that is shown.
    view.drag_window(3, 0)
    near = view.windowing.window
    assert near.explanation == "set by hand"
    assert abs(near.center - 2200) < 700


def test_the_panel_says_and_sets_the_window(seat: Seat, view: FilmView) -> None:
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert isinstance(panel, WindowPanel)
    assert (panel.center.value(), panel.width_.value()) == (2000, 3000)
    assert panel.presets.currentText() == "As stored 1"
    panel.width_.setValue(800)
    assert view.windowing is not None
    assert view.windowing.window.width == 800
    assert panel.presets.currentIndex() == -1
    panel.curve.setCurrentIndex(1)
    panel.curve.activated.emit(1)
    assert view.windowing.window.function is VoiFunction.SIGMOID
    panel.presets.activated.emit(2)
    assert view.windowing.voi is HARD
    view.drag_window(30, 0)
    assert panel.width_.value() == pytest.approx(view.windowing.window.width, abs=0.06)
    seat.window.action("window_panel").trigger()
    assert not panel.isVisible()


def test_switches_leave_a_table_out(seat: Seat) -> None:
    view = seat.window.film
    radiograph = film(inverted=True, modality_lut=ModalityLut(slope=2.0, intercept=-500.0))
    view.show_film(LoadedFilm.of("a", radiograph))
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert panel is not None
    row, col = 110, 100
    x, y = (round(v) for v in view.geometry_.to_screen(col + 0.5, row + 0.5))

    def at() -> int:
        return int(levels(view)[y, x])

    def near(gray: float) -> bool:
        return abs(at() - gray) <= 12  # resampled, with the noise of neighbours

    stored = float(radiograph.stored[row - 1 : row + 2, col - 1 : col + 2].mean())
    shown = radiograph.voi.apply(np.float32([2 * stored - 500]))[0]
    assert near(255 * (1 - shown))
    panel.tables["presentation"].setChecked(False)
    assert near(255 * shown)
    panel.tables["voi"].setChecked(False)
    assert near(255 * stored / 4095)  # the whole range of modality values is that of stored ones, stretched
    panel.tables["modality"].setChecked(False)
    assert near(255 * stored / 4095)
    for box in panel.tables.values():
        box.setChecked(True)
    assert near(255 * (1 - shown))


def test_the_histogram_leaves_padding_out() -> None:
    stored = film().stored.copy()
    stored[:60] = 0
    one = LoadedFilm.of("a", film(stored=stored, padding=(0, 0), modality_lut=ModalityLut(slope=2.0, intercept=10.0)))
    counts = histogram(one)
    assert counts.counts.sum() == stored[60:].size
    assert counts.low == pytest.approx(2 * stored[60:].min() + 10)
    assert counts.high == pytest.approx(2 * stored[60:].max() + 10)


def test_the_line_over_the_histogram_is_the_window(seat: Seat, view: FilmView) -> None:
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert panel is not None
    line = panel.histogram.levels()
    assert line is not None
    assert (np.diff(line) >= 0).all()
    view.invert(True)
    turned = panel.histogram.levels()
    assert turned is not None
    np.testing.assert_allclose(turned, 1 - line)


def test_a_shutter_hides_and_planes_are_drawn_in_place(seat: Seat) -> None:
    bits = np.zeros((220, 200), bool)
    bits[100:110, 50:60] = True
    plane = Presentation(overlays=(Overlay(bits=bits),), shutter=Shutter(rectangle=(40, 0, 220, 200)))
    view = seat.window.film
    view.show_film(LoadedFilm.of("a", film(), plane))
    for geometry in (view.geometry_, view.geometry_.turned(90), view.geometry_.mirrored()):
        view.geometry_ = geometry
        image = view.grab().toImage()
        x, y = geometry.to_screen(55, 105)
        green = image.pixelColor(round(x), round(y))
        assert green.green() > green.red() + 20
        x, y = geometry.to_screen(150, 20)
        assert image.pixelColor(round(x), round(y)).lightness() == 0
    view.show_planes(False)
    x, y = view.geometry_.to_screen(55, 105)
    gray = view.grab().toImage().pixelColor(round(x), round(y))
    assert gray.green() == gray.red()
    view.show_film(LoadedFilm.of("b", film()))
    x, y = view.geometry_.to_screen(150, 20)
    assert view.grab().toImage().pixelColor(round(x), round(y)).lightness() > 0


def test_a_colour_picture_is_shown_in_its_colours(seat: Seat) -> None:
    from cxrdesk.imaging.presentation import OpenedFilm

    colour = np.zeros((300, 200, 3), np.uint8)
    colour[:150] = (200, 30, 10)
    colour[150:] = (10, 40, 220)
    view = seat.window.film
    view.show_film(LoadedFilm.opened("a", OpenedFilm(radiograph=None, presentation=Presentation(colour=colour))))
    for geometry in (view.geometry_, view.geometry_.turned(90)):
        view.geometry_ = geometry
        image = view.grab().toImage()
        for row, wanted in ((60, (200, 30, 10)), (240, (10, 40, 220))):
            x, y = geometry.to_screen(100, row)
            shown = image.pixelColor(round(x), round(y))
            assert (shown.red(), shown.green(), shown.blue()) == wanted
    before = view.windowing
    view.drag_window(50, 50)
    QTest.keyClick(view, Qt.Key.Key_3)
    assert view.windowing is before


def test_gamma_by_number_key_and_reset(seat: Seat, view: FilmView) -> None:
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert panel is not None
    dark, straight = levels(view).mean(), panel.histogram.levels()
    assert straight is not None
    panel.gamma.setValue(2.0)
    assert view.windowing is not None
    assert view.windowing.gamma == 2.0
    assert levels(view).mean() > dark + 10
    assert "gamma 2.00" in seat.window.status.window_.text()
    line = panel.histogram.levels()
    assert line is not None
    np.testing.assert_allclose(line, np.sqrt(straight), atol=1e-6)
    for key, way in (("U", 1), ("J", -1)):
        before = view.windowing.gamma
        QTest.keyClick(view, key)
        assert (view.windowing.gamma - before) * way > 0
        assert panel.gamma.value() == view.windowing.gamma
    # It stays with another window, and goes with the reset.
    QTest.keyClick(view, "3")
    assert view.windowing.gamma == 2.0
    QTest.keyClick(view, "R", Qt.KeyboardModifier.ShiftModifier)
    assert view.windowing.gamma == 1.0
    panel.gamma.setValue(0.5)
    assert (panel.no_gamma.text(), panel.no_gamma.accessibleName()) == ("Reset gamma", "Reset gamma")  # not the bar's
    panel.no_gamma.click()
    assert view.windowing.gamma == 1.0
    panel.gamma.setValue(0.5)
    QTest.keyClick(view, "R")
    assert view.windowing.gamma == 1.0
    assert view.windowing.voi is view.windowing.default


@pytest.mark.parametrize(("inverted", "by_hand"), [(False, False), (False, True), (True, False), (True, True)])
def test_gamma_brightens_what_is_seen_whatever_the_polarity(seat: Seat, inverted: bool, by_hand: bool) -> None:
    view = seat.window.film
    view.show_film(LoadedFilm.of("a", film(inverted=inverted)))
    view.invert(by_hand)
    flat = levels(view)[200:-200, 300:-300].astype(float)
    view.set_gamma(2.0)
    curved = levels(view)[200:-200, 300:-300].astype(float)
    np.testing.assert_allclose(curved, 255 * np.sqrt(flat / 255), atol=9)  # steep near black
    bright = flat > 60
    np.testing.assert_allclose(curved[bright], 255 * np.sqrt(flat[bright] / 255), atol=1.6)


def test_gamma_goes_with_linked_films(view: FilmView) -> None:
    assert view.windowing is not None
    other = LoadedFilm.of("b", film()).windowing
    view.set_gamma(1.7)
    assert matched_windowing(view.windowing, other).gamma == 1.7
    view.drag_window(30, 10)
    assert matched_windowing(view.windowing, other).gamma == 1.7
    view.reset_window()
    assert matched_windowing(view.windowing, other).gamma == 1.0


def test_switches_say_what_they_switch(seat: Seat) -> None:
    view = seat.window.film
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert panel is not None
    view.show_film(LoadedFilm.of("a", film(inverted=True, modality_lut=ModalityLut(slope=2.0, intercept=-500.0))))
    assert [box.words for box in panel.tables.values()] == [
        "Modality LUT: slope 2, intercept -500",
        "Window or VOI LUT: linear",
        "Presentation LUT: inverse",
    ]
    for box in panel.tables.values():
        box.setChecked(False)
    assert [box.words.partition(": ")[2] for box in panel.tables.values()] == ["off", "off", "off"]
    table = ModalityLut(table=np.arange(9, dtype=np.float32))
    view.show_film(LoadedFilm.of("b", film(voi=LUT, modality_lut=table)))
    assert [box.words.partition(": ")[2] for box in panel.tables.values()] == ["table of 9", "table", "identity"]


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("width_", "-5", "Width must be at least 0.1."),
        ("width_", "0", "Width must be at least 0.1."),
        ("width_", "abc", "Width: “abc” is no number."),
        ("width_", "", "Width: “” is no number."),
        ("width_", "1e9", "Width must be at most 1e+07."),
        ("width_", "nan", "Width: “nan” is no number."),
        ("center", "--7", "Center: “--7” is no number."),
        ("center", "-1e8", "Center must be at least -1e+07."),
        ("gamma", "0", "Gamma must be at least 0.2."),
        ("gamma", "-2", "Gamma must be at least 0.2."),
        ("gamma", "9", "Gamma must be at most 5."),
    ],
)
def test_what_cannot_be_a_number_is_refused_beside_its_field(
    seat: Seat, view: FilmView, field: str, typed: str, told: str
) -> None:
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert panel is not None
    box, before = getattr(panel, field), view.windowing
    number = box.value()
    box.selectAll()
    if typed:
        QTest.keyClicks(box, typed)
    else:
        QTest.keyClick(box, Qt.Key.Key_Delete)
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert (box.value(), box.text(), view.windowing) == (number, typed, before)  # it can be mended
    assert panel.refusal.isVisible()
    assert panel.refusal.text() == told
    QTest.keyClicks(box, "2")
    assert not panel.refusal.isVisible()
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 2


@pytest.mark.parametrize("field", ["width_", "center", "gamma"])
def test_after_enter_keys_are_the_films_again(seat: Seat, view: FilmView, field: str) -> None:
    seat.window.activateWindow()
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert panel is not None
    box = getattr(panel, field)
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "2")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == 2
    assert seat.window.focusWidget() is view
    QTest.keyClick(view, "R")
    assert view.windowing is not None
    assert (view.windowing.voi, view.windowing.gamma) == (view.windowing.default, 1)


@pytest.mark.parametrize("way", ["escape", "leave", "step", "window"])
def test_a_refusal_goes_when_the_field_holds_a_number_again(seat: Seat, view: FilmView, way: str) -> None:
    seat.window.activateWindow()
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert panel is not None
    panel.width_.setFocus()
    panel.width_.selectAll()
    QTest.keyClicks(panel.width_, "r")
    QTest.keyClick(panel.width_, Qt.Key.Key_Return)
    assert panel.refusal.isVisible()
    assert panel.width_.text() == "r"
    if way == "escape":
        QTest.keyClick(panel.width_, Qt.Key.Key_Escape)
        assert seat.window.focusWidget() is view
    elif way == "leave":
        view.setFocus()
    elif way == "step":
        panel.width_.stepUp()
    else:
        view.use_voi(HARD)
    assert float(panel.width_.text()) == panel.width_.value()
    assert not panel.refusal.isVisible()
    assert not seat.window.bar.text  # it was told once


def test_what_is_left_and_is_no_number_is_told(seat: Seat, view: FilmView) -> None:
    seat.window.activateWindow()
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert panel is not None
    panel.width_.setFocus()
    panel.width_.selectAll()
    QTest.keyClicks(panel.width_, "r")
    view.setFocus()
    assert panel.width_.text() == "3000.0"
    assert seat.window.bar.text == "Width: “r” is no number; 3000.0 stays."


def test_a_negative_center_may_be_typed(seat: Seat, view: FilmView) -> None:
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert panel is not None
    panel.center.selectAll()
    QTest.keyClicks(panel.center, "-5.5")
    QTest.keyClick(panel.center, Qt.Key.Key_Return)
    assert view.windowing is not None
    assert view.windowing.window.center == -5.5


def test_a_refusal_is_in_sight_where_the_panel_scrolls(make_seat: Callable[..., Seat], child_film: Path) -> None:
    seat = make_seat(text_size="largest")
    seat.open(child_film)
    seat.window.resize(1366, 500)
    seat.window.action("window_panel").trigger()
    panel, area = seat.window.windows.panel, seat.window.windows.area
    assert panel is not None
    assert area is not None
    seat.settle()
    assert panel.gamma.visibleRegion().isEmpty()
    area.ensureWidgetVisible(panel.gamma)
    panel.gamma.selectAll()
    QTest.keyClicks(panel.gamma, "r")
    QTest.keyClick(panel.gamma, Qt.Key.Key_Return)
    seat.settle()
    assert panel.refusal.visibleRegion().boundingRect() == panel.refusal.rect()
    assert 0 <= panel.refusal.y() - panel.gamma.geometry().bottom() < 20
    theme.apply(seat.desk.app, "dark")
