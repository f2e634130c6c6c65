"""Specs through JSON and back; what is none is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cxrdesk.api import Calibration, DetectorSpec, Evidence, FilmScope, SegmenterSpec
from cxrdesk.discovery.plain import decoded, encoded
from tests.support import detector_spec, estimate, segmenter_spec

ISOTONIC = Calibration(method="isotonic", curve=((0.0, 0.1), (0.4, 0.5), (1.0, 0.9)), fitted_on="films\nof children")
DETECTOR = detector_spec(
    calibration={"pneumonia": ISOTONIC}, prevalence={"pneumonia": 0.25}, bundle=Path("/a/bundle"), requires=("lungs",)
)
SEGMENTER = segmenter_spec(dice={"children": estimate()}, evidence=Evidence.EXTERNAL)


@pytest.mark.parametrize(
    "spec",
    [DETECTOR, SEGMENTER, detector_spec(saliency=None, operating_points=()), replace(DETECTOR, licence="…" * 100)],
)
def test_specs_come_back_equal(spec):
    told = json.loads(json.dumps(encoded(spec), allow_nan=False))
    got = decoded(type(spec), told)
    assert got == spec
    assert type(got.scope.films) is tuple
    assert type(got.evidence) is Evidence


def test_every_installed_bundle_comes_back_equal(repository):
    bundles = sorted((repository / "plugins").glob("*/src/*/bundle/bundle.json"))
    assert bundles
    for path in bundles:
        kind = DetectorSpec if json.loads(path.read_text())["kind"] == "detector" else SegmenterSpec
        spec = kind.from_bundle(path.parent)
        assert decoded(kind, json.loads(json.dumps(encoded(spec)))) == spec


def changed(**parts):
    return encoded(DETECTOR) | parts


@pytest.mark.parametrize(
    "told",
    [
        None, [], "text", 3, {},
        changed(extra=1),
        changed(id=3), changed(id="Not An Id"), changed(id=None), changed(name="\x1b[31m"), changed(name="a\u202eb"),
        changed(looks_for="x" * 10_001), changed(version=["1"]), changed(name="\ud800"),
        changed(evidence="certified"), changed(evidence=["internal"]),
        changed(findings="pneumonia"), changed(findings=[]), changed(findings=["sadness"]), changed(findings=[["a"]]),
        changed(findings=["pneumonia"] * 20_000),
        changed(prevalence={"pneumonia": "much"}), changed(prevalence={"pneumonia": float("nan")}),
        changed(prevalence=[]), changed(prevalence={"pneumonia": True}), changed(prevalence={"pneumonia": 10**400}),
        changed(scope={"views": ["chest-ap"], "age_years": [1]}),
        changed(scope={"views": ["chest-ap"], "films": [1.5, 2]}),
        changed(scope={"views": [3]}), changed(scope={"views": ["chest-ap"], "stated_view": 1}),
        changed(input={"size": [16, 16], "std": 0}), changed(input={"size": [16]}),
        changed(saliency={"method": "x", "reference": {"pneumonia": -1}}),
        changed(calibration={"pneumonia": {"method": "platt", "slope": -1}}),
        changed(operating_points=[{}]), changed(bundle=3),
        {key: value for key, value in changed().items() if key != "scope"},
    ],
)  # fmt: skip
def test_what_is_no_spec_is_refused(told):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
        decoded(DetectorSpec, told)


def test_whole_numbers_serve_where_fractions_are_meant():
    scope = decoded(FilmScope, {"views": ["chest-ap"], "age_years": [1, 6]})
    assert scope.age_years == (1.0, 6.0)
    assert type(scope.age_years[0]) is float
