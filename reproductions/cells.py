"""What a study tells of one kind of training on one fold of the children's films."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from cxrdesk.evaluation.choices import thresholds
from reproductions.runs import Run, Scored
from reproductions.seeds import Scores, over_seeds, paired


def balanced(tune: Scored) -> float:
    """The threshold with the largest mean of sensitivity and specificity on the tuning films."""
    return thresholds(tune.labels, tune.probabilities)["balanced"]


def cell(runs: Sequence[Run], at: Sequence[float], shipped: Scores | None) -> dict[str, Any]:
    """Figures over seeds on the report films, and each seed against the shipped detector there, as JSON types.

    Parameters
    ----------
    runs : sequence of Run
        One for each seed.
    at : sequence of float
        Threshold of each seed.
    shipped : ndarray of float64, shape (n,), or None
        See `reproductions.shipped`; None where the shipped detector is not for such films.
    """
    report = runs[0].report
    scores = np.stack([one.report.probabilities for one in runs])
    told = {
        "films": len(report.labels),
        "positives": int(report.labels.sum()),
        "seconds": round(statistics.mean(one.seconds_s for one in runs)),
        "thresholds": [round(value, 4) for value in at],
        "over_seeds": over_seeds(report.labels, scores, report.patients, at),
    }
    if shipped is not None:
        told["shipped_against_it"] = [paired(report.labels, shipped, each, report.patients) for each in scores]
    return told
