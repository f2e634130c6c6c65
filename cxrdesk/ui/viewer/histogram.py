"""How often a film has each value, for drawing the window in; knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrdesk.ui.viewer.loaded import LoadedFilm

BINS = 128


@dataclass(frozen=True, kw_only=True, eq=False)
class Histogram:
    """Counts over modality values.

    Parameters
    ----------
    counts : ndarray of int, shape (BINS,)
    low, high : float
        Modality values at the outer edges of the first and the last bin.
    """

    counts: NDArray[np.int64]
    low: float
    high: float


def histogram(loaded: LoadedFilm) -> Histogram:
    """Of a film's smallest size, without padding and what a shutter hides: a means of 2 x 2 and more pixels."""
    pyramid, lut = loaded.pyramid, loaded.radiograph.modality_lut
    level = pyramid.level_for(0.0)
    pixels, kept = pyramid.pixels(level), pyramid.kept(level)
    if loaded.coloured:
        pixels = loaded.radiograph.stored
        kept = None
    values = lut.apply(pixels[kept > 0] if kept is not None and kept.any() else pixels.ravel())
    low, high = float(values.min()), float(values.max())
    if high <= low:
        high = low + 1
    counts, _ = np.histogram(values, bins=BINS, range=(low, high))
    return Histogram(counts=counts, low=low, high=high)
