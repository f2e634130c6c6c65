"""Data sets: every patient in one split, names understood, licences kept."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from cxrdesk.evaluation.datasets import DATASETS, SPLITS, Row, adult_lungs, kermany, nih
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Projection, View
from tests.made_data import make_adults, make_nih, real_data


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / "kermany" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def splits_of_patients(rows):
    found = defaultdict(set)
    for row in rows:
        found[row.patient].add(row.split)
    return found


@pytest.mark.parametrize("name", DATASETS)
def test_no_made_patient_is_in_two_splits(made_data, name):
    rows = DATASETS[name](made_data)
    assert rows
    assert {len(splits) for splits in splits_of_patients(rows).values()} == {1}
    assert {row.split for row in rows} == set(SPLITS)
    assert all(row.path.is_file() and row.dataset == name for row in rows)


@pytest.mark.parametrize("name", DATASETS)
def test_no_real_patient_is_in_two_splits(name):
    rows = DATASETS[name](real_data())
    patients = splits_of_patients(rows)
    assert {len(splits) for splits in patients.values()} == {1}
    assert len({row.path for row in rows}) == len(rows)
    for split, share in SPLITS.items():
        held = sum(splits == {split} for splits in patients.values()) / len(patients)
        assert held == pytest.approx(share / 100, abs=0.08)


def test_real_films_are_all_there():
    """Counts as the folder's README states them."""
    data = real_data()
    rows = kermany(data)
    labels = [row.labels["pneumonia"] for row in rows]
    assert (labels.count(0), labels.count(1)) == (1341, 3875)
    assert sum(row.mask is not None for row in rows) == 5079
    assert len(nih(data)) == 781
    assert len(adult_lungs(data)) == 343


def test_a_split_does_not_depend_on_what_else_is_there(tmp_path):
    few = kermany(touch(tmp_path / "few", "NORMAL/IM-0007-0001.jpeg"))
    many = kermany(touch(tmp_path / "many", *(f"NORMAL/IM-{n:04d}-0001.jpeg" for n in range(1, 50))))
    same = next(row for row in many if row.patient == "normal7")
    assert few[0].split == same.split


def test_names_are_taken_apart(tmp_path):
    rows = kermany(
        touch(
            tmp_path,
            "NORMAL/IM-0115-0001.jpeg",
            "NORMAL/NORMAL2-IM-0115-0001-0002.jpeg",
            "PNEUMONIA/person10_bacteria_43.jpeg",
            "PNEUMONIA/person10_virus_44.jpeg",
            "PNEUMONIA/person1000_bacteria_1.jpeg",
        )
    )
    told = {row.path.name: (row.patient, row.family, row.labels["pneumonia"]) for row in rows}
    assert told == {
        "IM-0115-0001.jpeg": ("normal115", "IM", 0),
        "NORMAL2-IM-0115-0001-0002.jpeg": ("normal115", "NORMAL2-IM", 0),
        "person10_bacteria_43.jpeg": ("person10", "person1", 1),
        "person10_virus_44.jpeg": ("person10", "person1", 1),
        "person1000_bacteria_1.jpeg": ("person1000", "person1", 1),
    }
    assert len({row.split for row in rows if row.patient == "normal115"}) == 1
    assert all(row.view == View(body_part="chest", projection=Projection.AP) for row in rows)
    assert all(row.mask is None for row in rows)


def test_an_unknown_name_is_told(tmp_path):
    with pytest.raises(UserError, match=r"image7\.jpeg does not name its patient") as caught:
        kermany(touch(tmp_path, "NORMAL/image7.jpeg"))
    assert caught.value.code == "unknown-name"


@pytest.mark.parametrize("name", DATASETS)
def test_an_empty_folder_is_told(tmp_path, name):
    with pytest.raises(UserError, match="--data must name") as caught:
        DATASETS[name](tmp_path)
    assert caught.value.code == "no-data"


def test_a_listed_film_that_is_missing_is_told(tmp_path):
    make_adults(tmp_path)
    film = sorted((tmp_path / "adult_lungs" / "images").iterdir())[0]
    film.unlink()
    with pytest.raises(UserError, match=film.stem) as caught:
        adult_lungs(tmp_path)
    assert caught.value.code == "missing-film"


@pytest.mark.parametrize("name", ["adult_lungs/index.csv", "nih/labels.csv"])
def test_a_table_without_its_columns_is_told(tmp_path, name):
    make_nih(make_adults(tmp_path))
    (tmp_path / name).write_text("a,b\n1,2\n")
    with pytest.raises(UserError, match=Path(name).name) as caught:
        DATASETS[name.partition("/")[0]](tmp_path)
    assert caught.value.code == "bad-table"


@pytest.mark.parametrize(
    ("licence", "trainable"),
    [
        ("CC BY 3.0", True),
        ("CC BY 4.0", True),
        (" CC BY 4.0 ", True),
        ("", False),
        ("CC BY-NC-SA", False),
        ("CC BY-NC-SA 4.0", False),
        ("CC BY-NC-ND 4.0", False),
        ("listed as authorized for everyone", False),
    ],
)
def test_only_permissive_licences_are_trained_on(tmp_path, licence, trainable):
    rows = adult_lungs(make_adults(tmp_path, each=1, licence=licence))
    assert len(rows) == 6
    # One of each split's two has the licence asked for, the other a non-commercial one.
    assert [row.trainable for row in rows].count(True) == (3 if trainable else 0)


def test_every_licence_of_the_real_adults_is_decided():
    import csv

    data = real_data()
    with (data / "adult_lungs" / "index.csv").open(encoding="utf-8") as file:
        licences = {item["stem"]: item["image_licence"] for item in csv.DictReader(file)}
    for row in adult_lungs(data):
        assert row.trainable == licences[row.path.stem].startswith(("CC BY 3", "CC BY 4"))
        assert row.mask is not None
        assert row.mask.is_file()


def test_views_of_the_real_adults_are_frontal():
    assert {row.view.projection for row in adult_lungs(real_data())} == {Projection.AP, Projection.PA}


def test_nih_labels_have_the_publishers_names():
    rows = nih(real_data())
    assert len(rows[0].labels) == 14
    assert {"atelectasis", "cardiomegaly", "pneumonia", "hernia"} <= set(rows[0].labels)
    assert all(set(row.labels.values()) <= {0, 1} for row in rows)


def test_a_row_is_split_by_its_patient_alone():
    def split(patient: str, path: str) -> str:
        return Row(path=Path(path), dataset="x", patient=patient, view=View()).split

    assert {split("p", str(k)) for k in range(20)} == {split("p", "other")}
    drawn = [split(str(k), "") for k in range(20000)]
    for name, share in SPLITS.items():
        assert drawn.count(name) / 20000 == pytest.approx(share / 100, abs=0.01)
