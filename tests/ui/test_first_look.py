"""Films that take long are seen before they are decoded; colours and frames are seen, and no detector is asked."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from cxrdesk.imaging.resources import resource
from cxrdesk.studies.importers import Film
from cxrdesk.ui.film_notes import no_results
from tests.ui.conftest import Seat
from tests.ui.test_film_view import levels


def sample(**changes: object) -> pydicom.Dataset:
    film = pydicom.dcmread(next(resource("samples/adult").iterdir()))
    for name, value in changes.items():
        setattr(film, name, value)
    film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    return film


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    film = sample()
    pixels = film.pixel_array[::8, ::8]
    film.NumberOfFrames = 3
    stack = np.stack([np.roll(pixels, 11 * number, axis=1) for number in range(3)])
    film.Rows, film.Columns = pixels.shape
    film.PixelData = stack.tobytes()
    film.save_as(tmp_path / "frames.dcm")
    return tmp_path / "frames.dcm"


@pytest.fixture
def colour(tmp_path: Path) -> Path:
    film = sample(SamplesPerPixel=3, PhotometricInterpretation="RGB", PlanarConfiguration=0)
    film.BitsAllocated = film.BitsStored = 8
    film.HighBit, film.PixelRepresentation = 7, 0
    pixels = np.zeros((200, 160, 3), np.uint8)
    pixels[..., 0] = 220
    film.Rows, film.Columns = 200, 160
    film.PixelData = pixels.tobytes()
    for name in ("WindowCenter", "WindowWidth", "PixelPaddingValue", "SmallestImagePixelValue"):
        if name in film:
            delattr(film, name)
    film.save_as(tmp_path / "colour.dcm")
    return tmp_path / "colour.dcm"


def test_a_first_look_is_shown_and_nothing_else_is_done_with_it(
    seat: Seat, adult_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, opened, looked = threading.Event(), Film.open, Film.look

    def look(film: Film, frame: int = 0) -> object:
        first = looked(film, frame)
        return replace(first, presentation=replace(first.presentation, reduced=2))

    def slow(film: Film, frame: int = 0) -> object:
        gate.wait(20)
        return opened(film, frame)

    monkeypatch.setattr(Film, "look", look)
    monkeypatch.setattr(Film, "open", slow)
    seat.reading.open([adult_film])
    view = seat.window.film
    seat.qtbot.waitUntil(lambda: view.loaded is not None)
    assert view.loaded is not None
    assert view.loaded.provisional
    assert seat.reading.shown is None
    assert "Phantom Adult" in view.corners.upper_left  # whose film it is stands on it from the start
    QTest.mouseMove(view, QPoint(300, 300))
    assert seat.window.status.value.text() == ""
    view.zoom(2)
    view.drag_window(40, 10)
    before, first = (view.geometry_, view.voi), levels(view)
    assert not seat.queue.submitted
    gate.set()
    seat.qtbot.waitUntil(lambda: bool(seat.queue.submitted))
    assert not view.loaded.provisional
    assert (view.geometry_, view.voi) == before
    assert (levels(view) != first).any()  # the note is gone
    assert seat.window.status.value.text() != "" or view.cursor_pixel is None


def test_paging_on_leaves_the_first_look_behind(seat: Seat, pictures: list[Path]) -> None:
    seat.open(*pictures[:3])
    for _ in range(2):
        seat.reading.step(1)
    seat.qtbot.waitUntil(
        lambda: seat.reading.shown is not None and seat.reading.shown.key == str(pictures[2].resolve())
    )
    assert seat.window.film.loaded is not None
    assert seat.window.film.loaded.key == seat.reading.shown.key


def test_frames_have_a_slider_and_keep_place_and_window(seat: Seat, frames: Path, adult_film: Path) -> None:
    seat.reading.open([frames, adult_film])
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    bar, view = seat.window.frames, seat.window.film
    assert bar.isVisible()
    assert bar.words.text() == "Frame 1 of 3"
    view.zoom(1)
    view.drag_window(30, 0)
    geometry, first = view.geometry_, levels(view)
    QTest.keyClick(view, Qt.Key.Key_PageDown, Qt.KeyboardModifier.ControlModifier)
    seat.qtbot.waitUntil(lambda: view.loaded is not None and view.loaded.presentation.frame == 1)
    assert bar.words.text() == "Frame 2 of 3"
    assert view.geometry_ == geometry
    assert (levels(view) != first).any()
    bar.slider.setValue(0)
    seat.qtbot.waitUntil(lambda: view.loaded is not None and view.loaded.presentation.frame == 0)
    np.testing.assert_allclose(levels(view), first.astype(int), atol=2)  # kept text rounds its seams otherwise
    seat.reading.step(1)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None and seat.reading.shown.presentation.frames == 1)
    assert not bar.isVisible()


@pytest.fixture
def bits(tmp_path: Path) -> Path:
    """A capture of one bit."""
    ds = sample(SOPClassUID="1.2.840.10008.5.1.4.1.1.7", Modality="OT")
    drawing = np.random.default_rng(2).integers(0, 2, (64, 64)).astype(np.uint8)
    ds.Rows, ds.Columns, ds.BitsAllocated, ds.BitsStored, ds.HighBit = 64, 64, 1, 1, 0
    ds.PixelData = np.packbits(drawing.ravel(), bitorder="little").tobytes()
    ds["PixelData"].VR = "OB"
    ds.save_as(tmp_path / "bits.dcm")
    return tmp_path / "bits.dcm"


@pytest.mark.parametrize("kind", ["frames", "colour", "bits"])
def test_no_detector_is_asked_about_frames_and_colours(seat: Seat, kind: str, request: pytest.FixtureRequest) -> None:
    seat.reading.open([request.getfixturevalue(kind)])
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    seat.qtbot.wait(60)
    seat.reading.run_again()
    assert not seat.queue.submitted
    told = no_results(seat.window.registry, seat.reading.state, seat.reading.shown)
    assert told.startswith("No detector looks at")


def test_a_colour_file_is_red_on_the_screen(seat: Seat, colour: Path) -> None:
    seat.reading.open([colour])
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    view = seat.window.film
    shown = view.grab().toImage().pixelColor(view.width() // 2, view.height() // 2)
    assert (shown.red(), shown.green(), shown.blue()) == (220, 0, 0)


def test_a_real_first_look_sharpens(seat: Seat, tmp_path: Path) -> None:
    """From JPEG 2000's own resolution levels, where the encoder is there."""
    pytest.importorskip("imagecodecs")
    film = sample()
    from imagecodecs import jpeg2k_encode
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEG2000Lossless

    pixels = film.pixel_array
    big = np.kron(pixels, np.ones((2, 2), pixels.dtype)) if max(pixels.shape) < 1400 else pixels
    film.Rows, film.Columns = big.shape
    film.PixelData = encapsulate([jpeg2k_encode(big, reversible=True, level=0, codecformat="j2k")])
    film["PixelData"].VR = "OB"
    film.file_meta.TransferSyntaxUID = JPEG2000Lossless
    path = tmp_path / "j2k.dcm"
    film.save_as(path)
    looks = []
    seat.reading.first_look.connect(lambda loaded: looks.append(loaded.presentation.reduced))
    seat.reading.open([path])
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    assert looks
    assert looks[0] > 0
    assert seat.reading.shown is not None
    np.testing.assert_array_equal(seat.reading.shown.radiograph.stored, big)
