"""A square film made small as TorchXRayVision does it: smoothed by a Gaussian, then interpolated linearly.

That is ``skimage.transform.resize`` with its defaults for mode ``"constant"``: what lies outside the film counts as 0,
so a value of 0 has to mean mid-grey.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

TRUNCATE = 4.0
"""Standard deviations after which the Gaussian ends (scipy.ndimage)."""


@lru_cache(maxsize=4)
def weights(before: int, after: int) -> NDArray[np.float32]:
    """What each of `before` pixels in a line gives to each of `after`: float32 (after, before)."""
    factor = before / after
    sigma = max(0.0, (factor - 1) / 2)
    radius = int(TRUNCATE * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2) if radius else np.ones(1)
    kernel /= kernel.sum()
    position = (np.arange(after) + 0.5) * factor - 0.5
    lower = np.floor(position).astype(np.int64)
    made = np.zeros((after, before))
    for neighbour, share in ((lower, lower + 1 - position), (lower + 1, position - lower)):
        # The filtered value at a pixel that is not there is 0.
        there = (neighbour >= 0) & (neighbour < before)
        for offset, value in zip(range(-radius, radius + 1), kernel, strict=True):
            source = neighbour + offset
            known = there & (source >= 0) & (source < before)
            made[np.flatnonzero(known), source[known]] += share[known] * value
    return made.astype(np.float32)


def resampled(film: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """A square film, float32 (n, n), as (side, side); never darker or brighter than the film is."""
    line = weights(len(film), side)
    small = line @ film @ line.T
    low, high = float(film.min()), float(film.max())
    if not low <= 0 <= high and float(small.min()) <= 0 <= float(small.max()):
        low, high = min(low, 0.0), max(high, 0.0)
    return np.asarray(np.clip(small, low, high), np.float32)
