"""CheXpert's films and its four kinds of label."""

from __future__ import annotations

import csv

import pytest

from cxrdesk.evaluation.datasets import chexpert as read
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Projection
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.training.prepare import chexpert
from cxrdesk.training.prepare.choice import Choice
from tests.made_downloads import (
    CHEXPERT_HEAD,
    CHEXPERT_TRAIN,
    chexpert_files,
    chexpert_line,
    csv_bytes,
    folder_of,
    picture,
    zip_of,
)  # fmt: skip

ALL = Choice()
FIRST = "train/patient00001/study1/view1_frontal.jpg"


def test_labels_are_kept_as_they_were(prepared, tmp_path):
    files = chexpert_files()
    [made] = prepared(chexpert.prepare, zip_of(tmp_path / "CheXpert-v1.0-small.zip", files), choice=ALL)
    assert (made.films, made.left_out) == (4, {})
    with (made.folder / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    told = [{key: value for key, value in row.items() if value} for row in rows]
    side = "train/patient00001/study1/view2_lateral.jpg"
    assert told == [
        {"file": FIRST, "patient": "patient00001", "study": "study1", "view": "AP", "age_years": "68",
         "sex": "F", "edema": "1", "fracture": "0"},
        {"file": side, "patient": "patient00001", "study": "study1", "view": "L", "age_years": "68",
         "sex": "F", "edema": "1"},
        {"file": "train/patient00002/study3/view1_frontal.jpg", "patient": "patient00002",
         "study": "study3", "atelectasis": "-1", "effusion": "0", "cardiomegaly": "1",
         "consolidation": "-1"},
        {"file": "valid/patient64541/study1/view1_frontal.jpg", "patient": "patient64541",
         "study": "study1", "view": "PA", "age_years": "73", "sex": "M", "edema": "0"},
    ]  # fmt: skip
    # Small films are the publisher's own bytes.
    assert (made.folder / "images" / FIRST).read_bytes() == files[f"CheXpert-v1.0-small/{FIRST}"]


def test_the_reader_tells_uncertain_from_absent(prepared, tmp_path):
    prepared(chexpert.prepare, folder_of(tmp_path / "d", chexpert_files()), choice=ALL)
    first, side, unsure, valid = read(tmp_path / "out")
    assert first.labels == {"edema": 1, "fracture": 0}
    assert first.uncertain == frozenset()
    assert unsure.labels == {"effusion": 0, "cardiomegaly": 1}
    assert unsure.uncertain == {"atelectasis", "consolidation"}
    assert first.study == side.study != unsure.study
    assert first.patient == side.patient
    assert (unsure.age_years, unsure.sex, first.age_years, first.sex) == (None, None, 68, "F")
    views = [row.view.projection for row in (first, side, unsure, valid)]
    assert views == [Projection.AP, Projection.LATERAL, Projection.FRONTAL, Projection.PA]
    assert (first.family, valid.family) == ("train", "valid")
    assert not first.trainable
    assert all(row.path.is_file() for row in (first, side, unsure, valid))


def test_large_films_are_made_smaller(prepared, tmp_path):
    files = chexpert_files() | {f"CheXpert-v1.0-small/{FIRST}": picture((1000, 1250))}
    prepared(chexpert.prepare, folder_of(tmp_path / "d", files), choice=Choice(first_patients=1))
    first, side = read(tmp_path / "out")
    assert read_radiograph(first.path).pixels.shape == (410, 512)
    assert read_radiograph(side.path).pixels.shape == (320, 390)


def test_missing_and_broken_films_are_left_out(prepared, tmp_path):
    files = chexpert_files()
    del files[CHEXPERT_TRAIN[1][0]]
    files[CHEXPERT_TRAIN[2][0]] = b"<html>not found</html>"
    [made] = prepared(chexpert.prepare, folder_of(tmp_path / "d", files), choice=ALL)
    assert made.left_out == {"missing-file": 1, "not-an-image": 1}
    assert [row.patient for row in read(tmp_path / "out")] == ["patient00001", "patient64541"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (chexpert_line(FIRST, ("Female", "68", "Frontal", "AP"), edema="2.0"), "line 2 .* '2.0' for Edema"),
        (chexpert_line(FIRST, ("Robot", "68", "Frontal", "AP")), "'Robot' for Sex"),
        (chexpert_line(FIRST, ("Male", "old", "Frontal", "AP")), "'old' for Age"),
        (chexpert_line(FIRST, ("Male", "68", "Above", "AP")), "'Above' for Frontal/Lateral"),
        (chexpert_line("train/../../x.jpg", ("Male", "68", "Frontal", "AP")), "for Path, not train/patient"),
    ],
)  # fmt: skip
def test_a_cell_that_says_nothing_known_is_told(prepared, tmp_path, line, said):
    with pytest.raises(UserError, match=said) as caught:
        prepared(chexpert.prepare, folder_of(tmp_path / "d", chexpert_files([line])), choice=ALL)
    assert caught.value.code == "bad-table"
    assert not (tmp_path / "out").exists()


def test_a_missing_table_or_column(prepared, tmp_path):
    files = chexpert_files()
    del files["CheXpert-v1.0-small/train.csv"]
    with pytest.raises(UserError, match=r"train\.csv is missing"):
        prepared(chexpert.prepare, folder_of(tmp_path / "one", files), choice=ALL)
    files["CheXpert-v1.0-small/train.csv"] = csv_bytes(CHEXPERT_HEAD[:-1], [])
    with pytest.raises(UserError, match="lacks the column 'Support Devices'"):
        prepared(chexpert.prepare, folder_of(tmp_path / "two", files), choice=ALL)


def test_a_folder_that_holds_none_is_told(tmp_path):
    with pytest.raises(UserError, match="--data must name") as caught:
        read(tmp_path)
    assert caught.value.code == "no-data"
