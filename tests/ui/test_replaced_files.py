"""A file that another one replaces while it is open: nothing of the first film stays beside the second."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cxrdesk.inference.result import Call
from tests.ui.conftest import Seat
from tests.ui.fakes import scored
from tests.ui.test_window import answer, texts


@pytest.fixture
def opened(seat: Seat, pictures: list[Path], tmp_path: Path) -> Path:
    """A picture under another name, open, answered for, with a result."""
    path = tmp_path / "film.png"
    shutil.copy(pictures[0], path)
    seat.open(path)
    seat.reading.answer(age_years=3.0)
    seat.reading.commit_impression("clear")
    answer(seat, lambda d: scored(d, 0.94, Call.POSITIVE))
    assert "0.94" in texts(seat.window.findings)
    return path


@pytest.mark.parametrize("way", ["open", "show"])
def test_another_film_under_the_same_name_starts_from_nothing(
    seat: Seat, opened: Path, pictures: list[Path], way: str
) -> None:
    before = seat.reading.state
    jobs = len(seat.queue.submitted)
    shutil.copy(pictures[1], opened)
    if way == "open":
        seat.reading.open([opened])
    else:
        seat.reading.show(before.key)
        assert seat.reading.shown is None
        assert seat.window.bar.text == "film.png was replaced by another file; it is read anew."
    seat.qtbot.waitUntil(lambda: len(seat.queue.submitted) > jobs and seat.reading.shown is not None)
    state = seat.reading.state
    assert state.digest != before.digest
    assert (state.answers.age_years, state.impression, state.detectors) == (None, None, {})
    assert "0.94" not in texts(seat.window.findings)
    assert seat.queue.submitted[-1][1].patient_age_years is None


def test_a_replaced_film_that_left_the_memory_keeps_no_answers(seat: Seat, opened: Path, pictures: list[Path]) -> None:
    seat.reading.kept.clear()
    shutil.copy(pictures[1], opened)
    seat.reading.show(seat.reading.state.key)
    seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
    assert seat.reading.state.answers.age_years is None


def test_rubbish_under_the_same_name_is_a_failure(seat: Seat, opened: Path) -> None:
    opened.write_bytes(b"no film")
    seat.reading.show(seat.reading.state.key)
    seat.qtbot.waitUntil(lambda: seat.reading.state.failure is not None)
    seat.settle()
    assert "film.png" in seat.window.film.hint[1]
    assert seat.reading.shown is None


def test_a_film_that_is_gone_stays_on_the_screen(seat: Seat, opened: Path) -> None:
    opened.unlink()
    seat.reading.show(seat.reading.state.key)
    assert seat.reading.shown is not None
    assert "0.94" in texts(seat.window.findings)


def test_a_film_replaced_between_header_and_pixels_is_refused(opened: Path, pictures: list[Path]) -> None:
    from cxrdesk.imaging.errors import FilmError
    from cxrdesk.studies.importers import read_film

    film = read_film(opened)
    shutil.copy(pictures[1], opened)
    with pytest.raises(FilmError, match="was replaced by another file") as told:
        film.load()
    assert told.value.code == "changed"
