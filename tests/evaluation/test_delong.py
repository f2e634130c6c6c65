"""DeLong's test against the data of its paper, against sums over all pairs, and against its own promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

scipy_stats = pytest.importorskip("scipy.stats")
pytest.importorskip("sklearn")

from cxrdesk.api import Estimate  # noqa: E402
from cxrdesk.evaluation.delong import auc_covariance, other_films, same_films  # noqa: E402
from cxrdesk.evaluation.metrics import auc  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402

# Albumin, total protein, Krebs-Goplerud score, and whether surgery helped: 43 patients with ovarian cancer of the
# example of DeLong, DeLong and Clarke-Pearson 1988, as the SAS/STAT User's Guide prints them (The LOGISTIC Procedure,
# Comparing Receiver Operating Characteristic Curves), with the areas and standard errors of its output.
PATIENTS = """
3.0 5.8 10 0   3.2 6.3  5 1   3.9 6.8  3 1   2.8 4.8  6 0   3.2 5.8  3 1   0.9 4.0  5 0   2.5 5.7  8 0   1.6 5.6  5 1
3.8 5.7  5 1   3.7 6.7  6 1   3.2 5.4  4 1   3.8 6.6  6 1   4.1 6.6  5 1   3.6 5.7  5 1   4.3 7.0  4 1   3.6 6.7  4 0
2.3 4.4  6 1   4.2 7.6  4 0   4.0 6.6  6 0   3.5 5.8  6 1   3.8 6.8  7 1   3.0 4.7  8 0   4.5 7.4  5 1   3.7 7.4  5 1
3.1 6.6  6 1   4.1 8.2  6 1   4.3 7.0  5 1   4.3 6.5  4 1   3.2 5.1  5 1   2.6 4.7  6 1   3.3 6.8  6 0   1.7 4.0  7 0
3.7 6.1  5 1   3.3 6.3  7 1   4.2 7.7  6 1   3.5 6.2  5 1   2.9 5.7  9 0   2.1 4.8  7 1   2.8 6.2  8 0   4.0 7.0  7 1
3.3 5.7  6 1   3.7 6.9  5 1   3.6 6.6  5 1
"""
TABLE = np.array(PATIENTS.split(), float).reshape(-1, 4)
HELPED = TABLE[:, 3].astype(int)
SCORES = np.stack([TABLE[:, 0], 10 - TABLE[:, 2], TABLE[:, 1]])
PUBLISHED = {"albumin": (0.7366, 0.0927), "K-G score": (0.7258, 0.1028), "total protein": (0.6478, 0.1000)}


def brute_force(labels, scores):
    """Equations 3 and 5 of the paper, pair by pair."""
    x, y = scores[:, labels == 1], scores[:, labels == 0]
    m, n = x.shape[1], y.shape[1]
    psi = [[[1.0 if a > b else 0.5 if a == b else 0.0 for b in y[k]] for a in x[k]] for k in range(len(scores))]
    psi = np.array(psi)
    areas = psi.mean(axis=(1, 2))
    v10, v01 = psi.mean(axis=2) - areas[:, None], psi.mean(axis=1) - areas[:, None]
    return areas, (v10 @ v10.T) / (m - 1) / m + (v01 @ v01.T) / (n - 1) / n


def test_the_papers_example():
    areas, covariance = auc_covariance(HELPED, SCORES)
    found = list(zip(areas, np.sqrt(np.diag(covariance)), strict=True))
    assert (HELPED.sum(), len(HELPED)) == (31, 43)
    for (area, error), (told_area, told_error) in zip(found, PUBLISHED.values(), strict=True):
        assert area == pytest.approx(told_area, abs=5e-5)
        assert error == pytest.approx(told_error, abs=5e-5)


def test_a_contrast_of_the_papers_example_is_its_chi_square():
    areas, covariance = brute_force(HELPED, SCORES)
    first, second, found = same_films(HELPED, SCORES[0], SCORES[1])
    row = np.array([1, -1, 0])
    variance = row @ covariance @ row
    assert (first, second) == pytest.approx((areas[0], areas[1]))
    assert found.difference == pytest.approx(areas[0] - areas[1])
    assert found.p == pytest.approx(scipy_stats.chi2.sf((row @ areas) ** 2 / variance, 1))
    assert (found.low, found.high) == pytest.approx(scipy_stats.norm.interval(0.95, row @ areas, np.sqrt(variance)))


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 12), st.integers(2, 12), st.integers(1, 6))
def test_midranks_are_the_sum_over_all_pairs(seed, m, n, steps):
    """Few steps make many ties."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat([1, 0], [m, n]))
    scores = rng.integers(0, steps + 1, (3, m + n)) / steps
    areas, covariance = auc_covariance(labels, scores)
    told, expected = brute_force(labels, scores)
    assert areas == pytest.approx(told)
    assert covariance == pytest.approx(expected, abs=1e-12)
    assert areas == pytest.approx([auc(labels, row) for row in scores])


def test_two_equal_detectors_differ_as_often_as_the_test_says():
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 0], [60, 90])
    ps = []
    for _ in range(400):
        truth = labels + rng.normal(0, 1, 150)
        a, b = truth + rng.normal(0, 1, 150), truth + rng.normal(0, 1, 150)
        ps.append(same_films(labels, a, b)[2].p)
    # 5 % of 400 is 20, with a standard deviation of 4.4.
    assert 8 <= np.sum(np.array(ps) < 0.05) <= 34
    assert np.mean(ps) == pytest.approx(0.5, abs=0.06)


def test_the_same_scores_leave_nothing_to_test():
    found = same_films(HELPED, SCORES[0], SCORES[0])[2]
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, None)


@pytest.mark.parametrize("labels", [[1, 0, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]])
def test_one_film_of_a_class_is_told(labels):
    with pytest.raises(UserError, match="two films with the finding and two without") as caught:
        same_films(np.array(labels), np.arange(4.0), np.arange(4.0)[::-1])
    assert caught.value.code == "one-class"


def test_areas_on_other_films_add_their_variances():
    """Hanley and McNeil 1983: without a correlation the variance of a difference is the sum of both."""
    first, second = (
        Estimate(value=v, low=v - 1.959964 * se, high=v + 1.959964 * se, n=99) for v, se in ((0.9, 0.03), (0.8, 0.04))
    )
    found = other_films(first, second)
    assert found.difference == pytest.approx(0.1)
    assert (found.low, found.high) == pytest.approx((0.1 - 1.959964 * 0.05, 0.1 + 1.959964 * 0.05), abs=1e-6)
    assert found.p == pytest.approx(2 * scipy_stats.norm.sf(2))
