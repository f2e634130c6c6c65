"""Two areas under ROC curves: on the same films, or from two published intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Estimate
from cxrdesk.imaging.errors import UserError


@dataclass(frozen=True, kw_only=True)
class AucDifference:
    """The first area less the second, with its 95 % interval.

    Parameters
    ----------
    difference, low, high : float
        -1..1.
    p : float or None
        Two-sided p-value of no difference; None where the films leave the difference no spread, so that no test exists.
    """

    difference: float
    low: float
    high: float
    p: float | None


def auc_covariance(
    labels: NDArray[np.int64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Areas under several ROC curves over the same films, and their covariance (DeLong et al. 1988).

    Computed from midranks (Sun and Xu 2014), so that the effort grows as sorting does.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        0 or 1.
    scores : ndarray of float64, shape (k, n)
        One row for each detector.

    Returns
    -------
    areas : ndarray of float64, shape (k,)
    covariance : ndarray of float64, shape (k, k)

    Raises
    ------
    UserError
        With fewer than two films of a class there is no variance (``"one-class"``).
    """
    from scipy.stats import rankdata

    positives, negatives = scores[:, labels == 1], scores[:, labels == 0]
    m, n = positives.shape[1], negatives.shape[1]
    if m < 2 or n < 2:
        text = f"comparing two curves needs two films with the finding and two without; there are {m} and {n}"
        raise UserError("one-class", text)
    ranks = rankdata(np.hstack([positives, negatives]), axis=1)
    v10 = (ranks[:, :m] - rankdata(positives, axis=1)) / n
    v01 = 1 - (ranks[:, m:] - rankdata(negatives, axis=1)) / m
    return v10.mean(axis=1), np.atleast_2d(np.cov(v10)) / m + np.atleast_2d(np.cov(v01)) / n


def same_films(
    labels: NDArray[np.int64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[float, float, AucDifference]:
    """Both areas, and DeLong's test of their difference; raises as `auc_covariance`."""
    areas, covariance = auc_covariance(labels, np.stack([first, second]))
    variance = covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1]
    return float(areas[0]), float(areas[1]), _tested(float(areas[0] - areas[1]), float(variance))


def other_films(first: Estimate, second: Estimate) -> AucDifference:
    """The difference of two areas that were measured on different patients.

    Each standard error is read off its 95 % interval, as the width over twice 1.96. An area near 1 has a lopsided
    interval, for which that is rough; an interval without width says nothing of the error, and must not be given.
    """
    from scipy.stats import norm

    half = 2 * norm.ppf(0.975)
    variance = ((first.high - first.low) / half) ** 2 + ((second.high - second.low) / half) ** 2
    return _tested(first.value - second.value, float(variance))


def _tested(difference: float, variance: float) -> AucDifference:
    from scipy.stats import norm

    error = math.sqrt(max(variance, 0.0))
    if error < 1e-12:
        return AucDifference(difference=difference, low=difference, high=difference, p=None)
    spread = float(norm.ppf(0.975)) * error
    return AucDifference(
        difference=difference,
        low=max(-1.0, difference - spread),
        high=min(1.0, difference + spread),
        p=float(2 * norm.sf(abs(difference) / error)),
    )
