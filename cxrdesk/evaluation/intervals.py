"""95 % confidence intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Estimate
from cxrdesk.imaging.errors import UserError

LEVEL = 0.95
RESAMPLES = 1000
FEWEST = 10
"""With fewer films of a class, or fewer patients, figures are not worth their intervals."""


def too_few(positives: int, negatives: int, patients: int) -> str:
    """What a set of films lacks for figures of a detector; empty where it is large enough."""
    if min(positives, negatives, patients) >= FEWEST:
        return ""
    counted = f"{positives} films with the finding, {negatives} without, of {patients} patients"
    return f"too small: {counted}; {FEWEST} of each are needed"


def proportion(hits: int, n: int) -> Estimate:
    """A share with its exact interval (Clopper and Pearson 1934), by scipy.

    Raises
    ------
    UserError
        If there is nothing to count (``"no-films"``).
    """
    from scipy.stats import binomtest

    if n < 1:
        raise UserError("no-films", "there is not one film to measure this share on")
    interval = binomtest(hits, n).proportion_ci(LEVEL, method="exact")
    return Estimate(value=hits / n, low=float(interval.low), high=float(interval.high), n=n)


def by_patient(
    statistic: Callable[[NDArray[np.int64]], float],
    patients: Sequence[str],
    *,
    seed: int = 0,
    resamples: int | None = None,
) -> Estimate:
    """A share with its interval: `resampled`.

    Parameters
    ----------
    statistic : callable
        From indices of films to a figure 0..1; NaN where the drawn films do not define it.
    """
    value, low, high = resampled(statistic, patients, seed=seed, resamples=resamples)
    return Estimate(value=value, low=low, high=high, n=len(patients))


def resampled(
    statistic: Callable[[NDArray[np.int64]], float],
    patients: Sequence[str],
    *,
    seed: int = 0,
    resamples: int | None = None,
) -> tuple[float, float, float]:
    """A statistic with its percentile bootstrap interval, patients being drawn, not films (Efron 1979).

    Parameters
    ----------
    statistic : callable
        From indices of films to a number; NaN where the drawn films do not define it.
    patients : sequence of str
        Patient of each film.
    resamples : int or None
        `RESAMPLES` where None.

    Returns
    -------
    tuple of float
        Value, low, high.

    Raises
    ------
    UserError
        If there is no film (``"no-films"``), or the films do not define the figure (``"undefined"``).
    """
    if not len(patients):
        raise UserError("no-films", "there is not one film to measure this figure on")
    value = statistic(np.arange(len(patients)))
    if np.isnan(value):
        raise UserError("undefined", f"the {len(patients)} films do not define this figure; is one class missing?")
    _, of = np.unique(np.asarray(patients), return_inverse=True)
    films: list[Any] = [np.flatnonzero(of == k) for k in range(of.max() + 1)]
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(RESAMPLES if resamples is None else resamples):
        chosen = rng.integers(0, len(films), len(films))
        draws.append(statistic(np.concatenate([films[k] for k in chosen])))
    low, high = np.nanpercentile(draws, [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
    return value, min(float(low), value), max(float(high), value)
