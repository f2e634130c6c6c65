"""``cxrdesk evaluate`` over a small data set with known answers."""

from __future__ import annotations

import hashlib
import json
import re

import cv2
import numpy as np
import pytest

from cxrdesk.api import Estimate, Prediction
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
