"""Finding films in files, folders and discs."""

from __future__ import annotations

import shutil
import tracemalloc
from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, generate_uid

from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.radiograph import Projection
from cxrdesk.studies.importers import find_films

BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"


def save_film(path: Path, side: int = 16, **attributes: object) -> Path:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = ComputedRadiographyImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    ds.Modality, ds.PhotometricInterpretation = "CR", "MONOCHROME2"
    ds.SamplesPerPixel, ds.Rows, ds.Columns = 1, side, side
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = (np.arange(side * side) % 4096).astype(np.uint16).tobytes()
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = "Doe^Jane", "ID7", "20200101", "F"
    ds.StudyDate, ds.StudyDescription = "20230601", "Thorax"
    ds.StudyID = ds.AccessionNumber = ds.StudyTime = ""
    ds.SeriesNumber = ds.InstanceNumber = 1
    ds.BodyPartExamined, ds.ViewPosition = "CHEST", "AP"
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)
    return path


def codes(result) -> list[tuple[str, str]]:
    return [(failure.path.name, failure.code) for failure in result.failures]


def test_a_film_is_described_without_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_film(tmp_path / "film.dcm", SeriesDescription="Chest AP")
    monkeypatch.setattr("cxrdesk.imaging.dicom.stored_pixels", lambda *_, **__: pytest.fail("decoded"))
    (film,) = find_films([path]).films
    assert (film.study_uid, film.series_uid) == ("1.2.3", "1.2.3.4")
    assert film.study_date == date(2023, 6, 1)
    assert film.description == "Chest AP"
    assert (film.identity.name, film.identity.patient_id, film.identity.sex) == ("Doe^Jane", "ID7", "F")
    assert film.identity.birth_date == date(2020, 1, 1)
    assert (film.view.body_part, film.view.projection) == ("chest", Projection.AP)
    assert film.patient_age_years == pytest.approx(3.41, abs=0.01)


def test_a_film_shows_no_identity_when_printed(tmp_path: Path) -> None:
    (film,) = find_films([save_film(tmp_path / "Jane.dcm")]).films
    assert not any(word in repr(film) for word in ("Jane", "ID7", "2020", "2023", "1.2.3"))


def test_one_bad_file_never_stops_the_rest(tmp_path: Path) -> None:
    save_film(tmp_path / "a.dcm")
    whole = save_film(tmp_path / "sub" / "z").read_bytes()
    (tmp_path / "b.dcm").write_bytes(whole[:300])
    (tmp_path / "c.png").write_bytes(b"\x89PN")
    (tmp_path / "README.txt").write_text("hello")
    (tmp_path / "empty").touch()
    (tmp_path / ".DS_Store").write_bytes(b"x")
    (tmp_path / "._a.dcm").write_bytes(b"x")
    shutil.copy(BUNDLED / "CT_small.dcm", tmp_path)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "film.png")
    result = find_films([tmp_path])
    assert [film.path.name for film in result.films] == ["a.dcm", "film.png", "z"]
    assert codes(result) == [("CT_small.dcm", "not-a-radiograph"), ("b.dcm", "truncated"), ("c.png", "not-a-film")]
    assert result.skipped == 2


def test_a_file_named_by_the_user_is_never_passed_over(tmp_path: Path) -> None:
    (tmp_path / "README.txt").write_text("hello")
    result = find_films([tmp_path / "README.txt", tmp_path / "none.dcm"])
    assert codes(result) == [("README.txt", "not-a-film"), ("none.dcm", "missing-file")]
    assert result.skipped == 0


def test_folders_without_films_say_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("a")
    result = find_films([tmp_path / "empty", tmp_path / "texts"])
    assert codes(result) == [("empty", "empty-folder"), ("texts", "no-films")]


def test_each_file_once(tmp_path: Path) -> None:
    path = save_film(tmp_path / "a.dcm")
    result = find_films([path, tmp_path, path])
    assert len(result.films) == 1
    assert not result.failures


def test_broken_pixels_show_at_load(tmp_path: Path) -> None:
    path = save_film(tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-100])
    (film,) = find_films([path]).films
    with pytest.raises(FilmError) as caught:
        film.load()
    assert caught.value.code == "truncated"


def test_many_films_are_not_held_decoded(tmp_path: Path) -> None:
    first = save_film(tmp_path / "film0.dcm", side=512)
    for index in range(1, 60):
        shutil.copy(first, tmp_path / f"film{index}.dcm")
    find_films([first])
    tracemalloc.start()
    result = find_films([tmp_path])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(result.films) == 60
    assert peak < 512 * 512 * 2 * 3  # three films' pixels, far from sixty
    assert result.films[7].load().shape == (512, 512)


def test_progress_counts_and_can_stop(tmp_path: Path) -> None:
    for index in range(4):
        save_film(tmp_path / f"{index}.dcm")
    seen: list[int] = []
    find_films([tmp_path], progress=seen.append)
    assert seen == [1, 2, 3, 4]

    def stop(count: int) -> None:
        if count == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        find_films([tmp_path], progress=stop)


def test_dicomdir_of_pydicom() -> None:
    result = find_films([BUNDLED / "dicomdirtests" / "DICOMDIR"])
    assert sorted(film.path.name for film in result.films) == ["6154", "6247", "6278"]
    assert {failure.code for failure in result.failures} == {"not-a-radiograph"}
    images = [path for path in (BUNDLED / "dicomdirtests").glob("[0-9]*/*/*") if path.is_file()]
    assert len(result.films) + len(result.failures) == len(images)


def test_a_disc_copied_with_other_names(tmp_path: Path) -> None:
    shutil.copy(BUNDLED / "dicomdirtests" / "DICOMDIR", tmp_path)
    (tmp_path / "77654033" / "cr1").mkdir(parents=True)  # lower case, and the version that ISO 9660 adds
    shutil.copy(BUNDLED / "dicomdirtests" / "77654033" / "CR1" / "6154", tmp_path / "77654033" / "cr1" / "6154.;1")
    result = find_films([tmp_path / "DICOMDIR"])
    assert [film.path.name for film in result.films] == ["6154.;1"]
    assert {failure.code for failure in result.failures} == {"missing-file"}
    assert ("6247", "missing-file") in codes(result)


def test_a_dicomdir_opens_nothing_outside_its_folder(tmp_path: Path) -> None:
    save_film(tmp_path / "secret.dcm")
    (tmp_path / "disc").mkdir()
    listing = (BUNDLED / "dicomdirtests" / "DICOMDIR").read_bytes()
    inside, outside = rb"77654033\CR1\6154 ", rb"..\secret.dcm     "
    assert len(inside) == len(outside)
    assert listing.count(inside) == 1
    (tmp_path / "disc" / "DICOMDIR").write_bytes(listing.replace(inside, outside))
    result = find_films([tmp_path / "disc" / "DICOMDIR"])
    assert not result.films
    assert ("DICOMDIR", "unsafe-path") in codes(result)
    assert {code for _, code in codes(result)} == {"unsafe-path", "missing-file"}


def test_a_folder_with_a_dicomdir_is_read_by_its_files(tmp_path: Path) -> None:
    shutil.copy(BUNDLED / "dicomdirtests" / "DICOMDIR", tmp_path)
    save_film(tmp_path / "IM1")
    result = find_films([tmp_path])
    assert [film.path.name for film in result.films] == ["IM1"]
    assert not result.failures
    assert result.skipped == 1


def test_a_link_to_itself_costs_no_other_file(tmp_path: Path) -> None:
    films = tmp_path / "films"
    for name in ("a.dcm", "z.dcm"):
        save_film(films / name)
    for name in ("loop.dcm", "loop"):
        try:
            (films / name).symlink_to(films / name)
        except OSError:
            pytest.skip("this system lets its users make no links")
    found = find_films([films, films / "loop.dcm"])
    assert [film.path.name for film in found.films] == ["a.dcm", "z.dcm"]
    assert "loop.dcm" in [failure.path.name for failure in found.failures]
