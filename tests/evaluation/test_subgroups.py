"""Subgroups lose no film, and say when they are too small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")

from cxrdesk.evaluation import intervals
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.intervals import FEWEST
from cxrdesk.evaluation.metrics import auc
from cxrdesk.evaluation.run import Answer
from cxrdesk.evaluation.subgroups import age_band, subgroups
from cxrdesk.imaging.radiograph import Projection, View


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch):
    monkeypatch.setattr(intervals, "RESAMPLES", 40)


def answer(k, **about):
    return Answer(
        row=Row(path=Path(f"{k}.png"), dataset="x", patient=f"p{k // 2}", view=View()), status="done", **about
    )


@pytest.mark.parametrize(
    ("years", "band"),
    [
        (None, "not stated"),
        (0.0, "0 to under 1 years"),
        (0.99, "0 to under 1 years"),
        (1.0, "1 to under 6 years"),
        (5.99, "1 to under 6 years"),
        (79.9, "60 to under 80 years"),
        (80.0, "80 years and over"),
        (120.0, "80 years and over"),
    ],
)
def test_bands_begin_at_their_first_year(years, band):
    assert age_band(years) == band


def test_each_way_of_grouping_holds_every_film():
    rng = np.random.default_rng(0)
    n = 120
    labels = rng.integers(0, 2, n)
    probabilities = np.clip(0.3 * labels + rng.uniform(0, 0.7, n), 0, 1)
    views = [View(), View(body_part="chest"), View(body_part="chest", projection=Projection.PA)]
    answers = [
        answer(k, age_years=[None, 3.0, 50.0, 90.0][k % 4], sex=["M", "F", None][k % 3], view=views[k % 3])
        for k in range(n)
    ]
    found = subgroups(answers, labels, probabilities, 0.5)
    for by in ("age", "sex", "view"):
        groups = [item for item in found if item.by == by]
        assert sum(item.films for item in groups) == n
        assert sum(item.positives for item in groups) == labels.sum()
        assert groups[-1].group == "not stated"
    names = {by: [item.group for item in found if item.by == by] for by in ("age", "sex", "view")}
    assert names["age"] == ["1 to under 6 years", "40 to under 60 years", "80 years and over", "not stated"]
    assert names["sex"] == ["female", "male", "not stated"]
    assert names["view"] == ["chest", "chest-pa", "not stated"]


def test_a_groups_figures_are_its_own():
    n = 80
    rng = np.random.default_rng(1)
    labels = np.arange(n) % 2
    probabilities = rng.uniform(0, 1, n)
    answers = [answer(k, sex="M" if k < 50 else "F") for k in range(n)]
    men, women = (item for item in subgroups(answers, labels, probabilities, 0.4) if item.by == "sex" and item.films)
    men, women = (men, women) if men.group == "male" else (women, men)
    assert (men.films, women.films) == (50, 30)
    assert men.patients == 25
    assert men.auc.value == pytest.approx(auc(labels[:50], probabilities[:50]))
    calls = probabilities[50:] >= 0.4
    assert women.sensitivity.value == pytest.approx(calls[labels[50:] == 1].mean())
    assert women.specificity.value == pytest.approx((~calls[labels[50:] == 0]).mean())
    assert men.note == women.note == ""


def test_a_small_group_is_counted_and_says_so():
    labels = np.repeat([1, 0], [FEWEST - 1, 30])
    answers = [answer(k, sex="F") for k in range(len(labels))]
    found = next(item for item in subgroups(answers, labels, np.linspace(0, 1, len(labels)), 0.5) if item.by == "sex")
    assert (found.films, found.positives) == (FEWEST + 29, FEWEST - 1)
    assert found.auc is found.sensitivity is found.specificity is None
    assert found.note.startswith(f"too small: {FEWEST - 1} films with the finding, 30 without")
