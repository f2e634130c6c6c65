"""Confusion matrices against a published worked example and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sklearn_metrics = pytest.importorskip("sklearn.metrics")

from cxrdesk.evaluation import intervals  # noqa: E402
from cxrdesk.evaluation.points import point_figures  # noqa: E402


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 40)


def test_the_liver_scan():
    """Altman and Bland 1994, BMJ 308:1552 and 309:102: 344 patients, 258 of them with abnormal pathology."""
    labels = np.repeat([1, 1, 0, 0], [231, 27, 32, 54])
    scan = np.repeat([1.0, 0.0, 1.0, 0.0], [231, 27, 32, 54])
    found = point_figures(labels, scan, [str(k) for k in range(344)], 0.5)
    matrix = (found.true_positives, found.false_negatives, found.false_positives, found.true_negatives)
    assert matrix == (231, 27, 32, 54)
    assert round(found.sensitivity.value, 2) == 0.90
    assert round(found.specificity.value, 2) == 0.63
    assert round(found.precision.value, 2) == 0.88
    assert round(found.negative_predictive_value.value, 2) == 0.67


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.floats(0.05, 0.95))
def test_every_figure_is_scikit_learns(seed, threshold):
    rng = np.random.default_rng(seed)
    labels = np.r_[0, 1, rng.integers(0, 2, 40)]
    probabilities = np.clip(0.2 * labels + rng.uniform(0, 0.8, 42), 0, 1)
    calls = (probabilities >= threshold).astype(int)
    found = point_figures(labels, probabilities, [str(k) for k in range(42)], threshold)
    (tn, fp), (fn, tp) = sklearn_metrics.confusion_matrix(labels, calls, labels=[0, 1])
    matrix = (found.true_negatives, found.false_positives, found.false_negatives, found.true_positives)
    assert matrix == (tn, fp, fn, tp)
    assert found.accuracy.value == pytest.approx(sklearn_metrics.accuracy_score(labels, calls))
    assert found.sensitivity.value == pytest.approx(sklearn_metrics.recall_score(labels, calls))
    assert found.specificity.value == pytest.approx(sklearn_metrics.recall_score(labels, calls, pos_label=0))
    assert found.f1.value == pytest.approx(sklearn_metrics.f1_score(labels, calls))
    assert found.f1.low <= found.f1.value <= found.f1.high
    if calls.any():
        assert found.precision.value == pytest.approx(sklearn_metrics.precision_score(labels, calls))
        assert found.precision.n == calls.sum()
    if not calls.all():
        npv = sklearn_metrics.precision_score(labels, calls, pos_label=0)
        assert found.negative_predictive_value.value == pytest.approx(npv)


@pytest.mark.parametrize(("score", "missing"), [(0.0, "precision"), (1.0, "negative_predictive_value")])
def test_a_predictive_value_of_no_call_is_none(score, missing):
    found = point_figures(np.array([0, 1, 0]), np.full(3, score), ["a", "b", "c"], 0.5)
    assert getattr(found, missing) is None
