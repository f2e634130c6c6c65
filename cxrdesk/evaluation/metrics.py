"""Figures of a detector: scikit-learn does the statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Estimate
from cxrdesk.evaluation.intervals import by_patient, proportion
from cxrdesk.imaging.errors import UserError

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]
BINS = 10


def auc(labels: Labels, probabilities: Probabilities) -> float:
    """Area under the ROC curve; NaN where one class is missing."""
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, probabilities)) if 0 < labels.sum() < len(labels) else float("nan")


def calibration_error(labels: Labels, probabilities: Probabilities, bins: int = BINS) -> float:
    """Expected calibration error over equal-width bins (Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599)."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    error = 0.0
    for k in range(bins):
        inside = place == k
        if inside.any():
            error += inside.mean() * abs(labels[inside].mean() - probabilities[inside].mean())
    return float(error)


def balanced_accuracy(labels: Labels, calls: NDArray[np.bool_]) -> float:
    """Mean of sensitivity and specificity; NaN where one class is missing."""
    if not 0 < labels.sum() < len(labels):
        return float("nan")
    return float((calls[labels == 1].mean() + (~calls[labels == 0]).mean()) / 2)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one finding's scores on one set of films come to, at one threshold."""

    threshold: float
    films: int
    positives: int
    auc: Estimate
    sensitivity: Estimate
    specificity: Estimate
    balanced_accuracy: Estimate
    accuracy: Estimate
    calibration_error: Estimate
    brier: Estimate


def figures(labels: Labels, probabilities: Probabilities, patients: list[str], threshold: float) -> Figures:
    """All figures with 95 % intervals: bootstrap over patients, exact for shares of films.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        0 or 1.
    probabilities : ndarray of float64, shape (n,)
        Calibrated, 0..1.
    threshold : float
        Positive at or above it.

    Raises
    ------
    UserError
        If one class is missing (``"one-class"``): sensitivity or specificity would rest on nothing.
    """
    if not 0 < labels.sum() < len(labels):
        text = f"figures need films with the finding and without; {int(labels.sum())} of {len(labels)} have it"
        raise UserError("one-class", text)
    calls = probabilities >= threshold
    positive, negative = labels == 1, labels == 0
    return Figures(
        threshold=threshold,
        films=len(labels),
        positives=int(labels.sum()),
        auc=by_patient(lambda i: auc(labels[i], probabilities[i]), patients),
        sensitivity=proportion(int(calls[positive].sum()), int(positive.sum())),
        specificity=proportion(int((~calls)[negative].sum()), int(negative.sum())),
        balanced_accuracy=by_patient(lambda i: balanced_accuracy(labels[i], calls[i]), patients),
        accuracy=proportion(int((calls == positive).sum()), len(labels)),
        calibration_error=by_patient(lambda i: calibration_error(labels[i], probabilities[i]), patients),
        brier=by_patient(lambda i: float(np.mean((probabilities[i] - labels[i]) ** 2)), patients),
    )


def dice(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Dice coefficient (Dice 1945), 0..1; 1 where both are empty."""
    total = int(mask.sum()) + int(truth.sum())
    return 2.0 * int((mask & truth).sum()) / total if total else 1.0
