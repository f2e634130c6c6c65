"""Only enough films of another site, scored by the very weights, raise a bundle's evidence level."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import replace

import pytest

pytest.importorskip("sklearn")

from cxrdesk.api import DetectorSpec, Evidence
from cxrdesk.api.bundle import Bundle, write_bundle
from cxrdesk.evaluation import intervals
from cxrdesk.evaluation.external import FEWEST, raised
from cxrdesk.evaluation.report.content import content
from cxrdesk.imaging.errors import UserError
from tests import support
from tests.made_answers import measured, rows

WEIGHTS = b"weights"
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()
SPEC = support.detector_spec(
    weights_sha256=DIGEST,
    operating_points=(
        support.point(weights_sha256=DIGEST),
        support.point(name="sensitive", threshold=0.3, weights_sha256=DIGEST),
    ),
)


def bundle(tmp_path, spec=SPEC):
    return write_bundle(tmp_path / "bundle", spec, WEIGHTS, {}, evaluation={"left_out": []})


@pytest.fixture(scope="module")
def report():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "RESAMPLES", 20)
        return content([measured(rows(3 * FEWEST + 30), spec=SPEC, external=True)])


def test_the_level_and_the_points_become_those_of_the_other_site(tmp_path, report):
    path = bundle(tmp_path)
    before = Bundle(path).manifest
    raised(path, report)
    spec = DetectorSpec.from_bundle(path)
    assert spec.evidence is Evidence.EXTERNAL
    figures = report["detectors"][0]["findings"][0]["figures"]
    for point, old in zip(spec.operating_points, SPEC.operating_points, strict=True):
        told = next(item for item in figures["points"] if item["name"] == point.name)
        assert (point.sensitivity.value, point.specificity.n) == (
            told["sensitivity"]["value"],
            told["specificity"]["n"],
        )
        assert (point.threshold, point.preprocessing_sha256) == (old.threshold, old.preprocessing_sha256)
        assert "another site" in point.measured_on
    after = Bundle(path).manifest
    assert after["evaluation"]["before"]["operating_points"] == before["operating_points"]
    assert after["evaluation"]["before"]["evidence"] == "internal"
    assert after["evaluation"]["left_out"] == []
    assert Bundle(path).weights() == WEIGHTS
    assert [item.name for item in path.iterdir() if "part" in item.name] == []


def changed(report, **about):
    told = copy.deepcopy(report)
    told["detectors"][0] |= about
    return told


def finding(report, **about):
    told = copy.deepcopy(report)
    told["detectors"][0]["findings"][0] |= about
    return told


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda r: changed(r, weights_sha256="0" * 64), "other weights"),
        (lambda r: changed(r, id="another"), "other weights"),
        (lambda r: changed(r, films={"name": "x", "dataset": "x", "external": False}), "trained on"),
        (lambda r: finding(r, positives=FEWEST - 1), "too few films"),
        (lambda r: finding(r, films=2 * FEWEST - 1, positives=FEWEST), "too few films"),
        (lambda r: finding(r, figures=None), "too few films"),
        (lambda r: finding(r, no_call=["preprocessing-differs"]), "preprocessing-differs"),
    ],
)
def test_anything_else_changes_nothing(tmp_path, report, change, says):
    path = bundle(tmp_path)
    before = (path / "bundle.json").read_bytes()
    with pytest.raises(UserError, match=says) as caught:
        raised(path, change(report))
    assert caught.value.code == "not-raised"
    assert (path / "bundle.json").read_bytes() == before


@pytest.mark.parametrize("level", [Evidence.SYNTHETIC, Evidence.EXTERNAL])
def test_nothing_raises_these(tmp_path, report, level):
    path = bundle(tmp_path, replace(SPEC, evidence=level))
    with pytest.raises(UserError, match=f"it is {level}"):
        raised(path, report)


def test_an_unmeasured_bundle_can_be_raised(tmp_path, report):
    path = bundle(tmp_path, replace(SPEC, evidence=Evidence.UNMEASURED))
    raised(path, finding(report, no_call=["evidence-unmeasured"]))
    assert DetectorSpec.from_bundle(path).evidence is Evidence.EXTERNAL


def test_a_zip_is_told(tmp_path, report):
    (tmp_path / "bundle.zip").write_bytes(b"")
    with pytest.raises(UserError, match="unpack it"):
        raised(tmp_path / "bundle.zip", report)


def test_simulated_films_raise_nothing(tmp_path, report):
    films = report["detectors"][0]["films"] | {"simulated": 200}
    with pytest.raises(UserError, match="simulated films"):
        raised(bundle(tmp_path), changed(report, films=films))
