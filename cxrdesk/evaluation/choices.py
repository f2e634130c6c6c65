"""What is chosen on a tuning split: calibration and thresholds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Calibration
from cxrdesk.imaging.errors import UserError

_EDGE = 1e-7
RESAMPLES = 400


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

    Raises
    ------
    UserError
        If one class is missing (``"one-class"``).

    Notes
    -----
    The slope is sought within ``exp(-4)..exp(4)``: where the classes do not overlap the likelihood has no maximum.
    """
    from scipy.optimize import minimize_scalar

    _both_classes(labels, "calibration")
    scores, signs = logit(raw), 2.0 * labels - 1.0
    found = minimize_scalar(
        lambda s: np.logaddexp(0, -signs * scores * np.exp(s)).mean(), bounds=(-4, 4), method="bounded"
    )
    return Calibration(method="temperature", slope=float(np.exp(found.x)), fitted_on=fitted_on)


def overlap(labels: NDArray[np.int64], raw: NDArray[np.float64]) -> bool:
    """Whether some film with the finding scores below one without it, and some above one."""
    positives, negatives = raw[labels == 1], raw[labels == 0]
    return bool(positives.min() < negatives.max() and negatives.min() < positives.max())


def platt(labels: NDArray[np.int64], raw: NDArray[np.float64], fitted_on: str) -> Calibration:
    """Platt scaling: logistic regression on the log odds, without a penalty.

    Raises
    ------
    UserError
        If one class is missing (``"one-class"``), if the classes do not `overlap`, so that no finite curve fits best
        (``"separated"``), or if probabilities do not rise with the finding (``"no-rise"``).
    """
    from sklearn.linear_model import LogisticRegression

    _both_classes(labels, "calibration")
    if not overlap(labels, raw):
        raise UserError("separated", "the scores of the two classes do not overlap; Platt scaling needs more films")
    model = LogisticRegression(C=np.inf).fit(logit(raw)[:, np.newaxis], labels)
    slope = float(model.coef_[0, 0])
    if slope <= 0:
        raise UserError("no-rise", f"the scores of {len(labels)} films do not rise with the finding; train for longer")
    return Calibration(method="platt", slope=slope, offset=float(model.intercept_[0]), fitted_on=fitted_on)


def thresholds(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], share: float = 0.95, seed: int = 0
) -> dict[str, float]:
    """Thresholds by name, ordered ``sensitive <= balanced <= specific``.

    ``balanced``
        largest mean of sensitivity and specificity; the median of the best over resampled films, so that it hangs on
        no single film;
    ``sensitive``
        highest whose sensitivity is at least `share` with 97.5 % confidence (lower end of the exact interval), and not
        above balanced;
    ``specific``
        lowest whose specificity is at least `share` with the same confidence, and not under balanced.

    Raises
    ------
    UserError
        If one class is missing (``"one-class"``), or no threshold reaches `share` with that confidence
        (``"too-few-films"``).
    """
    _both_classes(labels, "a threshold")
    edges = _edges(probabilities)
    sensitivity, specificity = _rates(labels, probabilities, edges)
    rng = np.random.default_rng(seed)
    best = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, len(labels), len(labels))
        if 0 < labels[drawn].sum() < len(drawn):
            gain = np.add(*_rates(labels[drawn], probabilities[drawn], edges))
            top = np.flatnonzero(gain >= gain.max() - 1e-12)
            best.append(edges[top[len(top) // 2]])
    balanced = float(np.median(best))
    positives = int(labels.sum())
    enough = _surely(sensitivity, positives, share)
    clear = _surely(specificity, len(labels) - positives, share)
    if not enough.any() or not clear.any():
        text = f"{positives} films with the finding and {len(labels) - positives} without are too few for a threshold"
        raise UserError("too-few-films", f"{text} of which a share of {share:.0%} is sure")
    return {
        "balanced": balanced,
        "sensitive": min(balanced, float(edges[enough][-1])),
        "specific": max(balanced, float(edges[clear][0])),
    }


def _edges(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Halfway between neighbouring scores, and beyond both ends."""
    ranked = np.unique(np.concatenate([[0.0], probabilities, [1.0]]))
    return np.asarray((ranked[1:] + ranked[:-1]) / 2)


def _rates(
    labels: NDArray[np.int64], probabilities: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sensitivity and specificity at each threshold."""
    positives, negatives = np.sort(probabilities[labels == 1]), np.sort(probabilities[labels == 0])
    sensitivity = 1 - np.searchsorted(positives, edges) / len(positives)
    return sensitivity, np.searchsorted(negatives, edges) / len(negatives)


def _surely(rates: NDArray[np.float64], n: int, share: float) -> NDArray[np.bool_]:
    """Whether the lower end of the exact 95 % interval of each rate reaches `share` (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    hits = np.rint(rates * n)
    lower = np.where(hits > 0, beta.ppf(0.025, hits, n - hits + 1), 0.0)
    return np.asarray(lower >= share)


def _both_classes(labels: NDArray[np.int64], what: str) -> None:
    if not 0 < int(labels.sum()) < len(labels):
        text = f"{what} needs films with the finding and without; {int(labels.sum())} of {len(labels)} have it"
        raise UserError("one-class", text)
