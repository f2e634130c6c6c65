"""Figures over seeds against scikit-learn and against what is known beforehand."""

from __future__ import annotations

import numpy as np
import pytest

metrics = pytest.importorskip("sklearn.metrics")
pytest.importorskip("torch")

from cxrdesk.evaluation import intervals  # noqa: E402
from reproductions.seeds import areas, difference, mean_areas, over_seeds, paired, spread  # noqa: E402


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 100)


@pytest.fixture
def told():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 80)
    # Two digits: some scores are equal.
    scores = np.round(rng.random((3, 80)) * 0.7 + labels * 0.3, 2)
    return labels, scores, [f"p{k // 2}" for k in range(80)]


def test_areas_are_those_of_scikit_learn(told):
    labels, scores, _ = told
    expected = [metrics.roc_auc_score(labels, one) for one in scores]
    np.testing.assert_allclose(areas(labels, scores), expected)
    assert np.isnan(areas(np.ones(80, int), scores)).all()


def test_the_mean_is_over_findings_that_both_kinds_of_films_are_there_for(told):
    labels, scores, _ = told
    several = np.stack([labels, 1 - labels, np.zeros(80, int)], axis=1)
    three = np.stack([scores, scores, scores], axis=2)
    np.testing.assert_allclose(mean_areas(several, three), 0.5)
    np.testing.assert_allclose(mean_areas(labels, scores), areas(labels, scores))


def test_figures_over_seeds_are_means_with_intervals_around_them(told):
    labels, scores, patients = told
    found = over_seeds(labels, scores, patients, [0.5, 0.5, 0.6])
    calls = np.array([scores[0] >= 0.5, scores[1] >= 0.5, scores[2] >= 0.6])
    assert found["sensitivity"]["value"] == pytest.approx(calls[:, labels == 1].mean(), abs=1e-4)
    assert found["specificity"]["value"] == pytest.approx((~calls)[:, labels == 0].mean(), abs=1e-4)
    assert found["accuracy"]["value"] == pytest.approx((calls == labels).mean(), abs=1e-4)
    assert found["auc"]["deviation"] == pytest.approx(np.std(areas(labels, scores), ddof=1), abs=1e-4)
    assert all(item["low"] <= item["value"] <= item["high"] for item in found.values())


def test_one_seed_has_no_deviation(told):
    labels, scores, patients = told
    assert spread(lambda i: areas(labels[i], scores[:1, i]), patients)["deviation"] == 0.0


def test_a_difference_has_a_sign_and_vanishes_with_itself(told):
    labels, scores, patients = told
    worse = difference(labels, scores * 0 + 0.5, scores, patients)
    assert worse["value"] == pytest.approx(0.5 - areas(labels, scores).mean(), abs=1e-4)
    assert worse["high"] < 0
    same = difference(labels, scores, scores, patients)
    assert (same["value"], same["low"], same["high"]) == (0, 0, 0)


def test_paired_leaves_out_what_one_of_both_refused(told):
    labels, scores, patients = told
    first = scores[0].copy()
    first[:5] = np.nan
    found = paired(labels, first, scores[1], patients)
    assert (found["films"], found["refused"]) == (75, 5)
    assert found["second_auc"] == pytest.approx(metrics.roc_auc_score(labels[5:], scores[1][5:]), abs=1e-4)
    assert found["difference"] == pytest.approx(found["first_auc"] - found["second_auc"], abs=1e-3)
    assert 0 < found["p"] <= 1
