"""A presentation state of the screen, read again by highdicom and by cxrdesk's own reader."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog

from cxrdesk.imaging.gsps import applied
from cxrdesk.imaging.gsps_read import read_state_file, references_of, state_for
from cxrdesk.imaging.presentation import Presentation
from cxrdesk.imaging.reader import read_film
from cxrdesk.imaging.voi import Window
from cxrdesk.studies.importers import read_film as read_header
from cxrdesk.ui.viewer.windowing import Switches
from tests.ui.conftest import Seat


@pytest.fixture
def film(tmp_path: Path, adult_film: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))
    return Path(shutil.copy(adult_film, tmp_path / "film.dcm"))


def drawn(seat: Seat, film: Path) -> None:
    seat.open(film)
    seat.qtbot.waitUntil(lambda: seat.window.measuring.panel is not None)
    seat.window.action("length").trigger()
    view, left = seat.window.film, Qt.MouseButton.LeftButton
    seat.qtbot.mousePress(view, left, pos=QPoint(300, 200))
    seat.qtbot.mouseMove(view, QPoint(420, 300))
    seat.qtbot.mouseRelease(view, left, pos=QPoint(420, 300))
    seat.window.action("ellipse").trigger()
    seat.qtbot.mousePress(view, left, pos=QPoint(350, 350))
    seat.qtbot.mouseMove(view, QPoint(420, 400))
    seat.qtbot.mouseRelease(view, left, pos=QPoint(420, 400))


def test_what_was_on_the_screen_comes_back(seat: Seat, film: Path, tmp_path: Path) -> None:
    drawn(seat, film)
    view = seat.window.film
    view.drag_window(30, 20)
    view.invert(True)
    view.turn(90)
    view.mirror()
    seat.window.measuring.save_state(tmp_path / "state.dcm")
    assert "saved" in seat.window.bar.text
    ds = read_state_file(tmp_path / "state.dcm")
    uid = read_header(film).instance_uid
    assert set(references_of(ds)) == {uid}
    assert uid is not None
    state = state_for(ds, uid)
    assert state is not None
    shown = applied(read_film(film), state)
    assert view.windowing is not None
    assert (shown.inverted, shown.rotation, shown.flipped) == (True, view.geometry_.rotation, True)
    window, wanted = shown.voi, view.windowing.window
    assert (window.center, window.width) == pytest.approx((wanted.center, wanted.width))
    board = seat.window.measuring.board
    assert board is not None
    length, ellipse = board.items
    line, curve = state.graphics
    for (x, y), (u, v) in zip(line.points, length.points, strict=True):
        assert (x, y) == pytest.approx((u, v), abs=1e-3)  # 32-bit numbers in the file
    assert curve.kind == "ELLIPSE"
    assert state.texts[0].text == board.values(length).lines[0].replace("\u00a0", " ")
    assert ellipse.id != length.id


def test_highdicom_reads_it(seat: Seat, film: Path, tmp_path: Path) -> None:
    highdicom = pytest.importorskip("highdicom")
    drawn(seat, film)
    seat.window.measuring.save_state(tmp_path / "state.dcm")
    ds = read_state_file(tmp_path / "state.dcm")
    found = ds.GraphicAnnotationSequence[0]
    types = [item.GraphicType for item in found.GraphicObjectSequence]
    assert types == ["POLYLINE", "ELLIPSE"]
    for item in found.GraphicObjectSequence:
        points = highdicom.pr.GraphicObject(
            item.GraphicType,
            graphic_data=np.array(item.GraphicData).reshape(-1, 2),
            units=item.GraphicAnnotationUnits,
            is_filled=False,
        )
        assert points.NumberOfGraphicPoints == item.NumberOfGraphicPoints


def test_a_picture_has_none(seat: Seat, pictures: list[Path], tmp_path: Path) -> None:
    drawn(seat, pictures[0])
    seat.window.measuring.save_state(tmp_path / "state.dcm")
    assert "no DICOM film" in seat.window.bar.text
    assert not (tmp_path / "state.dcm").exists()


def test_the_film_itself_is_never_overwritten(seat: Seat, film: Path) -> None:
    before = film.read_bytes()
    drawn(seat, film)
    seat.window.measuring.save_state(film)
    assert "film itself" in seat.window.bar.text
    assert film.read_bytes() == before


def test_while_names_are_masked_no_state_is_saved(make_seat: Callable[..., Seat], film: Path, tmp_path: Path) -> None:
    seat = make_seat(mask_names=True)
    drawn(seat, film)
    seat.window.measuring.save_state(tmp_path / "state.dcm")
    assert "names are masked" in seat.window.bar.text
    assert not (tmp_path / "state.dcm").exists()
    seat.window.measuring.ask_state()
    assert not seat.window.findChildren(QFileDialog)


def test_a_folder_that_cannot_be_written_is_a_sentence(seat: Seat, film: Path, tmp_path: Path) -> None:
    drawn(seat, film)
    (tmp_path / "file").write_bytes(b"")
    seat.window.measuring.save_state(tmp_path / "file" / "state.dcm")
    assert "could not be written" in seat.window.bar.text


def test_a_frame_of_several_is_named_and_a_first_look_or_colours_make_no_state(
    seat: Seat, film: Path, tmp_path: Path
) -> None:
    drawn(seat, film)
    pane = seat.window.film
    whole = pane.loaded
    assert whole is not None
    pane.show_film(replace(whole, presentation=Presentation(frames=3, frame=2)))
    seat.window.measuring.save_state(tmp_path / "third.dcm")
    (series,) = read_state_file(tmp_path / "third.dcm").ReferencedSeriesSequence
    assert series.ReferencedImageSequence[0].ReferencedFrameNumber == 3
    pane.show_film(replace(whole, provisional=True))
    seat.window.measuring.save_state(tmp_path / "first-look.dcm")
    assert not (tmp_path / "first-look.dcm").exists()
    colours = np.zeros((*whole.radiograph.shape, 3), np.uint8)
    pane.show_film(replace(whole, presentation=Presentation(colour=colours)))
    seat.window.measuring.save_state(tmp_path / "colour.dcm")
    assert "colour picture" in seat.window.bar.text
    assert not (tmp_path / "colour.dcm").exists()


def test_tables_that_are_off_stay_off(seat: Seat, film: Path, tmp_path: Path) -> None:
    drawn(seat, film)
    pane = seat.window.film
    pane.set_switches(Switches(voi=False, modality=False))
    seat.window.measuring.save_state(tmp_path / "state.dcm")
    uid = read_header(film).instance_uid
    assert uid is not None
    state = state_for(read_state_file(tmp_path / "state.dcm"), uid)
    assert state is not None
    assert (state.modality_lut.slope, state.modality_lut.intercept) == (1.0, 0.0)
    shown, whole = state.voi, pane.voi
    assert isinstance(shown, Window)
    assert isinstance(whole, Window)
    assert (shown.center, shown.width) == pytest.approx((whole.center, whole.width))


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize("presentation", [False, True])
def test_polarity_is_the_one_that_was_seen(
    seat: Seat, film: Path, tmp_path: Path, inverted: bool, by_hand: bool, presentation: bool
) -> None:
    drawn(seat, film)
    pane = seat.window.film
    whole = pane.loaded
    assert whole is not None
    pane.show_film(replace(whole, radiograph=replace(whole.radiograph, inverted=inverted)))
    pane.set_switches(Switches(presentation=presentation))
    pane.invert(by_hand)
    seat.window.measuring.save_state(tmp_path / "state.dcm")
    seen = (inverted and presentation) != by_hand
    assert read_state_file(tmp_path / "state.dcm").PresentationLUTShape == ("INVERSE" if seen else "IDENTITY")
