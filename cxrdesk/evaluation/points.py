"""What an operating point does on a set of films."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Estimate
from cxrdesk.evaluation.intervals import by_patient, proportion
from cxrdesk.evaluation.metrics import Labels, Probabilities


@dataclass(frozen=True, kw_only=True)
class PointFigures:
    """The confusion matrix at one threshold and the shares that come of it.

    Parameters
    ----------
    precision, negative_predictive_value : Estimate or None
        At the prevalence of these films; None where no film is called so.
    """

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    sensitivity: Estimate
    specificity: Estimate
    accuracy: Estimate
    precision: Estimate | None
    negative_predictive_value: Estimate | None
    f1: Estimate


def point_figures(labels: Labels, probabilities: Probabilities, patients: list[str], threshold: float) -> PointFigures:
    """Shares with exact intervals (Clopper and Pearson 1934), F1 with that of a bootstrap over patients.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        0 or 1, both present.
    probabilities : ndarray of float64, shape (n,)
        0..1.
    threshold : float
        Positive at or above it.
    """
    calls = probabilities >= threshold
    positive = labels == 1
    tp, fp = int((calls & positive).sum()), int((calls & ~positive).sum())
    fn, tn = int((~calls & positive).sum()), int((~calls & ~positive).sum())
    return PointFigures(
        true_positives=tp,
        false_positives=fp,
        false_negatives=fn,
        true_negatives=tn,
        sensitivity=proportion(tp, tp + fn),
        specificity=proportion(tn, tn + fp),
        accuracy=proportion(tp + tn, len(labels)),
        precision=proportion(tp, tp + fp) if tp + fp else None,
        negative_predictive_value=proportion(tn, tn + fn) if tn + fn else None,
        f1=by_patient(lambda i: f1(positive[i], calls[i]), patients),
    )


def f1(positive: NDArray[np.bool_], calls: NDArray[np.bool_]) -> float:
    """``2 TP / (2 TP + FP + FN)``; NaN where there is neither a finding nor a call."""
    total = int(positive.sum()) + int(calls.sum())
    return 2 * int((positive & calls).sum()) / total if total else float("nan")
