"""Presentation states on discs and in folders are found beside their films."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from cxrdesk.imaging.dicom import read_header
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.gsps import PresentationState
from cxrdesk.imaging.gsps_write import state_dataset
from cxrdesk.imaging.resources import resource
from cxrdesk.imaging.voi import Window
from cxrdesk.studies.importers import find_films


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ds = pydicom.dcmread(resource("samples/adult/chest-pa.dcm"))
    ds.StudyInstanceUID = ds.get("StudyInstanceUID") or generate_uid()
    ds.SeriesInstanceUID = ds.get("SeriesInstanceUID") or generate_uid()
    ds.save_as(tmp_path / "film.dcm")
    state = PresentationState(label="BONES", voi=Window(center=700, width=90))
    state_dataset(state, read_header(tmp_path / "film.dcm")).save_as(tmp_path / "state.dcm", enforce_file_format=True)
    return tmp_path


def test_a_state_in_a_folder_is_found_with_its_film(folder: Path) -> None:
    found = find_films([folder])
    (film,), (state,) = found.films, found.states
    assert found.failures == ()
    assert (state.label, state.films) == ("BONES", {film.instance_uid})
    told = state.load(film.instance_uid)
    assert told is not None
    assert told.voi == Window(center=700, width=90)
    assert state.load("1.2.3") is None
    assert film.instance_uid not in repr(state)


def test_a_state_that_was_named_is_no_film(folder: Path) -> None:
    found = find_films([folder / "state.dcm"])
    assert [failure.code for failure in found.failures] == ["not-a-radiograph"]
    assert found.states == ()


def test_a_state_that_went_away_is_told(folder: Path) -> None:
    (state,) = find_films([folder]).states
    state.path.unlink()
    with pytest.raises(FilmError) as caught:
        state.load("1.2.3")
    assert caught.value.code == "missing-file"
