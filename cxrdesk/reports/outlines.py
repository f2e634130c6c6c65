"""Masks and maps as closed lines in a film's own pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.api import WHOLE_FILM, Box

INSIDE = 0.5
_FINE_SIDE = 512
_FEWEST_POINTS = 3


def outlines(
    values: NDArray[np.float32], shape: tuple[int, int], *, threshold: float = INSIDE, box: Box = WHOLE_FILM
) -> list[NDArray[np.float64]]:
    """Outer lines around the parts of a map that reach `threshold`, the largest part first.

    Parameters
    ----------
    values : ndarray of float32, shape (h, w)
        Over `box`, on any grid.
    shape : tuple of int
        (rows, cols) of the film.

    Returns
    -------
    list of ndarray of float64, shape (n, 2)
        Points (x, y) in pixels of the film; (0, 0) is the outer corner of the first pixel, not its center, and
        (cols, rows) that of the last. Holes are left out. Lines go through the outermost cells' centers of a grid
        refined to at least 512 cells.
    """
    fine = _refined(values)
    h, w = fine.shape
    # A rim, so that lines close at the grid's edge.
    rimmed = np.pad((fine >= threshold).astype(np.uint8), 1)
    found, _ = cv2.findContours(rimmed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rows, cols = shape
    scale = np.array([cols * (box.x1 - box.x0) / w, rows * (box.y1 - box.y0) / h])
    first = np.array([cols * box.x0, rows * box.y0])
    lines = []
    for line in sorted(found, key=cv2.contourArea, reverse=True):
        simple = cv2.approxPolyDP(line, 0.5, True)[:, 0, :]
        if len(simple) >= _FEWEST_POINTS:
            # Cell centers of the rimmed grid are at whole numbers; the rim shifts them by one, their center by a half.
            lines.append(first + np.clip(simple - 0.5, 0, (w, h)) * scale)
    return lines


def _refined(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolated linearly to a grid of at least `_FINE_SIDE`: every value stays within those around it."""
    factor = -(-_FINE_SIDE // max(values.shape))
    if factor <= 1:
        return values
    return np.asarray(cv2.resize(values, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR))
