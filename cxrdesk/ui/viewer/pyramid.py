"""A film at its own and at halved sizes, so that a step of zoom or pan reads no more pixels than it shows; no Qt."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

_LEAST_SIDE = 256
"""Smaller levels are never needed: no film is shown as small."""
_SHARPENED = 0.9
"""From how little less than one half the halved film is taken; enlarging it by a tenth costs no detail, while
reading every second pixel (1.8 to 2 times too many) would drop some."""


class Pyramid:
    """Levels of a film, each the mean of 2 x 2 pixels of the one before.

    Parameters
    ----------
    pixels : ndarray of uint8, uint16 or int16, shape (rows, cols) or (rows, cols, channels)
    padding : tuple of int or None
        Smallest and largest value that is no image.
    hidden : ndarray of bool, shape (rows, cols), or None
        What a shutter hides: it is shown as padding is.

    Attributes
    ----------
    range : tuple of int
        Smallest and largest value that there is.
    """

    def __init__(
        self,
        pixels: NDArray[Any],
        padding: tuple[int, int] | None = None,
        hidden: NDArray[np.bool_] | None = None,
    ) -> None:
        self._levels = [pixels]
        self._kept: list[NDArray[np.uint8]] = []
        if padding is not None:
            inside = cv2.inRange(pixels, np.array([padding[0]], float), np.array([padding[1]], float))
            if cv2.countNonZero(inside):
                self._kept = [np.asarray(cv2.bitwise_not(inside), dtype=np.uint8)]
        if hidden is not None:
            shown = np.where(hidden, 0, 255).astype(np.uint8)
            self._kept = [shown & self._kept[0] if self._kept else shown]
        low, high, _, _ = cv2.minMaxLoc(pixels.reshape(pixels.shape[0], -1))
        self.range = (int(low), int(high))
        while min(self._levels[-1].shape[:2]) >= 2 * _LEAST_SIDE:
            self._levels.append(_halved(self._levels[-1]))
            if self._kept:
                self._kept.append(_least_of_four(self._kept[-1]))

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols) of the film."""
        rows, cols = self._levels[0].shape[:2]
        return rows, cols

    @property
    def nbytes(self) -> int:
        """Bytes of all levels, the film's own pixels included."""
        return sum(level.nbytes for level in (*self._levels, *self._kept))

    def level_for(self, scale: float) -> int:
        """The level to show at `scale` screen pixels for each film pixel."""
        level = 0
        while level + 1 < len(self._levels) and scale * 2 ** (level + 1) * _SHARPENED <= 1:
            level += 1
        return level

    def pixels(self, level: int) -> NDArray[Any]:
        """Pixels of a level; level 0 is the film."""
        return self._levels[level]

    def kept(self, level: int) -> NDArray[np.uint8] | None:
        """255 where a pixel holds film alone, 0 where padding took part; None where there is no padding."""
        return self._kept[level] if self._kept else None


def _halved(pixels: NDArray[Any]) -> NDArray[Any]:
    rows, cols = pixels.shape[0] // 2, pixels.shape[1] // 2
    # An odd last row or column is left out: it is under half a pixel of the screen where this level is shown.
    return np.asarray(cv2.resize(pixels[: 2 * rows, : 2 * cols], (cols, rows), interpolation=cv2.INTER_AREA))


def _least_of_four(kept: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, cols = kept.shape[0] // 2 * 2, kept.shape[1] // 2 * 2
    part = kept[:rows, :cols]
    least: NDArray[np.uint8] = np.minimum(part[::2], part[1::2])
    return np.minimum(least[:, ::2], least[:, 1::2])
