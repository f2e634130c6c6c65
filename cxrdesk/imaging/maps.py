"""Masks and saliency maps as closed lines and as colours: the same on the screen and in reports."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.preprocess import WHOLE_FILM, Box

INSIDE = 0.5
_FINE_SIDE = 512
_FEWEST_POINTS = 3


def colour_table() -> NDArray[np.uint8]:
    """RGB by share of the reference, uint8 (256, 3): inferno, even steps for the eye, safe for colour-blind readers.

    N. Smith and S. van der Walt, matplotlib 2.0; the table is OpenCV's.
    """
    ramp = np.arange(256, dtype=np.uint8).reshape(256, 1)
    return np.ascontiguousarray(cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)[:, 0, ::-1])


def opacity_table() -> NDArray[np.float32]:
    """Opacity 0..1 by share of the reference, float32 (256,): nearly 0 for small shares: a weak map does not glow."""
    shares = np.linspace(0.0, 1.0, 256)
    return np.asarray(np.clip(shares / 0.6, 0.0, 1.0) ** 1.5, dtype=np.float32)


def table_index(values: NDArray[np.float32], reference: float) -> NDArray[np.uint8]:
    """Where a map's values stand in the tables: their share of the bundle's reference value, cut at 1.

    The map's own largest value plays no part.
    """
    shares = np.clip(values / np.float32(reference), 0.0, 1.0)
    return np.asarray(np.rint(shares * 255), dtype=np.uint8)


def outlines(
    values: NDArray[np.float32], shape: tuple[int, int], *, threshold: float = INSIDE, box: Box = WHOLE_FILM
) -> list[NDArray[np.float64]]:
    """Outer lines around the parts of a map that reach `threshold`, the largest part first.

    Parameters
    ----------
    values : ndarray of float32, shape (h, w)
        Over `box`, on any grid.
    shape : tuple of int
        (rows, cols) of the film; (1, 1) for shares of it.

    Returns
    -------
    list of ndarray of float64, shape (n, 2)
        Points (x, y) in pixels of the film; (0, 0) is the outer corner of the first pixel, not its center, and
        (cols, rows) that of the last. Holes are left out. Lines go through the outermost cells' centers of a grid
        refined to at least 512 cells.
    """
    fine = refined(values)
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


def refined(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolated linearly to a grid of at least `_FINE_SIDE`: every value stays within those around it."""
    factor = -(-_FINE_SIDE // max(values.shape))
    if factor <= 1:
        return values
    return np.asarray(cv2.resize(values, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR), np.float32)
