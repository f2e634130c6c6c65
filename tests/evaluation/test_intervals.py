"""Intervals against published values and their own promise of coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

scipy_stats = pytest.importorskip("scipy.stats")

from cxrdesk.evaluation.intervals import by_patient, proportion, too_few  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [
        # Newcombe 1998, Statistics in Medicine 17:857, table I, method 5 (Clopper-Pearson).
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
        # Closed forms: no miss in n leaves 0.025 ** (1 / n).
        (30, 30, 0.025 ** (1 / 30), 1.0),
        (0, 30, 0.0, 1 - 0.025 ** (1 / 30)),
    ],
)
def test_exact_intervals_are_the_published_ones(hits, n, low, high):
    found = proportion(hits, n)
    assert found.value == hits / n
    assert found.n == n
    assert found.low == pytest.approx(low, abs=6e-5)
    assert found.high == pytest.approx(high, abs=6e-5)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_exact_intervals_are_beta_quantiles(given_):
    hits, n = given_
    found = proportion(hits, n)
    low = scipy_stats.beta.ppf(0.025, hits, n - hits + 1) if hits else 0.0
    high = scipy_stats.beta.ppf(0.975, hits + 1, n - hits) if hits < n else 1.0
    assert found.low == pytest.approx(low, abs=1e-9)
    assert found.high == pytest.approx(high, abs=1e-9)


def test_nothing_to_count_is_told():
    with pytest.raises(UserError, match="not one film"):
        proportion(0, 0)
    with pytest.raises(UserError, match="not one film"):
        by_patient(lambda i: 0.5, [])


def test_a_bootstrap_interval_of_a_mean_is_the_normal_one():
    values = np.random.default_rng(1).uniform(0, 1, 900)
    found = by_patient(lambda i: float(values[i].mean()), [str(k) for k in range(900)])
    spread = 1.96 * values.std(ddof=1) / 30
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - spread, abs=0.15 * spread)
    assert found.high == pytest.approx(values.mean() + spread, abs=0.15 * spread)


def test_films_of_one_patient_are_drawn_together():
    """Ten equal films a patient tell no more than one: the interval is that of the patients."""
    patients = np.repeat(np.arange(50), 10)
    values = np.random.default_rng(0).uniform(0, 1, 50)[patients]

    def mean(i):
        return float(values[i].mean())

    together = by_patient(mean, [str(p) for p in patients])
    alone = by_patient(mean, [str(k) for k in range(500)])
    ratio = (together.high - together.low) / (alone.high - alone.low)
    assert ratio == pytest.approx(np.sqrt(10), rel=0.2)
    assert together.n == 500


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(0)
    held = 0
    for k in range(200):
        values = rng.uniform(0, 1, 60)
        found = by_patient(lambda i, v=values: float(v[i].mean()), [str(j) for j in range(60)], seed=k, resamples=200)
        held += found.low <= 0.5 <= found.high
    # 95 % of 200, less what a percentile bootstrap of 60 is known to lose.
    assert 178 <= held <= 199


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).uniform(0, 1, 30)
    patients = [str(k % 7) for k in range(30)]
    first, second = (by_patient(lambda i: float(values[i].mean()), patients, resamples=50) for _ in range(2))
    assert first == second


def test_draws_that_miss_a_class_are_passed_over():
    """Two films of a rare class: a sixth of the draws hold neither, and the others give the interval."""
    labels = np.array([1, 1] + [0] * 20)

    def share(i):
        return float("nan") if not labels[i].any() else 0.5

    found = by_patient(share, [str(k) for k in range(22)])
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_a_figure_that_the_films_do_not_define_is_told():
    with pytest.raises(UserError, match="do not define") as caught:
        by_patient(lambda i: float("nan"), ["a", "b"])
    assert caught.value.code == "undefined"


@pytest.mark.parametrize(
    ("given_", "lacks"), [((10, 10, 10), False), ((9, 50, 50), True), ((50, 9, 50), True), ((50, 50, 9), True)]
)
def test_the_fewest_films_and_patients(given_, lacks):
    assert bool(too_few(*given_)) == lacks
    assert all(str(number) in too_few(*given_) for number in given_ if lacks)
