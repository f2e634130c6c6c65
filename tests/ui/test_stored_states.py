"""Presentation states on the screen: ours, those of highdicom and of dcmtk, and none on another film."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import highdicom
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from cxrdesk.imaging.display import apply_table, display_table
from cxrdesk.imaging.gamma import Curved
from cxrdesk.imaging.gsps import DisplayedArea, Graphic, Text
from cxrdesk.imaging.radiograph import ModalityLut
from cxrdesk.imaging.voi import Window
from cxrdesk.ui.panels.window_panel import WindowPanel
from cxrdesk.ui.stored_states import NO_STATE
from cxrdesk.ui.viewer.state_layer import STATE_COLOUR, outline
from tests.ui.conftest import Seat
from tests.ui.states_made import STATE, choose, film_folder, put
from tests.ui.test_film_view import levels
from tests.ui.test_state_export import drawn


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path: Path, adult_film: Path) -> Path:
    """A film of a study."""
    return film_folder(tmp_path / "disc", adult_film)


def shown_gray(seat: Seat, x: float, y: float) -> int:
    column, row = seat.window.film.geometry_.to_screen(x, y)
    return int(levels(seat.window.film)[round(row), round(column)])


def test_states_are_listed_as_stored_applied_and_taken_off(seat: Seat, folder: Path) -> None:
    put(
        folder,
        STATE,
        ContentCreatorName="Doe^Jane",
        PresentationCreationDate="20240229",
        PresentationCreationTime="1305",
    )
    put(folder, replace(STATE, label="LUNGS", inverse=False), "other.dcm", PresentationCreationDate="20250101")
    seat.open(folder)
    window, film = seat.window, seat.window.film
    assert window.states.names()[0] == "1 · BONES · 2024-02-29 13:05 · Jane Doe"
    assert window.states.names()[1].startswith("2 · LUNGS · 2025-01-01")
    assert "2 presentation states are stored with this film" in window.bar.text
    plain = film.loaded
    before = film.geometry_
    choose(seat, 0)
    loaded, geometry = film.loaded, film.geometry_
    assert loaded is not None
    assert loaded.own is plain
    assert film.voi == Window(center=2200, width=900)
    assert (geometry.rotation, geometry.flipped, geometry.fitted) == (90, True, False)
    assert geometry.center == (450, 400)
    assert min(film.width(), film.height()) == pytest.approx(500 * geometry.scale)
    assert window.action("invert").isChecked() == (not loaded.radiograph.inverted)
    assert any("Presentation state BONES" in line for line in film.corners.upper_right)
    seat.settle()
    # A state's gray levels, at the film's own values; outside of its shutter nothing.
    values = loaded.radiograph.modality_lut.apply(loaded.radiograph.stored)
    x, y = 350, 560
    wanted = 255 * (1 - STATE.voi.apply(values[y - 2 : y + 3, x - 2 : x + 3])).mean()
    assert abs(shown_gray(seat, x, y) - wanted) < 12
    film.fit()
    assert shown_gray(seat, 50, 400) == 0
    window.states.choose(None)
    assert film.loaded is plain
    assert film.geometry_ == before
    assert (film.inverted, film.state_layer, window.states.current) == (False, None, None)
    assert not any("Presentation state" in line for line in film.corners.upper_right)


def test_graphics_and_texts_are_drawn_where_the_film_is(seat: Seat, folder: Path) -> None:
    put(folder, STATE)
    seat.open(folder)
    choose(seat, 0)
    film = seat.window.film
    red = int(STATE_COLOUR[1:3], 16)
    for turn in (0, 90):
        film.turn(turn)
        image = film.grab().toImage()
        x, y = film.geometry_.to_screen(450, 300)
        colours = [image.pixelColor(round(x) + dx, round(y) + dy) for dx in range(-2, 3) for dy in range(-2, 3)]
        assert any(colour.red() > red - 30 and colour.red() > colour.blue() + 30 for colour in colours)


def test_a_state_is_on_no_film_that_it_does_not_name(seat: Seat, folder: Path, child_film: Path) -> None:
    put(folder, STATE)
    shutil.copy(child_film, folder / "other.dcm")
    seat.open(folder)
    film = seat.window.film
    choose(seat, 0)
    file = seat.window.states.current
    assert file is not None
    other = next(state.key for state in seat.reading.session.states if state.key.endswith("other.dcm"))
    seat.reading.show(other)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None and seat.reading.shown.key == other)
    assert (film.loaded.plain, film.state_layer, film.inverted) == (None, None, False)  # type: ignore[union-attr]
    assert seat.window.states.states() == []
    assert film.windowing is not None
    assert film.windowing.voi is film.windowing.default
    assert "is not for the film" in refusal(seat, lambda: seat.window.states.choose(file))
    assert film.loaded is not None
    assert film.loaded.plain is None


def test_a_state_is_for_the_film_of_its_own_study_where_two_films_share_a_uid(seat: Seat, folder: Path) -> None:
    put(folder, STATE)
    ds = pydicom.dcmread(folder / "film.dcm")
    ds.PatientID, ds.StudyInstanceUID = "ANOTHER", generate_uid()
    ds.save_as(folder / "twin.dcm")
    seat.open(folder)
    own, twin = (
        next(state.key for state in seat.reading.session.states if state.key.endswith(name))
        for name in ("film.dcm", "twin.dcm")
    )
    for key, states in ((own, 1), (twin, 0), (own, 1)):
        seat.reading.show(key)
        seat.qtbot.waitUntil(lambda key=key: seat.reading.shown is not None and seat.reading.shown.key == key)
        assert len(seat.window.states.states()) == states


def refusal(seat: Seat, act: Callable[[], None]) -> str:
    with seat.qtbot.waitSignal(seat.reading.messages.posted) as posted:
        act()
    return posted.args[0].text


def test_a_state_is_on_no_frame_that_it_does_not_name(seat: Seat, folder: Path) -> None:
    ds = pydicom.dcmread(folder / "film.dcm")
    ds.NumberOfFrames, ds.PixelData = 3, ds.PixelData * 3
    ds.save_as(folder / "film.dcm")
    put(folder, STATE, frame=1)
    put(folder, replace(STATE, label="ALL"), "all.dcm")
    seat.reading.open([folder])
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    film, states = seat.window.film, seat.window.states
    assert [file.label for file in states.states()] == ["ALL"]
    choose(seat, 0)
    frames(seat, 1)
    seat.qtbot.waitUntil(lambda: states.current is not None)  # it is for all frames
    assert film.loaded is not None
    assert film.loaded.presentation.frame == 1
    choose(seat, [file.label for file in states.states()].index("BONES"))
    frames(seat, 2)
    assert states.current is None
    assert (film.loaded.plain, film.state_layer) == (None, None)
    assert "not for this frame" in seat.window.bar.text


def frames(seat: Seat, frame: int) -> None:
    seat.reading.show_frame(frame)
    seat.qtbot.waitUntil(
        lambda: seat.reading.shown is not None and seat.reading.shown.presentation.frame == frame
        and seat.window.film.loaded is not None and seat.window.film.loaded.presentation.frame == frame
    )  # fmt: skip


def test_a_state_opened_alone_says_what_is_missing_and_after_its_film_is_taken(seat: Seat, folder: Path) -> None:
    path = put(folder, STATE)
    seat.reading.open([path])
    seat.qtbot.waitUntil(lambda: bool(seat.reading.session.states))
    assert "is a presentation state for a film that is not open" in seat.window.bar.text
    seat.reading.close_all()
    seat.open(folder / "film.dcm")
    assert seat.window.states.states() == []
    seat.reading.open([path])
    seat.qtbot.waitUntil(lambda: len(seat.window.states.states()) == 1)
    assert len(seat.reading.session.states) == 1


def test_what_cannot_be_shown_is_said(seat: Seat, folder: Path) -> None:
    area = DisplayedArea(box=(0, 0, 400, 400), mode="TRUE SIZE")
    path = put(folder, replace(STATE, area=area, overlay_groups=(0x6000,)))
    ds = pydicom.dcmread(path)
    ds.GraphicAnnotationSequence[0].CompoundGraphicSequence = [Dataset()]
    ds.save_as(path)
    seat.open(folder)
    choose(seat, 0)
    told = seat.window.bar.text
    for part in (
        "shown, but for this",
        "compound graphics",
        "true size",
        "1 overlay that neither it nor the film holds",
    ):
        assert part in told


def test_masked_names_are_in_no_label_creator_or_text(make_seat: Callable[..., Seat], folder: Path) -> None:
    ds = pydicom.dcmread(folder / "film.dcm")
    ds.PatientName = "Roe^Richard"
    ds.save_as(folder / "film.dcm")
    put(
        folder,
        replace(STATE, label="ROE_1", texts=(Text(text="Richard, left", anchor=(1, 1)),)),
        ContentCreatorName="X^Y",
    )
    seat = make_seat(mask_names=True)
    seat.open(folder)
    (name,) = seat.window.states.names()
    assert "Roe" not in name
    assert "X" not in name
    choose(seat, 0)
    layer = seat.window.film.state_layer
    assert layer is not None
    assert [words for _, words in layer.texts] == ["(masked)"]
    seat.window.edit(mask_names=False)
    layer = seat.window.film.state_layer
    assert layer is not None
    assert [words for _, words in layer.texts] == ["Richard, left"]
    assert "ROE_1" in seat.window.states.names()[0]


def test_the_panel_lists_them_too(seat: Seat, folder: Path) -> None:
    seat.open(folder / "film.dcm")
    seat.window.action("window_panel").trigger()
    panel = seat.window.windows.panel
    assert isinstance(panel, WindowPanel)
    assert not panel.states.isVisible()
    seat.reading.open([put(folder, STATE)])
    seat.qtbot.waitUntil(lambda: len(seat.window.states.states()) == 1)
    seat.window.film.zoom(1)
    assert panel.states.isVisible()
    assert panel.states.itemText(0) == NO_STATE
    panel.states.activated.emit(1)
    seat.qtbot.waitUntil(lambda: seat.window.states.current is not None)
    assert panel.states.currentIndex() == 1
    assert panel.presets.currentText().startswith("As stored")
    assert panel.center.value() == 2200
    panel.states.activated.emit(0)
    assert seat.window.states.current is None
    menu = seat.window.states._menu()
    assert [action.isChecked() for action in menu.actions()] == [True, False]
    menu.deleteLater()


def highdicoms(folder: Path) -> Dataset:
    film = pydicom.dcmread(folder / "film.dcm")
    for keyword in (
        "StudyID",
        "StudyDate",
        "StudyTime",
        "AccessionNumber",
        "PatientBirthDate",
        "ReferringPhysicianName",
    ):
        if keyword not in film:
            setattr(film, keyword, "")
    layer = highdicom.pr.GraphicLayer("ARROWS", 1)
    circle = highdicom.pr.GraphicObject("CIRCLE", np.array([[400.0, 300.0], [450.0, 300.0]]), units="PIXEL")
    words = highdicom.pr.TextObject("node", units="PIXEL", bounding_box=(300.0, 200.0, 500.0, 240.0))
    note = highdicom.pr.GraphicAnnotation([film], layer, graphic_objects=[circle], text_objects=[words])
    window = highdicom.pr.SoftcopyVOILUTTransformation(window_center=1900, window_width=1200)
    shape = highdicom.PresentationLUTTransformation(presentation_lut_shape="INVERSE")
    return highdicom.pr.GrayscaleSoftcopyPresentationState(
        [film], generate_uid(), 1, generate_uid(), 1, "maker", "model", "1", "1", "THEIRS",
        content_creator_name="Their^Name",
        graphic_annotations=[note], graphic_layers=[layer], voi_lut_transformations=[window],
        presentation_lut_transformation=shape,
    )  # fmt: skip


def test_highdicoms_state_is_shown_right(seat: Seat, folder: Path) -> None:
    highdicoms(folder).save_as(folder / "theirs.dcm", enforce_file_format=True)
    seat.open(folder)
    assert "THEIRS" in seat.window.states.names()[0]
    choose(seat, 0)
    film = seat.window.film
    assert film.geometry_.fitted  # the whole film is its displayed area
    assert film.voi == Window(center=1900, width=1200)
    loaded, layer = film.loaded, film.state_layer
    assert loaded is not None
    assert layer is not None
    table = display_table(loaded.radiograph, film.voi, inverted=film.inverted)
    values = loaded.radiograph.modality_lut.apply(loaded.radiograph.stored).astype(float)
    wanted = np.rint(255 * (1 - np.clip((values - 1899.5) / 1199 + 0.5, 0, 1)))
    assert np.abs(apply_table(loaded.radiograph.stored, table) - wanted).max() <= 1
    assert [words for _, words in layer.texts] == ["node"]
    (points, _), *_ = layer.lines
    assert {round(np.hypot(x - 400, y - 300), 6) for x, y in points} == {50.0}


@pytest.mark.skipif(
    shutil.which("dcmpsmk") is None or shutil.which("dcmp2pgm") is None, reason="dcmtk is not installed"
)
@pytest.mark.parametrize("options", [["+Vw"], ["-V"], ["+Vw", "-p"]])
def test_dcmtks_state_is_shown_as_dcmtk_shows_it(seat: Seat, folder: Path, options: list[str]) -> None:
    ds = pydicom.dcmread(folder / "film.dcm")
    ds.WindowCenter, ds.WindowWidth = 1700, 1100
    ds.save_as(folder / "film.dcm")
    film_path, path = folder / "film.dcm", folder / "theirs.dcm"
    made = subprocess.run(["dcmpsmk", *options, str(film_path), str(path)], capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    picture = folder.parent / "shown.pgm"
    subprocess.run(["dcmp2pgm", "-p", str(path), str(film_path), str(picture)], capture_output=True, check=True)
    theirs = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    seat.open(folder)
    choose(seat, 0)
    loaded, voi = seat.window.film.loaded, seat.window.film.voi
    assert loaded is not None
    assert voi is not None
    table = display_table(loaded.radiograph, voi, inverted=seat.window.film.inverted)
    ours = apply_table(loaded.radiograph.stored, table)
    assert theirs is not None
    assert theirs.shape == ours.shape
    assert np.abs(theirs.astype(int) - ours.astype(int)).max() <= 1


def test_ours_from_the_screen_comes_back_to_the_screen(seat: Seat, folder: Path) -> None:
    seat.open(folder / "film.dcm")
    seat.qtbot.waitUntil(lambda: seat.window.measuring.panel is not None)
    film = seat.window.film
    film.drag_window(40, 25)
    film.set_gamma(1.6)
    film.invert(True)
    film.turn(-90)
    film.zoom(4)
    film.pan(60, -40)
    seat.window.bar.clear()
    seat.settle()
    before, place, seen = levels(film), film.geometry_, film.windowing
    seat.window.measuring.save_state(folder / "mine.dcm")
    film.invert(False)
    film.reset_window()
    film.set_upright()
    seat.reading.open([folder / "mine.dcm"])
    seat.qtbot.waitUntil(lambda: len(seat.window.states.states()) == 1)
    seat.window.bar.clear()
    seat.settle()
    choose(seat, 0)
    seat.settle()
    assert film.windowing is not None
    assert seen is not None
    assert film.windowing.gamma == 1.6
    assert film.windowing.window.width == pytest.approx(seen.window.width)
    assert (film.geometry_.rotation, film.inverted) == (place.rotation, True)
    # Its box is of whole film pixels, so all may lie a pixel aside.
    assert film.geometry_.scale == pytest.approx(place.scale, rel=0.01)
    assert film.geometry_.center == pytest.approx(place.center, abs=1.5)
    middle = np.s_[150:-150, 150:-150]
    assert np.abs(cv2.blur(levels(film)[middle], (9, 9)).astype(int) - cv2.blur(before[middle], (9, 9))).mean() < 4


def test_outlines_are_the_standards() -> None:
    """PS3.3 C.10.5.1.2."""
    circle = np.array(outline(Graphic(kind="CIRCLE", points=((5, 5), (8, 9)))))
    np.testing.assert_allclose(np.hypot(*(circle - 5).T), 5)
    ellipse = np.array(outline(Graphic(kind="ELLIPSE", points=((0, 2), (8, 2), (4, 1), (4, 3)))))
    np.testing.assert_allclose(((ellipse[:, 0] - 4) / 4) ** 2 + (ellipse[:, 1] - 2) ** 2, 1)
    through = ((0.0, 0.0), (3.0, 4.0), (6.0, 0.0), (9.0, 4.0))
    curve = outline(Graphic(kind="INTERPOLATED", points=through))
    assert set(through) <= set(curve)
    assert len(curve) > 20
    assert outline(Graphic(kind="POINT", points=((3, 4),))) == [(3, 4)]


def test_shares_of_the_displayed_area_follow_its_turn(seat: Seat, folder: Path) -> None:
    """PS3.3 C.10.5: (0, 0) is the displayed area's upper left as it is shown, (1, 1) its lower right."""
    line = Graphic(kind="POLYLINE", points=((0, 0), (1, 1)), on_film=False)
    put(folder, replace(STATE, graphics=(line,), texts=()))
    seat.open(folder)
    choose(seat, 0)
    film = seat.window.film
    assert film.state_layer is not None
    (points, _), *_ = film.state_layer.lines
    first, last = (film.geometry_.to_screen(*point) for point in points)
    corners = [film.geometry_.to_screen(x, y) for x in (200, 700) for y in (150, 650)]
    assert first == pytest.approx((min(x for x, _ in corners), min(y for _, y in corners)))
    assert last == pytest.approx((max(x for x, _ in corners), max(y for _, y in corners)))


def test_gamma_of_the_state_is_the_screens(seat: Seat, folder: Path) -> None:
    curve = np.float32(np.linspace(0, 1, 4096) ** (1 / 2.2))
    put(folder, replace(STATE, presentation_lut=curve, inverse=False))
    seat.open(folder)
    choose(seat, 0)
    assert seat.window.film.windowing is not None
    assert seat.window.film.windowing.gamma == 2.2
    assert isinstance(seat.window.film._painter._seen(seat.window.film.windowing), Curved)


def test_drawings_of_the_reader_are_not_drawn_twice(seat: Seat, folder: Path) -> None:
    drawn(seat, folder / "film.dcm")
    seat.window.measuring.save_state(folder / "mine.dcm")
    seat.reading.open([folder / "mine.dcm"])
    seat.qtbot.waitUntil(lambda: len(seat.window.states.states()) == 1)
    choose(seat, 0)
    layer, board = seat.window.film.state_layer, seat.window.measuring.board
    assert layer is not None
    assert board is not None
    assert (layer.lines, layer.texts) == ([], [])
    assert len(board.items) == 2  # and they can still be worked with
    for item in list(board.items):
        board.select(item.id)
        board.remove()
    seat.window.states.choose(None)
    choose(seat, 0)
    layer = seat.window.film.state_layer
    assert layer is not None
    assert (len(layer.lines), len(layer.texts)) == (2, 2)


def test_the_last_choice_counts_though_an_earlier_one_was_still_being_read(seat: Seat, folder: Path) -> None:
    put(folder, STATE)
    seat.open(folder)
    states = seat.window.states
    states.choose(states.states()[0])
    states.choose(None)
    states._threads().wait()
    seat.settle()
    assert states.current is None


def test_masked_an_error_does_not_tell_the_name_of_a_states_file(make_seat: Callable[..., Seat], folder: Path) -> None:
    path = put(folder, STATE, "ROE_RICHARD.dcm")
    seat = make_seat(mask_names=True)
    seat.open(folder)
    path.unlink()
    text = refusal(seat, lambda: seat.window.states.choose(seat.window.states.states()[0]))
    assert text.startswith("The presentation state does not exist")


def test_states_that_would_hold_the_window_up_are_shown_in_part_or_refused(seat: Seat, folder: Path) -> None:
    line = Graphic(kind="INTERPOLATED", points=tuple((float(n), float(n % 50)) for n in range(5000)))
    many = replace(STATE, graphics=(line,) * 10, texts=STATE.texts * 600)
    table = np.linspace(0, 1, 256, dtype=np.float32) ** 0.1 // 0.1 / 10  # no power: it goes with the VOI's table
    wide = replace(STATE, modality_lut=ModalityLut(slope=5000.0), presentation_lut=table.astype(np.float32))
    put(folder, many)
    put(folder, wide, "wide.dcm", PresentationCreationDate="20990101")
    seat.open(folder)
    choose(seat, 0)
    layer = seat.window.film.state_layer
    assert layer is not None
    assert (len(layer.lines), len(layer.texts)) == (4, 500)
    assert "of its 10 graphics and 600 texts only the first are shown" in seat.window.bar.text
    states = seat.window.states
    assert "more values than a table can hold" in refusal(seat, lambda: states.choose(states.states()[1]))


def test_an_answered_age_holds_for_all_frames_of_a_film(seat: Seat, folder: Path) -> None:
    ds = pydicom.dcmread(folder / "film.dcm")
    ds.NumberOfFrames, ds.PixelData = 2, ds.PixelData + bytes(reversed(ds.PixelData))
    for keyword in ("PatientAge", "PatientBirthDate"):
        ds.pop(keyword, None)
    ds.save_as(folder / "film.dcm")
    seat.reading.open([folder])
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    seat.reading.answer(age_years=44.0)
    for frame in (1, 0):
        frames(seat, frame)
        assert seat.reading.shown is not None
        assert seat.reading.shown.radiograph.patient_age_years == 44.0
