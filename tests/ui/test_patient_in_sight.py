"""No film is shown without its patient's name."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from cxrdesk.ui.panels.study_list import _KEY, _KIND
from cxrdesk.ui.viewer.corners import CornerContent
from tests.ui.conftest import Seat


@pytest.fixture
def many(child_film: Path, tmp_path: Path) -> list[Path]:
    """Twelve patients with two films each."""
    paths = []
    for patient in range(12):
        study = pydicom.uid.generate_uid()
        for number in range(2):
            dataset = pydicom.dcmread(child_film)
            dataset.PatientName, dataset.PatientID = f"Person{patient:02}^Made", f"P{patient:02}"
            dataset.StudyInstanceUID, dataset.SOPInstanceUID = study, pydicom.uid.generate_uid()
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            paths.append(tmp_path / f"{patient:02}-{number}.dcm")
            dataset.save_as(paths[-1])
    return paths


def test_the_head_of_the_films_patient_is_in_sight(seat: Seat, many: list[Path]) -> None:
    seat.open(*many)
    studies = seat.window.studies
    model, view = studies._model, studies.view
    keys = studies.keys()
    assert len(keys) == len(many)
    assert view.verticalScrollBar().maximum() > 0
    for key in [*keys, *reversed(keys)]:
        seat.reading.show(key)
        seat.qtbot.waitUntil(lambda: seat.reading.shown is not None)
        rows = [model.index(row, 0) for row in range(model.rowCount())]
        row = next(n for n, index in enumerate(rows) if index.data(_KEY) == key)
        head = next(rows[n] for n in range(row, -1, -1) if rows[n].data(_KIND) == "study")
        for index in (head, rows[row]):
            assert view.viewport().rect().contains(view.visualRect(index)), key
        assert seat.window.film.corners.upper_left[0] == head.data()


def test_a_picture_says_that_its_patient_is_not_named(seat: Seat, pictures: list[Path]) -> None:
    seat.open(pictures[0])
    assert seat.window.film.corners.upper_left[0] == "Patient not named"


def test_a_long_name_leaves_room_for_the_film(seat: Seat, many: list[Path]) -> None:
    seat.open(many[0])
    film = seat.window.film
    film.set_corners(CornerContent(upper_left=("short",)))
    short = film.grab().toImage()
    film.set_corners(CornerContent(upper_left=("Name " * 100,)))
    long = film.grab().toImage()
    right = int(film.width() * 0.5)
    assert all(short.pixel(x, y) == long.pixel(x, y) for x in range(right, film.width(), 5) for y in range(0, 80, 2))
