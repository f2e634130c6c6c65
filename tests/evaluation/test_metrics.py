"""Figures against scikit-learn and sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sklearn_metrics = pytest.importorskip("sklearn.metrics")

from cxrdesk.evaluation.metrics import auc, balanced_accuracy, calibration_error, dice, figures  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402


def sample(n=200, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    probabilities = np.clip(0.3 * labels + rng.uniform(0, 0.7, n), 0, 1)
    return labels, probabilities


def test_auc_is_the_share_of_pairs_in_order():
    labels, probabilities = sample(60)
    probabilities = np.round(probabilities, 1)  # ties count half
    positives, negatives = probabilities[labels == 1], probabilities[labels == 0]
    above = positives[:, None] - negatives[None]
    pairs = ((above > 1e-12) + 0.5 * (np.abs(above) <= 1e-12)).mean()
    assert auc(labels, probabilities) == pytest.approx(pairs)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_neither_auc_nor_balanced_accuracy(label):
    labels = np.full(5, label)
    assert np.isnan(auc(labels, np.linspace(0, 1, 5)))
    assert np.isnan(balanced_accuracy(labels, np.linspace(0, 1, 5) > 0.5))


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_balanced_accuracy_is_scikit_learns(seed, threshold):
    labels, probabilities = sample(50, seed)
    calls = probabilities >= threshold
    expected = sklearn_metrics.balanced_accuracy_score(labels, calls)
    assert balanced_accuracy(labels, calls) == pytest.approx(expected)


def test_calibration_error_by_hand():
    labels = np.array([0, 0, 1, 1, 1])
    probabilities = np.array([0.05, 0.05, 0.65, 0.65, 1.0])
    # Bins [0, .1): 2 films, 0 against .05; [.6, .7): 2 films, 1 against .65; [.9, 1]: 1 film, 1 against 1.
    assert calibration_error(labels, probabilities) == pytest.approx((2 * 0.05 + 2 * 0.35 + 0) / 5)
    assert calibration_error(labels, labels.astype(float)) == 0


def test_calibration_error_of_a_calibrated_forecast_goes_to_nothing():
    rng = np.random.default_rng(0)
    probabilities = rng.uniform(0, 1, 200_000)
    labels = (rng.uniform(0, 1, 200_000) < probabilities).astype(int)
    assert calibration_error(labels, probabilities) < 0.005
    # Over-sure by a constant: the error is that constant.
    shifted = np.clip(probabilities, 0, 0.8)
    inside = probabilities <= 0.8
    assert calibration_error(labels[inside], shifted[inside] + 0.2) == pytest.approx(0.2, abs=0.005)


def test_calibration_error_agrees_with_scikit_learns_curve():
    from sklearn.calibration import calibration_curve

    labels, probabilities = sample(3000, 4)
    share, mean = calibration_curve(labels, probabilities, n_bins=10, strategy="uniform")
    counts = np.histogram(probabilities, np.linspace(0, 1, 11))[0]
    expected = (counts[counts > 0] / 3000 * np.abs(share - mean)).sum()
    assert calibration_error(labels, probabilities) == pytest.approx(expected, abs=1e-9)


def test_figures_agree_with_scikit_learn():
    labels, probabilities = sample()
    found = figures(labels, probabilities, [str(k // 2) for k in range(200)], 0.4)
    calls = probabilities >= 0.4
    tn, fp, fn, tp = sklearn_metrics.confusion_matrix(labels, calls).ravel()
    assert (found.films, found.positives) == (200, labels.sum())
    assert found.auc.value == pytest.approx(sklearn_metrics.roc_auc_score(labels, probabilities))
    assert found.sensitivity.value == pytest.approx(tp / (tp + fn))
    assert found.sensitivity.n == tp + fn
    assert found.specificity.value == pytest.approx(tn / (tn + fp))
    assert found.specificity.n == tn + fp
    assert found.accuracy.value == pytest.approx(sklearn_metrics.accuracy_score(labels, calls))
    assert found.brier.value == pytest.approx(sklearn_metrics.brier_score_loss(labels, probabilities))
    assert found.balanced_accuracy.value == pytest.approx(sklearn_metrics.balanced_accuracy_score(labels, calls))
    for name in ("auc", "sensitivity", "specificity", "accuracy", "balanced_accuracy", "brier"):
        estimate = getattr(found, name)
        assert estimate.low < estimate.value < estimate.high, name


def test_the_threshold_itself_is_positive():
    labels, probabilities = np.array([0, 1, 1, 0]), np.array([0.2, 0.5, 0.7, 0.1])
    assert figures(labels, probabilities, list("abcd"), 0.5).sensitivity.value == 1


@pytest.mark.parametrize("labels", [[0, 0, 0], [1, 1, 1], []])
def test_figures_of_one_class_are_refused(labels):
    made = np.array(labels, np.int64)
    with pytest.raises(UserError, match="films with the finding") as caught:
        figures(made, np.linspace(0.1, 0.9, len(made)), [str(k) for k in range(len(made))], 0.5)
    assert caught.value.code == "one-class"


def test_dice_by_hand():
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    one[:2] = True
    other[1:3] = True
    # 8 and 8 pixels with 4 in common.
    assert dice(one, other) == 2 * 4 / 16
    assert dice(one, one) == 1
    assert dice(one, ~one) == 0
    assert dice(one & False, other & False) == 1
    assert dice(one, other) == pytest.approx(sklearn_metrics.f1_score(other.ravel(), one.ravel()))
