"""Curves against scikit-learn and against the figures that they belong to."""

from __future__ import annotations

import numpy as np
import pytest

sklearn_metrics = pytest.importorskip("sklearn.metrics")

from cxrdesk.evaluation.curves import POINTS, average_precision, precision_recall, reliability, roc  # noqa: E402
from cxrdesk.evaluation.metrics import auc, calibration_error  # noqa: E402


def sample(n, seed=0, steps=None):
    rng = np.random.default_rng(seed)
    labels = np.r_[0, 1, rng.integers(0, 2, n - 2)]
    probabilities = np.clip(0.3 * labels + rng.uniform(0, 0.7, n), 0, 1)
    return labels, probabilities if steps is None else np.round(probabilities * steps) / steps


@pytest.mark.parametrize("steps", [None, 5])
def test_the_area_under_the_roc_curve_is_the_auc(steps):
    labels, probabilities = sample(300, steps=steps)
    curve = roc(labels, probabilities)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(auc(labels, probabilities))
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)


def test_the_steps_of_the_precision_recall_curve_add_up_to_the_average_precision():
    """Average precision is defined by that sum (scikit-learn's user guide, 3.4.4.9)."""
    labels, probabilities = sample(200)
    curve = precision_recall(labels, probabilities)
    area = np.sum(np.diff(curve.x) * np.array(curve.y)[1:])
    assert average_precision(labels, probabilities) == pytest.approx(area)
    assert (curve.x[0], curve.x[-1]) == (0, 1)
    assert curve.y[-1] == pytest.approx(labels.mean())


def test_average_precision_by_hand():
    """Ranks 1, 3 and 4 of four are positive: (1/1 + 2/3 + 3/4) / 3."""
    found = average_precision(np.array([1, 0, 1, 1]), np.array([0.9, 0.8, 0.7, 0.6]))
    assert found == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)
    assert np.isnan(average_precision(np.zeros(3, int), np.linspace(0, 1, 3)))


def test_a_long_curve_is_thinned_and_keeps_its_ends_and_area():
    labels, probabilities = sample(20_000)
    for curve in (roc(labels, probabilities), precision_recall(labels, probabilities)):
        assert len(curve.x) == len(curve.y) <= POINTS
        assert (curve.x[0], curve.x[-1]) == (0, 1)
    curve = roc(labels, probabilities)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(auc(labels, probabilities), abs=1e-3)


def test_the_bins_gaps_add_up_to_the_calibration_error():
    labels, probabilities = sample(500)
    bins = reliability(labels, probabilities)
    gaps = [b.share.n * abs(b.share.value - b.mean_probability) for b in bins]
    assert sum(b.share.n for b in bins) == 500
    assert sum(gaps) / 500 == pytest.approx(calibration_error(labels, probabilities))


def test_bins_are_scikit_learns():
    from sklearn.calibration import calibration_curve

    labels, probabilities = sample(400, seed=3)
    share, mean = calibration_curve(labels, probabilities, n_bins=10)
    bins = reliability(labels, probabilities)
    assert [b.share.value for b in bins] == pytest.approx(share)
    assert [b.mean_probability for b in bins] == pytest.approx(mean)
