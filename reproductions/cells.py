"""What a study tells of one kind of training on one fold of the children's films."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from cxrdesk.evaluation.choices import thresholds
from reproductions.runs import Run, Scored
from reproductions.seeds import Scores, over_seeds, paired

HALF = 0.5


def balanced(tune: Scored) -> float:
    """The threshold with the largest mean of sensitivity and specificity on the tuning films."""
    # It does not hang on the share that the other thresholds are sure of, which few films could not give.
    return thresholds(tune.labels, tune.probabilities, share=0.0)["balanced"]


def cell(
    runs: Sequence[Run], at: Sequence[float], shipped: Scores | None, shipped_at: float | None = None
) -> dict[str, Any]:
    """Figures over seeds on the report films, and the shipped detector's there, as JSON types.

    Parameters
    ----------
    runs : sequence of Run
        One for each seed.
    at : sequence of float
        Threshold of each seed.
    shipped : ndarray of float64, shape (n,), or None
        See `reproductions.shipped`; None where the shipped detector is not for such films.
    shipped_at : float or None
        Where it calls a film positive; None where it gives no call, and has an area alone.
    """
    report = runs[0].report
    labels, patients = report.labels, report.patients
    scores = np.stack([one.report.probabilities for one in runs])
    told = {
        "films": len(labels),
        "positives": int(labels.sum()),
        "seconds": round(statistics.mean(one.seconds_s for one in runs)),
        "thresholds": [round(value, 4) for value in at],
        "over_seeds": over_seeds(labels, scores, patients, at),
    }
    if shipped is not None:
        seen = np.isfinite(shipped)
        theirs = [patient for patient, wanted in zip(patients, seen, strict=True) if wanted]
        found = over_seeds(labels[seen], shipped[np.newaxis, seen], theirs, [shipped_at or HALF])
        told["shipped"] = found if shipped_at is not None else {"auc": found["auc"]}
        told["shipped_against_it"] = [paired(labels, shipped, each, patients) for each in scores]
    return told
