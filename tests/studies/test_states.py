"""Presentation states on discs and in folders are found beside their films."""

from __future__ import annotations

from datetime import datetime
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
    assert (state.label, set(state.films)) == ("BONES", {film.instance_uid})
    told = state.load(film.instance_uid)
    assert told is not None
    assert told.voi == Window(center=700, width=90)
    assert state.load("1.2.3") is None
    assert film.instance_uid not in repr(state)


def test_a_state_that_was_named_alone_says_what_is_missing(folder: Path) -> None:
    found = find_films([folder / "state.dcm"])
    (failure,) = found.failures
    assert failure.code == "state-without-film"
    assert failure.text == (
        "state.dcm is a presentation state for a film that is not open; open the folder that holds both."
    )
    assert [state.label for state in found.states] == ["BONES"]


def test_a_state_that_was_named_with_its_film_is_no_failure(folder: Path) -> None:
    for paths in ([folder / "state.dcm", folder / "film.dcm"], [folder / "state.dcm", folder]):
        found = find_films(paths)
        assert found.failures == ()
        assert (len(found.films), len(found.states)) == (1, 1)


def test_a_folder_of_states_alone_says_so(folder: Path) -> None:
    (folder / "film.dcm").unlink()
    (failure,) = find_films([folder]).failures
    assert failure.code == "no-films"
    assert "only presentation states" in failure.text


def test_a_state_says_when_and_by_whom_it_was_made_and_for_which_frames(folder: Path) -> None:
    ds = pydicom.dcmread(folder / "state.dcm")
    ds.PresentationCreationDate, ds.PresentationCreationTime = "20240229", "1305"
    ds.ContentCreatorName = "Doe^Jane^^Dr"
    image = ds.ReferencedSeriesSequence[0].ReferencedImageSequence[0]
    image.ReferencedFrameNumber = [2, 5]
    ds.save_as(folder / "state.dcm")
    (film,), (state,) = find_films([folder]).films, find_films([folder]).states
    assert state.created == datetime(2024, 2, 29, 13, 5)
    assert state.creator == "Dr Jane Doe"
    assert [state.refers(film.instance_uid, frame=frame) for frame in (0, 1, 4)] == [False, True, True]
    assert not state.refers("1.2.3")
    assert not state.refers(None)
    del ds.PresentationCreationDate
    ds.save_as(folder / "state.dcm")
    assert find_films([folder]).states[0].created is None


def test_a_state_that_went_away_is_told(folder: Path) -> None:
    (state,) = find_films([folder]).states
    state.path.unlink()
    with pytest.raises(FilmError) as caught:
        state.load("1.2.3")
    assert caught.value.code == "missing-file"
