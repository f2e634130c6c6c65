"""ROC, precision-recall and reliability as numbers; scikit-learn does the statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Estimate
from cxrdesk.evaluation.intervals import proportion
from cxrdesk.evaluation.metrics import BINS, Labels, Probabilities

POINTS = 400
"""A drawn curve has at most about so many points."""


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A curve's points, in the order that they are drawn in."""

    x: list[float]
    y: list[float]


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Films whose probability falls into one bin.

    Parameters
    ----------
    mean_probability : float
        0..1.
    share : Estimate
        Share of the films with the finding, with its exact interval.
    """

    mean_probability: float
    share: Estimate


def roc(labels: Labels, probabilities: Probabilities) -> Curve:
    """1 - specificity against sensitivity."""
    from sklearn.metrics import roc_curve

    x, y, _ = roc_curve(labels, probabilities)
    return _thinned(x, y)


def precision_recall(labels: Labels, probabilities: Probabilities) -> Curve:
    """Recall against precision, from high thresholds to low."""
    from sklearn.metrics import precision_recall_curve

    y, x, _ = precision_recall_curve(labels, probabilities)
    return _thinned(x[::-1], y[::-1])


def average_precision(labels: Labels, probabilities: Probabilities) -> float:
    """Mean of the precisions weighed by the gain in recall; NaN without a film that has the finding."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(labels, probabilities)) if labels.any() else float("nan")


def reliability(labels: Labels, probabilities: Probabilities, bins: int = BINS) -> list[Bin]:
    """The bins of equal width that the calibration error is summed over, empty ones left out."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    made = []
    for k in range(bins):
        inside = place == k
        if inside.any():
            share = proportion(int(labels[inside].sum()), int(inside.sum()))
            made.append(Bin(mean_probability=float(probabilities[inside].mean()), share=share))
    return made


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> Curve:
    """Both ends stay."""
    if len(x) > POINTS:
        kept = np.unique(np.linspace(0, len(x) - 1, POINTS).round().astype(int))
        x, y = x[kept], y[kept]
    return Curve(x=[float(v) for v in x], y=[float(v) for v in y])
