from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrdesk.api import Calibration, Evidence
from tests.support import estimate, point


def test_predictive_values_of_a_published_example():
    # Altman and Bland, Diagnostic tests 2: predictive values, BMJ 1994;309:102: liver scan, sensitivity 231/258,
    # specificity 54/86, 258 of 344 abnormal; PPV 231/263 = 0.88, NPV 54/81 = 0.67. At a prevalence of 0.25 they
    # give PPV 0.45 and NPV 0.95.
    scan = point(sensitivity=estimate(231 / 258), specificity=estimate(54 / 86))
    ppv, npv = scan.predictive_values(258 / 344)
    assert ppv == pytest.approx(231 / 263)
    assert npv == pytest.approx(54 / 81)
    assert [round(value, 2) for value in scan.predictive_values(0.25)] == [0.45, 0.95]


def test_a_threshold_whose_figures_nobody_published_has_no_predictive_values():
    unknown = point(sensitivity=None, specificity=None)
    assert all(math.isnan(value) for value in unknown.predictive_values(0.25))
    assert type(unknown).from_json(unknown.to_json()) == unknown


@pytest.mark.parametrize("prevalence", [0.0, 1.0, -0.1, math.nan])
def test_predictive_values_need_a_prevalence(prevalence):
    with pytest.raises(ValueError, match="prevalence"):
        point().predictive_values(prevalence)


@pytest.mark.parametrize("threshold", [0.0, 1.0, math.nan])
def test_a_threshold_is_within_0_and_1(threshold):
    with pytest.raises(ValueError, match="threshold"):
        point(threshold=threshold)


def test_platt_calibration_is_scikit_learns():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    probabilities = rng.uniform(0.01, 0.99, 400)
    truth = rng.uniform(size=400) < probabilities**2
    logits = np.log(probabilities / (1 - probabilities))
    fitted = LogisticRegression(C=np.inf).fit(logits[:, np.newaxis], truth)
    ours = Calibration(method="platt", slope=float(fitted.coef_[0, 0]), offset=float(fitted.intercept_[0]))
    expected = fitted.predict_proba(logits[:, np.newaxis])[:, 1]
    np.testing.assert_allclose([ours.apply(float(p)) for p in probabilities], expected, atol=1e-12)


def test_temperature_keeps_a_half():
    assert Calibration(method="temperature", slope=0.3).apply(0.5) == 0.5


@given(slope=st.floats(1e-3, 1e3), offset=st.floats(-1e3, 1e3), first=st.floats(0, 1), second=st.floats(0, 1))
def test_calibration_keeps_order_and_range(slope, offset, first, second):
    calibration = Calibration(method="platt", slope=slope, offset=offset)
    low, high = (calibration.apply(p) for p in sorted((first, second)))
    assert 0.0 <= low <= high <= 1.0


@pytest.mark.parametrize(
    "values",
    [{"method": "isotonic"}, {"slope": 0.0}, {"slope": -1.0}, {"slope": math.inf}, {"slope": math.nan},
     {"offset": math.nan}, {"offset": math.inf}],
)  # fmt: skip
def test_a_calibration_is_refused(values):
    with pytest.raises(ValueError, match="not a calibration"):
        Calibration(**({"method": "platt"} | values))


def test_each_level_of_evidence_has_its_sentence():
    assert len({level.sentence for level in Evidence}) == len(Evidence)
