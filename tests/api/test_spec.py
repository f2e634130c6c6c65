from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from cxrdesk.api import Calibration, Estimate, FilmScope, InputSpec, Projection, Saliency, View
from cxrdesk.api.spec import parse_view, view_name
from cxrdesk.api.version import API_VERSION, refusal
from tests.support import detector_spec, point, segmenter_spec


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Upper-Case"},
        {"id": "two--hyphens"},
        {"id": "blank space"},
        {"id": ""},
        {"version": ""},
        {"name": ""},
        {"looks_for": ""},
        {"requires": ("heart-of-gold",)},
        {"input": InputSpec(size=(16, 16), region="lungs")},
        {"findings": ()},
        {"findings": ("pneumonia", "pneumonia")},
        {"findings": ("pnuemonia",)},
        {"operating_points": (point(), point(threshold=0.7))},
        {"operating_points": (point(finding="pneumothorax"),)},
        {"calibration": {"pneumothorax": Calibration()}},
        {"prevalence": {"pneumothorax": 0.1}},
        {"saliency": Saliency(method="test", reference={"pneumothorax": 1.0})},
    ],
)
def test_a_detector_spec_is_refused(changes):
    with pytest.raises(ValueError, match=r"\w"):
        replace(detector_spec(), **changes)


def test_a_detector_spec_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        detector_spec().id = "other"


def test_a_region_needs_its_mask():
    region = InputSpec(size=(16, 16), region="lungs")
    assert replace(detector_spec(), input=region, requires=("lungs",)).input.region == "lungs"


def test_a_segmenter_outlines_a_known_structure():
    with pytest.raises(ValueError, match="unknown structure"):
        segmenter_spec(structure="spleen")


@pytest.mark.parametrize("reference", [0.0, -1.0, float("nan"), float("inf")])
def test_a_saliency_reference_is_above_zero(reference):
    with pytest.raises(ValueError, match="above 0"):
        Saliency(method="test", reference={"pneumonia": reference})


@pytest.mark.parametrize(
    "changes",
    [
        {"views": ()},
        {"views": ("chest",)},
        {"views": ("Chest-AP",)},
        {"views": ("chest-upwards",)},
        {"age_years": (6.0, 1.0)},
        {"age_years": (-1.0, 1.0)},
        {"films": (0, 1)},
        {"films": (2, 1)},
    ],
)
def test_a_scope_is_refused(changes):
    with pytest.raises(ValueError, match=r"\w"):
        FilmScope(**({"views": ("chest-ap",)} | changes))


AP, PA, FRONTAL, LATERAL = Projection.AP, Projection.PA, Projection.FRONTAL, Projection.LATERAL


@pytest.mark.parametrize(
    ("views", "part", "projection", "admitted"),
    [
        (("chest-ap",), "chest", AP, True),
        (("chest-ap",), "chest", PA, False),
        (("chest-ap",), "chest", FRONTAL, False),
        (("chest-ap", "chest-pa"), "chest", FRONTAL, True),
        (("chest-frontal",), "chest", FRONTAL, True),
        (("chest-frontal",), "chest", AP, True),
        (("chest-frontal",), "chest", PA, True),
        (("chest-frontal",), "chest", LATERAL, False),
        (("chest-frontal",), "chest", None, False),
        (("chest-frontal",), None, AP, False),
        (("chest-frontal",), None, None, False),
        (("chest-lateral",), "chest", LATERAL, True),
        (("neck-lateral",), "chest", LATERAL, False),
        (("neck-ap", "chest-ap"), "neck", AP, True),
        (("neck-ap", "chest-pa"), "neck", FRONTAL, False),
    ],
)
def test_views_that_a_scope_admits(views, part, projection, admitted):
    assert FilmScope(views=views).admits(View(body_part=part, projection=projection)) is admitted


@pytest.mark.parametrize("name", ["chest-ap", "chest-pa", "neck-lateral", "chest-frontal", "hip"])
def test_view_names_round_trip(name):
    assert view_name(parse_view(name)) == name


@pytest.mark.parametrize("values", [(0.5, 0.6, 0.7), (0.5, 0.4, 0.45), (0.5, -0.1, 0.6), (0.5, 0.4, 1.1)])
def test_an_estimate_lies_in_its_interval(values):
    value, low, high = values
    with pytest.raises(ValueError, match="interval"):
        Estimate(value=value, low=low, high=high, n=10)


def test_the_own_api_version_is_honoured_and_others_are_told_apart():
    major, minor = (int(part) for part in API_VERSION.split("."))
    assert refusal(API_VERSION) is None
    assert refusal(f"{major}.{max(0, minor - 1)}") is None
    assert f"{major + 1}.0" in refusal(f"{major + 1}.0")
    assert f"{major}.{minor + 1}" in refusal(f"{major}.{minor + 1}")
    for nonsense in (None, 0.9, "one", "0.9.1", ""):
        assert "states no API version" in refusal(nonsense)


@pytest.mark.parametrize("name", ["mean", "std"])
def test_numbers_for_each_channel_are_refused_with_where_they_belong(name):
    with pytest.raises(TypeError, match=f"{name} of an InputSpec is one number.*means and deviations") as caught:
        InputSpec(size=(32, 32), **{name: (0.4, 0.5, 0.6)})
    assert "\n" not in str(caught.value)
