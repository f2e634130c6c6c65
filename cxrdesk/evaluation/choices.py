"""Thresholds, chosen on a tuning split."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cxrdesk.evaluation.calibration import both_classes
from cxrdesk.imaging.errors import UserError

RESAMPLES = 400


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
    both_classes(labels, "a threshold")
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
