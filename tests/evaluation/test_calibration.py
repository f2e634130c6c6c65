"""Isotonic calibration against scikit-learn's; the kind is chosen on films that it was not fitted on."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

from cxrdesk.api.evidence import Calibration
from cxrdesk.evaluation.calibration import KINDS, chosen, isotonic, log_loss
from cxrdesk.imaging.errors import UserError


def steps(n=3000, seed=0):
    """Films whose true probability is a step that no logistic curve follows."""
    rng = np.random.default_rng(seed)
    raw = rng.uniform(0, 1, n)
    truth = np.where(raw < 0.3, 0.02, np.where(raw < 0.7, 0.5, 0.75))
    return (rng.uniform(0, 1, n) < truth).astype(np.int64), raw


def test_isotonic_is_scikit_learns_between_its_ends():
    from sklearn.isotonic import IsotonicRegression

    labels, raw = steps()
    found = isotonic(labels, raw, "test")
    expected = IsotonicRegression(out_of_bounds="clip").fit(raw, labels).predict(raw)
    inside = (expected > 0.01) & (expected < 0.99)
    np.testing.assert_allclose(np.array([found.apply(x) for x in raw])[inside], expected[inside], atol=2e-6)
    assert found.method == "isotonic"


def test_isotonic_keeps_the_order_and_is_never_certain():
    labels, raw = steps(seed=4)
    found = isotonic(labels, raw, "test")
    answers = [found.apply(x) for x in np.sort(np.unique(raw))]
    assert np.all(np.diff(answers) > 0)
    assert 0 < found.apply(0.0) < found.apply(1.0) < 1


def test_isotonic_needs_films():
    labels, raw = steps(n=60)
    with pytest.raises(UserError) as told:
        isotonic(labels, raw, "test")
    assert told.value.code == "too-few-films"


def test_cross_validation_prefers_the_step_where_the_truth_is_one():
    labels, raw = steps()
    assert chosen(labels, raw, [str(k) for k in range(len(raw))], "tune").method == "isotonic"


def test_cross_validation_prefers_few_numbers_where_they_suffice():
    rng = np.random.default_rng(1)
    scores = rng.normal(0, 2, 2000)
    labels = (rng.uniform(0, 1, 2000) < 1 / (1 + np.exp(-0.6 * scores - 0.9))).astype(np.int64)
    found = chosen(labels, 1 / (1 + np.exp(-scores)), [str(k) for k in range(2000)], "tune")
    assert found.method == "platt"
    assert (found.slope, found.offset) == (pytest.approx(0.6, rel=0.2), pytest.approx(0.9, abs=0.2))
    assert "5-fold" in found.fitted_on


def test_separated_classes_are_left_to_temperature():
    labels = np.repeat([0, 1], 20)
    raw = np.concatenate([np.linspace(0.1, 0.4, 20), np.linspace(0.6, 0.9, 20)])
    made = chosen(labels, raw, [str(k) for k in range(40)], "tune")
    assert made.method == "temperature"
    assert made.fitted_on == "tune; temperature, the only kind that fits"


def test_what_was_chosen_is_named_beside_what_was_not():
    labels, raw = steps(n=400)
    made = chosen(labels, raw, [str(k) for k in range(400)], "tune")
    others = [name for name in KINDS if name != made.method]
    assert made.fitted_on == f"tune; {made.method}, better than {' and '.join(others)} by 5-fold cross-validation"


def test_folds_are_by_patient():
    """Copies of one patient's film would betray a curve that follows single films."""
    labels, raw = steps(n=400)
    patients = [str(k // 4) for k in range(400)]
    assert chosen(labels, raw, patients, "tune").method in ("temperature", "platt", "isotonic")
    with pytest.raises(UserError, match="with the finding and without"):
        chosen(np.zeros(10, np.int64), np.linspace(0.1, 0.9, 10), patients[:10], "tune")


def test_log_loss_is_scikit_learns():
    from sklearn import metrics

    labels, raw = steps(n=300)
    assert log_loss(labels, raw, Calibration()) == pytest.approx(metrics.log_loss(labels, raw))


@pytest.mark.parametrize(
    "curve", [(), ((0.0, 0.2), (0.5, 0.1), (1.0, 0.9)), ((0.1, 0.2), (1.0, 0.9)), ((0.0, 0.2), (1.0, 1.2))]
)
def test_a_curve_that_is_none_is_refused(curve):
    with pytest.raises(ValueError, match="not a calibration"):
        Calibration(method="isotonic", curve=curve)


def test_a_curve_survives_json():
    import json
    from dataclasses import asdict

    made = Calibration(method="isotonic", curve=((0.0, 0.1), (0.4, 0.5), (1.0, 0.9)))
    assert Calibration(**json.loads(json.dumps(asdict(made)))) == made
    assert made.apply(0.2) == pytest.approx(0.3)
