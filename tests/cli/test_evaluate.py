"""``cxrdesk evaluate`` over a small data set with known answers."""

from __future__ import annotations

import hashlib
import json
import re

import cv2
import numpy as np
import pytest

from cxrdesk.api import Estimate, FilmScope, Prediction
from cxrdesk.api.bundle import write_bundle
from cxrdesk.evaluation.datasets import kermany
from tests import support

pytest.importorskip("sklearn", reason="figures need the extra 'train'")
pytest.importorskip("scipy", reason="figures need the extra 'train'")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Children's films: bright ones are normal, dark ones ill, and every tenth the other way round."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for i in range(240):
        ill = i % 2 == 0
        bright = ill == (i % 20 < 2)
        name = f"PNEUMONIA/person{i}_bacteria_{i}.jpeg" if ill else f"NORMAL/IM-{i:04d}-0001.jpeg"
        path = folder / "kermany" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        level = 170 if bright else 70
        cv2.imwrite(str(path), (level + rng.normal(0, 10, (160, 150))).astype(np.uint8))
    return folder


class Dark(support.Spy):
    """The darker, the likelier."""

    def prepare(self, films, masks):
        self.mean = float(films[0].pixels.mean())
        return super().prepare(films, masks)

    def predict(self, inputs):
        return Prediction(probabilities={"pneumonia": 1 - self.mean / 255})


PLAIN = support.detector_spec(calibration={}, saliency=None)


def test_figures_are_those_of_the_films(cli, installed, data):
    installed(support.spying(Dark, spec=PLAIN))
    result = cli("evaluate", "test-detector", "--data", data, "--json")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    content = json.loads(result.stdout)
    [measured] = content["evaluated"]
    point = measured["tables"][0]["points"]["balanced"]
    rows = [row for row in kermany(data) if row.split == "report"]
    numbers = [int(re.search(r"\d+", row.path.name)[0]) for row in rows]
    right = sum(number % 20 >= 2 for number in numbers)
    assert point["films"] == len(rows) > 20
    assert point["positives"] == sum(row.labels["pneumonia"] for row in rows)
    assert point["accuracy"]["value"] == pytest.approx(right / len(rows))
    table = cli("evaluate", "test-detector", "--data", data).stdout
    for key in ("auc", "sensitivity", "specificity", "balanced_accuracy", "calibration_error"):
        share = point[key]
        assert f"{share['value']:.3f} ({share['low']:.3f} to {share['high']:.3f})" in " ".join(table.split())
    assert "95 % confidence" in table


def test_a_bundle_by_its_path(cli, installed, data, tmp_path):
    installed(support.spying(Dark, spec=PLAIN))
    weights = b"other weights"
    digest = hashlib.sha256(weights).hexdigest()
    other = support.detector_spec(
        calibration={}, saliency=None, weights_sha256=digest, operating_points=(), version="7.7"
    )
    bundle = write_bundle(tmp_path / "bundle", other, weights, {})
    result = cli("evaluate", bundle, "--data", data, "--json")
    assert result.exit_code == 0, result.stderr
    [measured] = json.loads(result.stdout)["evaluated"]
    assert (measured["version"], measured["weights_sha256"]) == ("7.7", digest)
    assert list(measured["tables"][0]["points"]) == ["0.5"]


def test_film_check(cli, installed, data, monkeypatch):
    installed()
    rate = Estimate(value=0.01, low=0.001, high=0.03, n=200)
    told = {"split": "report", "false_refusals": {"in scope": rate}, "refused": rate, "kinds": {"hip": rate}}
    monkeypatch.setattr("cxrdesk.evaluation.film_check.refusal_rates", lambda folder: told)
    result = cli("evaluate", "film-check", "--data", data)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.count("0.010 (0.001 to 0.030)") == 3
    content = json.loads(cli("evaluate", "film-check", "--data", data, "--json").stdout)
    assert content["evaluated"][0]["table"]["kinds"]["hip"] == {"value": 0.01, "low": 0.001, "high": 0.03, "n": 200}


def test_an_unknown_name_lists_the_known(cli, usual, data):
    result = cli("evaluate", "pneumoniae", "--data", data)
    assert result.exit_code == 2
    [told] = result.stderr.splitlines()
    assert "film-check, test-lungs, test-detector" in told


def test_one_without_data_does_not_stop_the_other(cli, installed, data):
    """The outlines' adults are missing here."""
    installed(support.HalfLungs, support.spying(Dark, spec=PLAIN))
    result = cli("evaluate", "test-lungs", "test-detector", "--data", data, "--json")
    assert result.exit_code == 1
    [told] = result.stderr.splitlines()
    assert told.startswith("test-lungs: ")
    assert "index.csv" in told
    content = json.loads(result.stdout)
    assert [item["name"] for item in content["evaluated"]] == ["test-detector"]
    assert content["failures"][0]["code"] == "no-data"
    assert cli("evaluate", "test-lungs", "--data", data).exit_code == 3


def test_a_missing_extra_is_one_sentence(cli, usual, data, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    result = cli("evaluate", "test-detector", "--data", data)
    assert result.exit_code == 2
    assert "pip install 'cxrdesk[train]'" in result.stderr


def test_a_folder_that_is_no_bundle(cli, usual, data):
    result = cli("evaluate", data, "--data", data)
    assert result.exit_code == 2
    assert "bundle.json" in result.stderr


@pytest.fixture
def site(data, tmp_path):
    """The same films as from another site, with one that is missing and one that ends early."""
    rows = [row for row in kermany(data) if row.split == "report"]
    lines = ["file,patient,pneumonia,view,age_years,sex"]
    for k, row in enumerate(rows):
        (tmp_path / "site").mkdir(exist_ok=True)
        (tmp_path / "site" / f"{k}.jpeg").write_bytes(row.path.read_bytes())
        lines.append(f"{k}.jpeg,Quixotella{k},{row.labels['pneumonia']},chest-ap,3,{'MF'[k % 2]}")
    broken = tmp_path / "site" / "broken.jpeg"
    broken.write_bytes((tmp_path / "site" / "0.jpeg").read_bytes()[:900])
    lines += ["gone.jpeg,Quixotella-gone,1,chest-ap,3,M", "broken.jpeg,Quixotella-broken,0,chest-ap,3,F"]
    lines.append("adult.jpeg,Quixotella-adult,0,chest-ap,50,F")
    (tmp_path / "site" / "adult.jpeg").write_bytes((tmp_path / "site" / "1.jpeg").read_bytes())
    (tmp_path / "site" / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "site"


@pytest.fixture
def few_resamples(monkeypatch):
    pytest.importorskip("matplotlib.font_manager", reason="reports need the extra 'train'")
    monkeypatch.setattr("cxrdesk.evaluation.intervals.RESAMPLES", 40)


def test_a_report_of_two_bundles_on_another_sites_films(cli, installed, site, tmp_path, few_resamples):
    installed(support.HalfLungs, support.spying(Dark, spec=PLAIN))
    weights = b"other weights"
    digest = hashlib.sha256(weights).hexdigest()
    estimate = {"value": 0.99, "low": 0.98, "high": 1.0, "n": 300}
    table = {"finding": "pneumonia", "points": {"balanced": {"auc": estimate}}}
    spec = support.detector_spec(calibration={}, saliency=None, weights_sha256=digest, version="7.7")
    bundle = write_bundle(tmp_path / "bundle", spec, weights, {}, evaluation={"table": table})
    out = tmp_path / "out"
    result = cli("evaluate", "test-detector", bundle, "test-lungs", "--data", site, "--report", out, "--json")
    assert result.exit_code == 1, result.stderr
    assert f"The report is {out / 'report.html'}." in result.stderr
    printed = json.loads(result.stdout)
    told = json.loads((out / "report.json").read_text(encoding="ascii"))
    first, second = told["detectors"]
    assert (first["name"], second["name"]) == ("test-detector", str(bundle))
    assert second["weights_sha256"] == digest
    assert first["films"]["external"]
    reasons = {(item["status"], item["code"]): item["films"] for item in first["counts"]["reasons"]}
    assert reasons == {("unreadable", "missing-file"): 1, ("unreadable", "truncated"): 1, ("refused", "too-old"): 1}
    assert first["counts"]["scored"] + 3 == first["counts"]["films"]
    # The table on stdout and the report are of one run.
    auc = printed["evaluated"][0]["tables"][0]["points"]["balanced"]["auc"]
    assert first["findings"][0]["figures"]["auc"] == auc
    drops = [item["findings"][0]["figures"]["drop"] for item in (first, second)]
    assert drops[0] is None
    assert drops[1]["difference"] == pytest.approx(0.99 - auc["value"])
    [comparison] = told["comparisons"]
    assert (comparison["films"], comparison["difference"]["p"]) == (first["counts"]["scored"], None)
    assert [item["name"] for item in told["failures"]] == ["test-lungs"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "External validation: the bundle" in page
    assert "data:image/jpeg;base64," in page
    assert "Quixotella" not in page + json.dumps(told) + result.stdout + result.stderr


def test_each_film_is_scored_once_for_tables_and_report(cli, installed, data, tmp_path, few_resamples):
    model = support.spying(support.Spy, spec=PLAIN)
    installed(model)
    result = cli("evaluate", "test-detector", "--data", data, "--report", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    films = sum(row.split == "report" for row in kermany(data))
    assert model.calls.count("predict") == films
    told = json.loads((tmp_path / "out" / "report.json").read_text(encoding="ascii"))
    assert told["detectors"][0]["films"] == {
        "name": "report split",
        "dataset": "kermany",
        "external": False,
        "simulated": 0,
    }


def test_one_class_only_is_one_sentence_and_a_report(cli, installed, site, tmp_path, few_resamples):
    installed(support.spying(Dark, spec=PLAIN))
    table = site / "labels.csv"
    table.write_text(re.sub(r",0,chest", ",1,chest", table.read_text(encoding="utf-8")), encoding="utf-8")
    result = cli("evaluate", "test-detector", "--data", site, "--report", tmp_path / "out")
    assert result.exit_code == 3
    assert "films with the finding and without" in result.stderr.splitlines()[0]
    told = json.loads((tmp_path / "out" / "report.json").read_text(encoding="ascii"))
    assert told["detectors"][0]["findings"][0]["problem"]["code"] == "one-class"
    assert told["failures"][0]["code"] == "one-class"


def test_a_table_with_a_mistake_is_one_sentence(cli, installed, site):
    installed(support.spying(Dark, spec=PLAIN))
    table = site / "labels.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",1,chest", ",nan,chest"), encoding="utf-8")
    result = cli("evaluate", "test-detector", "--data", site)
    assert result.exit_code == 3
    [told] = result.stderr.splitlines()
    assert "labels.csv has 'nan' for pneumonia" in told


def test_a_report_folder_that_cannot_be_written_is_told_before_anything_runs(cli, installed, data, tmp_path):
    model = support.spying(Dark, spec=PLAIN)
    installed(model)
    (tmp_path / "file").write_text("in the way")
    result = cli("evaluate", "test-detector", "--data", data, "--report", tmp_path / "file" / "out")
    assert result.exit_code == 2
    assert "--report" in result.stderr
    assert model.calls == []


def test_a_full_disk_is_one_sentence(cli, installed, data, tmp_path, monkeypatch, few_resamples):
    installed(support.spying(Dark, spec=PLAIN))

    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cxrdesk.evaluation.report.files.write_report", full)
    result = cli("evaluate", "test-detector", "--data", data, "--report", tmp_path / "out")
    assert result.exit_code == 1
    assert "No space left on device" in result.stderr
    assert "balanced" in result.stdout


def test_a_report_without_its_extra_is_told_before_anything_runs(cli, installed, data, tmp_path, monkeypatch):
    import sys

    model = support.spying(Dark, spec=PLAIN)
    installed(model)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = cli("evaluate", "test-detector", "--data", data, "--report", tmp_path / "out")
    assert result.exit_code == 2
    assert "A report needs matplotlib" in result.stderr
    assert model.calls == []


def test_simulated_films_are_told_and_other_labels_named(cli, installed, tmp_path, few_resamples):
    out = tmp_path / "films"
    made = cli("phantom", "--finding", "opacity", "--prevalence", "0.5", "--count", "26", "--seed", "3",
               "--size", "130", "--workers", "1", "--out", out)  # fmt: skip
    assert made.exit_code == 0, made.stderr
    model = support.spying(Dark, spec=PLAIN)
    installed(model)
    result = cli("evaluate", "test-detector", "--data", out)
    assert result.exit_code == 3
    [told] = result.stderr.splitlines()
    assert "it looks for pneumonia, and the films have labels of opacity" in told
    assert model.calls == []
    scope = FilmScope(views=("chest-pa",))
    fitting = support.detector_spec(
        calibration={}, saliency=None, findings=("opacity",), operating_points=(), scope=scope
    )

    class Opaque(Dark):
        def predict(self, inputs):
            return Prediction(probabilities={"opacity": 1 - self.mean / 4096})

    installed(support.spying(Opaque, spec=fitting))
    result = cli("evaluate", "test-detector", "--data", out, "--report", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert "simulated films" in " ".join(result.stdout.split())
    [detector] = json.loads((tmp_path / "out" / "report.json").read_text(encoding="ascii"))["detectors"]
    assert detector["films"] == {
        "name": "labels.csv, simulated films",
        "dataset": "films",
        "external": False,
        "simulated": 26,
    }
    assert detector["findings"][0]["figures"]["drop"] is None
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "26 are simulated films" in page
    assert "External validation" not in page


def test_a_failed_run_leaves_the_last_report(cli, installed, site, tmp_path, few_resamples):
    out = tmp_path / "out"
    installed(support.spying(Dark, spec=PLAIN))
    cli("evaluate", "test-detector", "--data", site, "--report", out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert set(before) == {"report.html", "report.json"}
    (site / "labels.csv").write_text("file,patient,opacity\n0.jpeg,p,1\n", encoding="utf-8")
    result = cli("evaluate", "test-detector", "--data", site, "--report", out)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "The report is" not in result.stderr
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_few_films_give_no_figures(cli, installed, site, tmp_path, few_resamples):
    installed(support.spying(Dark, spec=PLAIN))
    table = site / "labels.csv"
    head, *lines = table.read_text(encoding="utf-8").splitlines()
    few = [line for label in (",0,chest", ",1,chest") for line in [line for line in lines if label in line][:4]]
    table.write_text("\n".join([head, *few]) + "\n", encoding="utf-8")
    result = cli("evaluate", "test-detector", "--data", site, "--report", tmp_path / "out")
    assert result.exit_code == 3
    assert "too small: " in result.stderr.splitlines()[0]
    assert "1.000" not in result.stdout
    [detector] = json.loads((tmp_path / "out" / "report.json").read_text(encoding="ascii"))["detectors"]
    assert detector["findings"][0]["problem"]["code"] == "too-small"


def test_the_table_says_the_evidence_level_and_the_thresholds(cli, installed, data):
    installed(support.spying(Dark, spec=PLAIN))
    printed = " ".join(cli("evaluate", "test-detector", "--data", data).stdout.split())
    assert "evidence level internal" in printed
    assert "balanced: 0.500 and above" in printed
