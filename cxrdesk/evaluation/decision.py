"""Decision curves: whether acting on a score does more good than acting on all or on none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

THRESHOLDS = np.arange(1, 100) / 100
"""Probabilities at which somebody would act, 0.01 to 0.99."""


def net_benefit(
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    thresholds: NDArray[np.float64] = THRESHOLDS,
) -> NDArray[np.float64]:
    """Net benefit of acting at or above each threshold (Vickers and Elkin 2006).

    ``TP / n - FP / n * t / (1 - t)``: true positives for each film, less false positives weighed by the odds at which
    somebody acts. At the films' own prevalence.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        0 or 1.
    probabilities : ndarray of float64, shape (n,)
        Calibrated, 0..1.
    thresholds : ndarray of float64, shape (k,)
        Within 0..1, ends left out.

    Returns
    -------
    ndarray of float64, shape (k,)
    """
    positives, negatives = np.sort(probabilities[labels == 1]), np.sort(probabilities[labels == 0])
    true = len(positives) - np.searchsorted(positives, thresholds)
    false = len(negatives) - np.searchsorted(negatives, thresholds)
    return np.asarray((true - false * thresholds / (1 - thresholds)) / len(labels))


def net_benefit_of_all(prevalence: float, thresholds: NDArray[np.float64] = THRESHOLDS) -> NDArray[np.float64]:
    """Net benefit of acting on every film; acting on none has 0."""
    return np.asarray(prevalence - (1 - prevalence) * thresholds / (1 - thresholds))
