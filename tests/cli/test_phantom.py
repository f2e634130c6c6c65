"""``cxrdesk phantom``: films, masks and truth, the same for the same seed; mistakes in one sentence."""

from __future__ import annotations

import csv
import json

import cv2
import numpy as np
import pydicom
import pytest

from cxrdesk.api.terms import FINDINGS
from cxrdesk.evaluation.labelled import labelled
from cxrdesk.imaging.phantom import batch, findings, neck
from cxrdesk.imaging.radiograph import Projection, View
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.imaging.resources import resource

SMALL = ["--size", "96"]


def produced(cli, out, *given):
    result = cli("phantom", "--out", out, *SMALL, *given)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == str(out)
    with (out / "labels.csv").open() as file:
        return list(csv.DictReader(file)), json.loads((out / "truth.json").read_text())


def test_a_study_of_two_films_with_findings(cli, tmp_path):
    out = tmp_path / "new" / "films"
    rows, truth = produced(
        cli, out, "--kind", "chest-pa", "--kind", "chest-lateral", "--finding", "effusion=0.7", "--finding", "edema",
        "--count", "2", "--seed", "5", "--format", "both",
    )  # fmt: skip
    assert len(rows) == len(truth["films"]) == 4
    head = ["file", "patient", "study", "view", "age_years", "sex", "effusion", "edema"]
    assert list(rows[0]) == head
    assert [row["view"] for row in rows] == [film["kind"] for film in truth["films"]]
    assert [row["view"] for row in rows] == ["chest-pa", "chest-lateral"] * 2
    assert {(row["effusion"], row["edema"]) for row in rows} == {("1", "1")}
    severities = {item["name"]: item["severity"] for film in truth["films"] for item in film["findings"]}
    assert severities["effusion"] == 0.7
    assert 0.3 <= severities["edema"] <= 1
    datasets = [pydicom.dcmread(out / row["file"]) for row in rows]
    front, side, other, _ = datasets
    assert front.StudyInstanceUID == side.StudyInstanceUID != other.StudyInstanceUID
    assert front.PatientID == side.PatientID != other.PatientID
    assert len({ds.SOPInstanceUID for ds in datasets}) == len({ds.SeriesInstanceUID for ds in datasets}) == 4
    assert side.PatientOrientation == ["P", "F"]
    film = read_radiograph(out / rows[1]["file"])
    assert film.view.projection is Projection.LATERAL
    assert film.source == "phantom"
    # The masks are the truth that is told.
    for told in truth["films"]:
        stem = told["file"].removeprefix("films/").removesuffix(".dcm")
        assert {item["name"] for item in told["findings"]} == {"effusion", "edema"}
        for name, pixels in told["mask_pixels"].items():
            path = out / "masks" / f"{stem}-{name}.png"
            assert path.exists() == (pixels > 0)
            if pixels:
                assert (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) == 255).sum() == pixels
    assert 0.3 < truth["films"][0]["cardiothoracic_ratio"] < 0.8
    assert truth["films"][0]["findings"][0]["side"] == truth["films"][1]["findings"][0]["side"]


def test_equal_seeds_give_equal_films_with_any_number_of_processes(cli, tmp_path):
    given = ["--kind", "child-ap", "--finding", "opacity", "--count", "9", "--seed", "3", "--format", "png"]
    one, two = (tmp_path / name for name in ("one", "two"))
    produced(cli, one, *given, "--workers", "1")
    produced(cli, two, *given, "--workers", "2")
    files = sorted(path.relative_to(one) for path in one.rglob("*.*"))
    assert len(files) > 20
    for file in files:
        assert (one / file).read_bytes() == (two / file).read_bytes()
    third = tmp_path / "three"
    produced(cli, third, *given[:-3], "4", "--format", "png", "--count", "1")
    assert (third / "films/000000-child-ap.png").read_bytes() != (one / "films/000000-child-ap.png").read_bytes()


def test_prevalence_labels_some(cli, tmp_path):
    rows, truth = produced(
        cli, tmp_path / "out", "--finding", "pneumothorax", "--prevalence", "0.5", "--count", "12", "--workers", "1"
    )
    labels = [int(row["pneumothorax"]) for row in rows]
    assert 0 < sum(labels) < 12
    assert [len(film["findings"]) for film in truth["films"]] == labels


@pytest.mark.parametrize("kind", ["neck-ap", "hand", "hip"])
def test_other_parts(cli, tmp_path, kind):
    extra = ["--finding", "subglottic_narrowing=0.8"] if kind == "neck-ap" else []
    rows, _ = produced(cli, tmp_path / "out", "--kind", kind, *extra)
    film = read_radiograph(tmp_path / "out" / rows[0]["file"])
    assert film.view.body_part == kind.partition("-")[0]
    if extra:
        assert list((tmp_path / "out" / "masks").glob("*-subglottic_narrowing.png"))


def test_a_gallery_beside_other_films(cli, tmp_path):
    folder = tmp_path / "others"
    folder.mkdir()
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((60, 70), 80 * number, np.uint8))
    sheet = tmp_path / "sheet.png"
    result = cli("phantom", "--gallery", sheet, "--beside", folder, "--count", "3", *SMALL)
    assert result.exit_code == 0, result.stderr
    picture = cv2.imread(str(sheet), cv2.IMREAD_GRAYSCALE)
    assert picture.shape == (2 * 162, 3 * 162)
    assert picture[:160, :160].std() > 20
    assert {int(picture[200, x]) for x in (80, 240, 400)} == {0, 80, 160}


def test_no_phantom_is_lost_beside_few_films_and_broken_ones(cli, tmp_path):
    folder = tmp_path / "others"
    folder.mkdir()
    for number in range(3):
        (folder / f"broken{number}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    cv2.imwrite(str(folder / "whole.png"), np.full((60, 70), 80, np.uint8))
    sheet = tmp_path / "sheet.png"
    result = cli("phantom", "--gallery", sheet, "--beside", folder, "--count", "11", "--workers", "1", *SMALL)
    assert result.exit_code == 0, result.stderr
    picture = cv2.imread(str(sheet), cv2.IMREAD_GRAYSCALE)
    assert picture.shape == (3 * 162, 10 * 162)
    assert picture[162:322, :160].min() == picture[162:322, :160].max() == 80
    assert picture[324:484, :160].std() > 20
    for path in folder.glob("whole*"):
        path.unlink()
    result = cli("phantom", "--gallery", tmp_path / "next.png", "--beside", folder, *SMALL)
    assert result.exit_code == 3
    assert "holds no film that can be read" in result.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--kind", "foot"], "chest-lateral"),
        (["--finding", "measles"], "pneumothorax"),
        (["--finding", "edema=2"], "at most 1"),
        (["--finding", "edema=much"], "must be a number"),
        (["--finding", "edema", "--finding", "edema"], "once"),
        (["--kind", "hand", "--finding", "edema"], "no finding of hand"),
        (["--variant", "wild"], "mild, strong, varied"),
        (["--prevalence", "2"], "0 to 1"),
        (["--size", "10"], "64 to 4096"),
        (["--gallery", "sheet.txt"], ".png or .jpg"),
        (["--gallery", ""], ".png or .jpg"),
        (["--gallery", "sheet.png", "--count", "2001"], "2000"),
        (["--kind", "child-ap", "--kind", "chest-pa"], "one person"),
        (["--kind", "child-ap", "--kind", "neck-ap"], "one person"),
        (["--count", str(10**30)], "GB free"),
        (["--beside", "."], "--gallery"),
    ],
)
def test_mistakes_are_one_sentence_and_leave_nothing(cli, tmp_path, given, said):
    out = tmp_path / "out"
    result = cli("phantom", "--out", out, *given)
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert said in line
    assert not out.exists()


def test_ranges_that_cannot_be_drawn_from_leave_nothing(cli, tmp_path):
    text = resource("phantom/randomisation.toml").read_text(encoding="utf-8")
    (tmp_path / "own.toml").write_text(text.replace("gamma = [0.75, 1.2]", "gamma = 1"), encoding="utf-8")
    result = cli("phantom", "--out", tmp_path / "out", "--ranges", tmp_path / "own.toml", *SMALL)
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    assert "mild.exposure.gamma in own.toml must be a pair of numbers" in line
    assert not (tmp_path / "out").exists()


def test_a_folder_that_holds_phantoms_is_left_alone(cli, tmp_path):
    out = tmp_path / "out"
    produced(cli, out)
    before = {path: path.read_bytes() for path in out.rglob("*.*")}
    result = cli("phantom", "--out", out, *SMALL, "--seed", "9")
    assert result.exit_code == 2
    assert "holds films and masks and labels.csv and truth.json already" in result.stderr
    assert {path: path.read_bytes() for path in out.rglob("*.*")} == before
    assert cli("phantom").exit_code == 2


def test_evaluation_takes_the_folder_as_it_is(cli, tmp_path):
    out = tmp_path / "out"
    produced(
        cli, out, "--kind", "chest-pa", "--kind", "chest-lateral", "--finding", "effusion", "--prevalence", "0.5",
        "--count", "4", "--seed", "1", "--format", "png",
    )  # fmt: skip
    rows = list(labelled(out).values())
    assert [row.labels["effusion"] for row in rows[::2]] == [row.labels["effusion"] for row in rows[1::2]]
    assert {row.labels["effusion"] for row in rows} == {0, 1}
    assert [row.study for row in rows[::2]] == [row.study for row in rows[1::2]]
    assert len({row.study for row in rows}) == 4
    assert rows[1].view == View(body_part="chest", projection=Projection.LATERAL)
    for row in rows:
        assert (row.mask.is_file(), row.mask.name) == (True, f"{row.path.stem}-lungs.png")
        assert set(row.finding_masks) == ({"effusion"} if row.labels["effusion"] else set())
        assert all(mask.is_file() for mask in row.finding_masks.values())


def test_a_png_says_that_it_is_simulated(cli, tmp_path):
    rows, _ = produced(cli, tmp_path / "out", "--format", "png")
    path = tmp_path / "out" / rows[0]["file"]
    assert read_radiograph(path).source == "phantom"
    cv2.imwrite(str(tmp_path / "copied.png"), cv2.imread(str(path), cv2.IMREAD_UNCHANGED))
    assert read_radiograph(tmp_path / "copied.png").source == "raster"


def test_every_finding_of_a_phantom_is_a_known_term():
    assert {*findings.FINDINGS, neck.SubglotticNarrowing.name} <= set(FINDINGS)


def test_films_of_one_patient_are_of_one_person(cli, tmp_path):
    kinds = [word for kind in ("chest-pa", "chest-ap", "chest-lateral", "hand", "hip") for word in ("--kind", kind)]
    rows, _ = produced(cli, tmp_path / "out", *kinds, "--count", "3", "--seed", "2", "--workers", "1")
    people = {(row["patient"], row["age_years"], row["sex"]) for row in rows}
    assert len(people) == len({row["patient"] for row in rows}) == 3
    assert all(float(age) >= 20 and sex in ("M", "F") for _, age, sex in people)


@pytest.mark.parametrize("name", ["films", "masks"])
def test_an_interrupted_run_is_not_mixed_with_another(cli, tmp_path, name):
    out = tmp_path / "out"
    (out / name).mkdir(parents=True)
    (out / name / "000000-chest-pa.dcm").write_bytes(b"")
    result = cli("phantom", "--out", out, *SMALL)
    assert result.exit_code == 2
    assert f"holds {name} already" in result.stderr
    assert len(list(out.rglob("*"))) == 2
    (out / name / "000000-chest-pa.dcm").unlink()
    produced(cli, out)


def test_somebody_s_own_table_is_not_called_phantoms(cli, tmp_path):
    (tmp_path / "labels.csv").write_text("file,patient,pneumonia\n", encoding="utf-8")
    result = cli("phantom", "--out", tmp_path, *SMALL)
    assert result.exit_code == 2
    assert "holds labels.csv already" in result.stderr
    assert "phantom" not in result.stderr.replace(str(tmp_path), "")


def test_a_run_that_ends_early_leaves_no_table(tmp_path):
    order = batch.Order(size=96)
    rows = batch.recorded(batch.produce(order, 3, tmp_path), order, tmp_path)
    next(rows)
    rows.close()
    assert not (tmp_path / "labels.csv").exists()
    assert not (tmp_path / "truth.json").exists()


def test_films_are_computed_as_they_are_asked_for():
    """A count that no list could hold."""
    rows = batch.produce(batch.Order(size=96), 10**12)
    assert next(rows).labels["patient"] == "0-000000"


@pytest.mark.parametrize("option", ["--out", "--gallery"])
def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_computed(cli, tmp_path, monkeypatch, option):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(batch, "produce", lambda *given, **about: pytest.fail("computed"))
    monkeypatch.chdir(tmp_path)
    for place in ("file/new/sheet.png", f"{'x' * 300}/sheet.png"):
        result = cli("phantom", option, place, *SMALL)
        assert result.exit_code == 2
        [line] = result.stderr.splitlines()
        assert option in line
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == ["file"]


def test_an_empty_folder_name_is_not_the_current_folder(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = cli("phantom", "--out", "", *SMALL)
    assert result.exit_code == 2
    assert "--out is empty" in result.stderr
    assert not (tmp_path / "films").exists()


def test_a_gallery_that_is_there_is_left_alone(cli, tmp_path):
    sheet = tmp_path / "mine.png"
    sheet.write_bytes(b"mine")
    result = cli("phantom", "--gallery", sheet, *SMALL)
    assert result.exit_code == 2
    assert "exists already" in result.stderr
    assert sheet.read_bytes() == b"mine"


def test_a_full_disk_is_one_sentence(cli, tmp_path, monkeypatch):
    def full(*given, **about):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(batch, "_made", full)
    result = cli("phantom", "--out", tmp_path / "out", *SMALL)
    assert result.exit_code == 1
    [line] = result.stderr.splitlines()
    assert "No space left on device" in line
