"""What is said of presentation states that are opened after their film, or that the reader changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest

from cxrdesk.ui.viewer.film_view import FilmView
from tests.ui.conftest import Seat
from tests.ui.states_made import STATE, choose, film_folder, put


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))


@pytest.fixture
def folder(tmp_path: Path, adult_film: Path) -> Path:
    """A film of a study."""
    return film_folder(tmp_path / "disc", adult_film)


def test_a_state_opened_after_its_film_is_told_and_not_applied(seat: Seat, folder: Path) -> None:
    seat.open(folder / "film.dcm")
    film = seat.window.film
    plain, seen = film.loaded, film.windowing
    seat.reading.open([put(folder, STATE)])
    seat.qtbot.waitUntil(lambda: "presentation state" in seat.window.bar.text)
    where = f"Window, Presentation state ({seat.window.action('states').shortcut().toString()})"
    told = seat.window.bar.text
    assert told == f"A presentation state was opened for this film, which is shown as before: {where}."
    assert (film.loaded, film.windowing, film.state_layer, seat.window.states.current) == (plain, seen, None, None)


@pytest.mark.parametrize("masked", [False, True])
def test_a_state_for_another_open_film_says_which(
    make_seat: Callable[..., Seat], folder: Path, child_film: Path, masked: bool
) -> None:
    seat = make_seat(mask_names=masked)
    shutil.copy(child_film, folder / "other.dcm")
    seat.open(folder / "other.dcm", folder / "film.dcm")
    seat.reading.open([put(folder, STATE)])
    seat.qtbot.waitUntil(lambda: "presentation state" in seat.window.bar.text)
    which = "File 2" if masked else "film.dcm"
    assert f"A presentation state was opened for {which}: show that film, then Window" in seat.window.bar.text
    assert ("film.dcm" in seat.window.bar.text) is not masked
    assert seat.window.film.loaded is not None
    assert seat.window.film.loaded.key.endswith("other.dcm")


def test_a_state_for_another_frame_is_told_so(seat: Seat, folder: Path) -> None:
    ds = pydicom.dcmread(folder / "film.dcm")
    ds.NumberOfFrames, ds.PixelData = 3, ds.PixelData * 3
    ds.save_as(folder / "film.dcm")
    seat.reading.open([folder / "film.dcm"])
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    seat.reading.open([put(folder, STATE, frame=1)])
    seat.qtbot.waitUntil(lambda: "another frame" in seat.window.bar.text)


@pytest.mark.parametrize(
    "change",
    [
        lambda film: film.drag_window(30, 10),
        lambda film: film.invert(not film.inverted),
        lambda film: film.set_gamma(1.5),
        lambda film: film.turn(90),
        lambda film: film.mirror(),
        lambda film: film.set_switches(replace(film.switches, voi=False)),
    ],
)
def test_a_state_that_the_reader_changed_is_called_so(
    seat: Seat, folder: Path, change: Callable[[FilmView], None]
) -> None:
    put(folder, STATE)
    seat.open(folder)
    choose(seat, 0)
    film = seat.window.film
    film.zoom(2)
    film.pan(10, 10)
    assert film.corners.upper_right[-1] == "Presentation state BONES"
    change(film)
    for _ in range(2):
        assert film.corners.upper_right[-2:] == ("Presentation state BONES", "(changed)")
        assert len([line for line in film.corners.upper_right if "state" in line]) == 1
        seat.window.refresh_display()
    choose(seat, 0)  # the same again, as it is
    seat.qtbot.waitUntil(lambda: film.corners.upper_right[-1] == "Presentation state BONES")
    seat.window.states.choose(None)
    assert not any("Presentation state" in line for line in film.corners.upper_right)
