"""What is chosen on a tuning split: calibration and thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Calibration

_EDGE = 1e-7


def logit(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds, finite."""
    p = np.clip(probabilities, _EDGE, 1 - _EDGE)
    return np.asarray(np.log(p / (1 - p)))


def temperature(labels: NDArray[np.int64], raw: NDArray[np.float64], fitted_on: str) -> Calibration:
    """Temperature scaling (Guo et al. 2017): the slope with the least negative log likelihood.

    Parameters
    ----------
    labels : ndarray of int64, shape (n,)
        0 or 1.
    raw : ndarray of float64, shape (n,)
        The model's probabilities.
    """
    from scipy.optimize import minimize_scalar

    scores, signs = logit(raw), 2.0 * labels - 1.0
    found = minimize_scalar(lambda s: np.logaddexp(0, -signs * scores * np.exp(s)).mean(), bounds=(-4, 4), method="bounded")
    return Calibration(method="temperature", slope=float(np.exp(found.x)), fitted_on=fitted_on)


def platt(labels: NDArray[np.int64], raw: NDArray[np.float64], fitted_on: str) -> Calibration:
    """Platt scaling: logistic regression on the log odds, without a penalty."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=np.inf).fit(logit(raw)[:, np.newaxis], labels)
    return Calibration(
        method="platt", slope=float(model.coef_[0, 0]), offset=float(model.intercept_[0]), fitted_on=fitted_on
    )


def thresholds(labels: NDArray[np.int64], probabilities: NDArray[np.float64], share: float = 0.95) -> dict[str, float]:
    """Thresholds by name, each halfway between two neighbouring scores, so that it hangs on no single film.

    ``balanced``
        largest mean of sensitivity and specificity;
    ``sensitive``
        highest with sensitivity of at least `share`;
    ``specific``
        lowest with specificity of at least `share`.
    """
    ranked = np.unique(probabilities)
    edges = (ranked[1:] + ranked[:-1]) / 2
    positives, negatives = np.sort(probabilities[labels == 1]), np.sort(probabilities[labels == 0])
    sensitivity = 1 - np.searchsorted(positives, edges) / len(positives)
    specificity = np.searchsorted(negatives, edges) / len(negatives)
    gain = sensitivity + specificity
    best = np.flatnonzero(gain >= gain.max() - 1e-12)
    return {
        "balanced": float(edges[best[len(best) // 2]]),
        "sensitive": float(edges[np.flatnonzero(sensitivity >= share)[-1]]),
        "specific": float(edges[np.flatnonzero(specificity >= share)[0]]),
    }
