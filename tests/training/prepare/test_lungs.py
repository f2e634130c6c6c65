"""Outlines of lungs, and the films that they belong to."""

from __future__ import annotations

import csv
import json

import cv2
import numpy as np
import pytest
from PIL import Image

from cxrdesk.evaluation.datasets import adult_lungs, kermany
from cxrdesk.imaging.errors import UserError
from cxrdesk.training.prepare import kermany as films
from cxrdesk.training.prepare import lungs
from tests.made_data import real_data
from tests.made_downloads import covid_files, darwin, folder_of, kermany_files, zip_of

CHILD = "person1_bacteria_1.jpeg"


def mask(path):
    with Image.open(path) as image:
        assert image.mode == "1"
        return np.asarray(image)


@pytest.mark.parametrize("version", [1, 2])
def test_masks_lie_over_the_films(prepared, tmp_path, version):
    place = zip_of(tmp_path / "all-images.zip", {"1.json": darwin(CHILD, version=version, lungs=2)})
    [made] = prepared(lungs.prepare_kermany, place)
    drawn = mask(made.folder / "person1_bacteria_1.png")
    assert drawn.shape == (224, 224)
    # A box of 80 x 80 from (20, 10) of 200 x 100 pixels, and another 90 pixels to the right of it.
    expected = np.zeros((224, 224), bool)
    expected[round(22.4) : round(201.6), round(22.4) : 112] = True
    expected[round(22.4) : round(201.6), round(123.2) : round(212.8)] = True
    assert (drawn != expected).mean() < 0.01
    prepared(films.prepare, folder_of(tmp_path / "films", kermany_files()))
    masks = {row.path.name: row.mask for row in kermany(tmp_path / "out")}
    assert masks[CHILD] == made.folder / "person1_bacteria_1.png"
    assert list(masks.values()).count(None) == 3


def test_a_line_within_another_is_a_hole_and_lungs_that_meet_are_not(prepared, tmp_path):
    ring = [[(100, 100), (900, 100), (900, 900), (100, 900)], [(300, 300), (700, 300), (700, 700), (300, 700)]]
    paths = [[{"x": x, "y": y} for x, y in line] for line in ring]
    content = json.loads(darwin(CHILD, (1000, 1000), lungs=0))
    content["annotations"] = [{"name": "Lung", "complex_polygon": {"path": paths}}]
    one = json.dumps(content)
    content["annotations"] = [{"name": "Lung", "polygon": {"path": path}} for path in paths]
    two = json.dumps(content).replace(CHILD, "person2_virus_1.jpeg")
    ignored = json.dumps(content).replace("Lung", "Ignore").replace(CHILD, "person3_virus_1.jpeg")
    files = {f"{k}.json": text.encode() for k, text in enumerate((one, two, ignored))}
    [made] = prepared(lungs.prepare_kermany, folder_of(tmp_path / "d", files))
    assert made.films == 2
    assert mask(made.folder / "person1_bacteria_1.png").mean() == pytest.approx(0.64 - 0.16, abs=0.01)
    assert mask(made.folder / "person2_virus_1.png").mean() == pytest.approx(0.64, abs=0.01)


def test_masks_have_the_form_of_the_real_ones(prepared, tmp_path):
    real = next((real_data() / "kermany_lungs").iterdir())
    contours, _ = cv2.findContours(mask(real).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    content = json.loads(darwin(f"{real.stem}.jpeg", (224, 224), lungs=0))
    content["annotations"] = [
        {"name": "Lung", "polygon": {"path": [{"x": int(x), "y": int(y)} for x, y in line[:, 0]]}} for line in contours
    ]
    [made] = prepared(lungs.prepare_kermany, folder_of(tmp_path / "d", {"1.json": json.dumps(content).encode()}))
    with Image.open(real) as one, Image.open(made.folder / real.name) as other:
        assert (one.mode, one.size, one.format) == (other.mode, other.size, other.format)
    assert (mask(real) != mask(made.folder / real.name)).mean() < 1e-3


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"{}", b'{"image": {}, "annotations": []}', b"[" * 100_000,
        darwin(CHILD, (0, 10)), darwin(CHILD, (10**6, 10**6)), darwin(CHILD).replace(b'"x": 20', b'"x": NaN'),
        darwin(CHILD).replace(b'"x": 20', b'"x": 1e300'), darwin(CHILD).replace(b'"x": 20', b'"x": "a"'),
    ],
)  # fmt: skip
def test_files_that_are_no_outline_are_left_out(prepared, tmp_path, content):
    files = {"bad.json": content, "good.json": darwin(CHILD), "none.json": darwin("person2_virus_1.jpeg", lungs=0)}
    [made] = prepared(lungs.prepare_kermany, folder_of(tmp_path / "d", files))
    assert (made.films, made.left_out) == (1, {"bad-outline": 1})


def adult_outlines():
    return {
        "1.json": darwin("b.jpeg", (600, 1200)), "2.json": darwin("A.png"), "3.json": darwin("child.jpeg"),
        "4.json": darwin("side.jpeg"), "5.json": darwin("ct.jpeg"), "6.json": darwin(CHILD),
    }  # fmt: skip


def test_adults(prepared, tmp_path):
    outlines = zip_of(tmp_path / "all-images.zip", adult_outlines())
    [made] = prepared(lungs.prepare_adult, folder_of(tmp_path / "films", covid_files()), outlines)
    assert (made.films, made.left_out) == (2, {})
    with (made.folder / "index.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert rows == [
        ["covid_0000", "A.png", "3", "", "", "AP Supine", "No Finding", ""],
        ["covid_0001", "b.jpeg", "2", "65", "M", "PA", "Pneumonia/Viral/COVID-19", "CC BY 4.0"],
    ]
    assert head == list(lungs.INDEX)
    unknown, man = adult_lungs(tmp_path / "out")
    assert (man.age_years, man.trainable, unknown.age_years, unknown.trainable) == (65, True, None, False)
    assert man.mask is not None
    assert cv2.imread(str(man.path), cv2.IMREAD_UNCHANGED).shape == mask(man.mask).shape == (256, 512)
    assert cv2.imread(str(unknown.path), cv2.IMREAD_UNCHANGED).shape == (100, 200)
    assert mask(man.mask)[5:38, 9:42].all()


def test_columns_are_those_of_the_real_folder():
    with (real_data() / "adult_lungs/index.csv").open(newline="") as file:
        assert list(lungs.INDEX) == next(csv.reader(file))


def test_adults_without_their_film(prepared, tmp_path):
    files = covid_files()
    del files["covid-chestxray-dataset/images/A.png"]
    outlines = adult_outlines() | {"1.json": darwin("b.jpeg", (600, 600))}
    place = folder_of(tmp_path / "films", files)
    with pytest.raises(UserError, match="No film for adult_lungs"):
        prepared(lungs.prepare_adult, place, folder_of(tmp_path / "outlines", outlines))
    with pytest.raises(UserError, match=r"all-images\.zip") as caught:
        prepared(lungs.prepare_adult, place)
    assert caught.value.code == "no-data"
    with pytest.raises(UserError, match=r"metadata\.csv is missing"):
        prepared(lungs.prepare_adult, folder_of(tmp_path / "outlines", outlines))
    assert not (tmp_path / "out/adult_lungs").exists()
