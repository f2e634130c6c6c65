"""Band-limited random fields."""

from __future__ import annotations

import cv2
import numpy as np

from cxrdesk.imaging.phantom.grid import Grid, Map


def fractal(grid: Grid, rng: np.random.Generator, *, coarse_mm: float, octaves: int = 3, gain: float = 0.6) -> Map:
    """Smooth noise of zero mean and unit variance, (rows, cols); the coarsest grain is `coarse_mm` wide."""
    rows, cols = grid.shape
    total = np.zeros(grid.shape, np.float32)
    for octave in range(octaves):
        cell = max(coarse_mm / 2**octave / grid.pixel_mm, 1.0)
        size = int(np.ceil(rows / cell)) + 3, int(np.ceil(cols / cell)) + 3
        seed = rng.standard_normal(size, dtype=np.float32)
        total += gain**octave * np.asarray(cv2.resize(seed, (cols, rows), interpolation=cv2.INTER_CUBIC), np.float32)
    return np.asarray((total - total.mean()) / total.std(), np.float32)
