"""Films of one study come together where a detector takes several, and only there."""

from __future__ import annotations

import threading
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from cxrdesk.studies.importers import Film
from tests.ui.conftest import Seat


@pytest.fixture
def study(child_film: Path, tmp_path: Path) -> list[Path]:
    """Three films of one study and one of another, each with its own pixels."""
    paths = []
    for number in range(4):
        ds = pydicom.dcmread(child_film)
        if number == 3:
            ds.StudyInstanceUID = generate_uid()
        ds.SOPInstanceUID = generate_uid()
        data = bytearray(ds.PixelData)
        data[:2] = bytes([number, 0])
        ds.PixelData = bytes(data)
        paths.append(tmp_path / f"film-{number}.dcm")
        ds.save_as(paths[-1])
    return paths


def beside(seat: Seat) -> set[str]:
    job, _, _ = seat.queue.submitted[-1]
    return {film.digest for film in seat.queue.companions[job]}


def digests(paths: list[Path]) -> set[str]:
    return {Film(path=path).load().digest for path in paths}


def test_films_not_yet_decoded_are_decoded_first(seat: Seat, study: list[Path]) -> None:
    seat.reading.asking.connect_queue(seat.queue, most_films=2)
    seat.open(*study)
    assert len(seat.queue.submitted) == 1
    assert beside(seat) == digests(study[1:3])
    seat.reading.run_again()
    assert len(seat.queue.submitted) == 2  # they are in memory now


def test_nothing_is_decoded_for_detectors_of_one_film(seat: Seat, study: list[Path]) -> None:
    seat.open(*study)
    assert beside(seat) == set()
    assert seat.reading.kept.keys == [seat.reading.session.states[0].key]


def test_an_unreadable_film_beside_holds_nothing_up(seat: Seat, study: list[Path]) -> None:
    whole = study[1].read_bytes()
    study[1].write_bytes(whole[: len(whole) // 2])
    seat.reading.asking.connect_queue(seat.queue, most_films=2)
    seat.open(*study)
    assert beside(seat) == digests(study[2:3])
    assert seat.window.bar.text == ""


def test_slow_films_are_asked_about_once_more(seat: Seat, study: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    gate, load = threading.Event(), Film.open

    def slow(film: Film, frame: int = 0) -> object:
        if film.path == study[2]:
            gate.wait(20)
        return load(film, frame)

    monkeypatch.setattr(Film, "open", slow)
    seat.reading.asking.patience.setInterval(50)
    seat.reading.asking.connect_queue(seat.queue, most_films=2)
    seat.open(*study)
    early = beside(seat)
    gate.set()
    seat.qtbot.waitUntil(lambda: len(seat.queue.submitted) == 2)
    assert early < beside(seat) == digests(study[1:3])


def test_another_film_on_the_screen_forgets_them(
    seat: Seat, study: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, load = threading.Event(), Film.open

    def slow(film: Film, frame: int = 0) -> object:
        if film.path == study[1]:
            gate.wait(20)
        return load(film, frame)

    monkeypatch.setattr(Film, "open", slow)
    seat.reading.asking.connect_queue(seat.queue, most_films=2)
    seat.reading.open(study)
    seat.qtbot.waitUntil(lambda: bool(seat.reading.asking._awaited))
    seat.reading.show(seat.reading.session.states[3].key)
    seat.qtbot.waitUntil(lambda: bool(seat.queue.submitted))
    gate.set()
    seat.qtbot.wait(100)
    assert len(seat.queue.submitted) == 1
    assert beside(seat) == set()
