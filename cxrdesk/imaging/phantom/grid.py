"""The detector plane, and smooth profiles along it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Map = NDArray[np.float32]
"""float32 (rows, cols): a path length in mm, or another quantity per pixel."""

Values = NDArray[np.floating]
"""Any floating-point array."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Pixel centres in mm: x to the image's right, y down, (0, 0) at the chest's origin.

    With the beam along z (frontal films) the image's x is the patient's, towards the patient's left. With the beam
    along x (lateral films) it is -z, so that the patient faces the image's left.

    Parameters
    ----------
    shape : tuple of int
        (rows, cols).
    pixel_mm : float
        Side of a square pixel.
    left_mm, top_mm : float
        The field's left and top edge.
    beam : {"z", "x"}
        Axis of the patient that rays run along.
    draft : bool
        Whether thin things may be sampled sparsely, since their edges are lost in the film's pixels anyway.
    """

    shape: tuple[int, int]
    pixel_mm: float
    left_mm: float
    top_mm: float
    beam: Literal["z", "x"] = "z"
    draft: bool = False

    @property
    def lateral(self) -> bool:
        """Whether rays run across the patient."""
        return self.beam == "x"

    @property
    def x(self) -> Map:
        """(1, cols) x of the columns."""
        return (self.left_mm + (np.arange(self.shape[1], dtype=np.float32) + 0.5) * self.pixel_mm)[None, :]

    @property
    def y(self) -> Map:
        """(rows, 1) y of the rows."""
        return (self.top_mm + (np.arange(self.shape[0], dtype=np.float32) + 0.5) * self.pixel_mm)[:, None]

    def coarser(self, factor: int) -> Grid:
        """The same field with pixels `factor` times as large; the last row and column may reach beyond the field."""
        rows, cols = (-(-n // factor) for n in self.shape)
        return replace(self, shape=(rows, cols), pixel_mm=self.pixel_mm * factor)

    def meets(self, low: Values, high: Values) -> NDArray[np.bool_]:
        """Whether boxes (..., 3), given by turned corners, reach into the field, with two pixels to spare."""
        spare = 2 * self.pixel_mm
        right, bottom = (start + n * self.pixel_mm + spare for start, n in
                         ((self.left_mm, self.shape[1]), (self.top_mm, self.shape[0])))  # fmt: skip
        across = (high[..., 0] > self.left_mm - spare) & (low[..., 0] < right)
        return np.asarray(across & (high[..., 1] > self.top_mm - spare) & (low[..., 1] < bottom))

    def turned(self, points: Values) -> Values:
        """Points or directions (..., 3) of the patient as (image x, y, along the beam)."""
        if not self.lateral:
            return points
        return np.stack([-points[..., 2], points[..., 1], points[..., 0]], axis=-1)


def smooth_profile(knots: ArrayLike, values: ArrayLike, at: Values) -> Map:
    """Monotone cubic curve through (knots, values), constant beyond the ends; values (n,), or (n, k) for k curves.

    Fritsch and Carlson, SIAM J. Numer. Anal. 17 (1980) 238, with the harmonic-mean slopes of Fritsch and Butland:
    no overshoot, so an outline never bulges between its given points.
    """
    x, v = np.asarray(knots, np.float64), np.asarray(values, np.float64)
    several = v.ndim == 2
    step, rise = np.diff(x), np.diff(v, axis=0)
    if several:
        step = step[:, None]
    secant = rise / step
    slope = np.zeros_like(v)
    same = secant[1:] * secant[:-1] > 0
    w1, w2 = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
    safe = np.where(same, secant[:-1], 1.0), np.where(same, secant[1:], 1.0)
    slope[1:-1] = np.where(same, (w1 + w2) / (w1 / safe[0] + w2 / safe[1]), 0.0)
    slope[0], slope[-1] = secant[0], secant[-1]
    t = np.clip(np.asarray(at, np.float64), x[0], x[-1])
    i = np.clip(np.searchsorted(x, t, side="right") - 1, 0, len(step) - 1)
    h = step[i]
    s = (t - x[i])[..., None] / h if several else (t - x[i]) / h
    curve = (
        v[i] * (1 + 2 * s) * (1 - s) ** 2
        + v[i + 1] * s**2 * (3 - 2 * s)
        + h * (slope[i] * s * (1 - s) ** 2 + slope[i + 1] * s**2 * (s - 1))
    )
    return curve.astype(np.float32)
