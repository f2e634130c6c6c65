"""The printed figures of the croup classifier, computed again from its matrix."""

from __future__ import annotations

import numpy as np
import pytest

from reproductions.croup_published import MATRIX, PRINTED, figures, readings, recomputed

metrics = pytest.importorskip("sklearn.metrics")


def test_the_stated_counts_of_films_say_that_rows_are_the_truth():
    assert recomputed()["truth"] == "rows are the truth"


def test_the_figures_that_follow_from_the_matrix():
    told = recomputed()["readings"]["rows are the truth"]
    assert told == {
        "accuracy": 97.08,
        "sensitivity": 93.0,
        "specificity": 98.76,
        "f1": 94.9,
        "precision": 96.88,
        "recall": 93.0,
    }


def test_which_printed_figure_follows_from_which_reading():
    told = {name: found["follows_from"] for name, found in recomputed()["printed"].items()}
    assert told == {
        "sensitivity": ["columns are the truth"],
        "specificity": ["columns are the truth"],
        "accuracy": [],
        "f1": [],
        "precision": [],
        "recall": [],
    }
    # Two more films told right would give the printed accuracy.
    assert recomputed()["printed"]["accuracy"]["count"] == "334 of 342"
    assert recomputed()["printed"]["recall"]["count"] is None


def test_figures_that_do_follow_are_found():
    rounded = {name: round(value, 2) for name, value in figures(MATRIX).items()}
    assert all(
        "rows are the truth" in found["follows_from"] for found in recomputed(MATRIX, rounded)["printed"].values()
    )
    assert set(rounded) == set(PRINTED)


@pytest.mark.parametrize("matrix", [MATRIX, ((5, 1), (2, 9)), ((1, 0), (4, 3))])
def test_every_reading_is_what_scikit_learn_computes(matrix):
    cells = [(t, p) for t in (0, 1) for p in (0, 1) for _ in range(matrix[t][p])]
    first, second = np.array(cells).T
    told = readings(matrix)
    for name, truth, calls, looked_for in (
        ("rows are the truth", first, second, 0),
        ("columns are the truth", second, first, 0),
        ("rows are the truth, the other class", first, second, 1),
        ("columns are the truth, the other class", second, first, 1),
    ):
        other = 1 - looked_for
        assert told[name] == pytest.approx(
            {
                "accuracy": 100 * metrics.accuracy_score(truth, calls),
                "sensitivity": 100 * metrics.recall_score(truth, calls, pos_label=looked_for),
                "specificity": 100 * metrics.recall_score(truth, calls, pos_label=other),
                "f1": 100 * metrics.f1_score(truth, calls, pos_label=looked_for),
                "precision": 100 * metrics.precision_score(truth, calls, pos_label=looked_for),
                "recall": 100 * metrics.recall_score(truth, calls, pos_label=looked_for),
            }
        )
