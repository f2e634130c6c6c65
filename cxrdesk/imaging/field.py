"""Which of a film's pixels are worth windowing: the collimated field, and in it the body."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.radiograph import ModalityLut, StoredPixels

_SAMPLE_SIDE = 512
_TRIM_SPREAD = 0.03
"""An edge line whose spread is under this share of the film's spread is border, not film."""
_CORNER_SPREAD = 0.04
"""What is connected to a corner and within this share of the film's spread from it is collimator, beam or label."""
_MOST_CORNERS = 0.6
_SQUEEZED = 0.6
"""The film's middle shows lungs and spine; where they have less than this share of its spread, what lies outside of the
body takes the contrast away."""
_MIDDLE_KEPT = 0.9
_RIM = np.ones((7, 7), np.uint8)
"""A skin line or a collimator's edge is as wide."""


def percentiles(values: NDArray[np.float32], *shares: float) -> list[float]:
    """Percentiles by linear interpolation, those of `numpy.percentile` but for its rounding to float32.

    That one sorts its two shares with ``numpy.unique``, which imports ``numpy.ma``: 30 ms of the time to the first
    film, and six times as long for each line of a film's border.

    Parameters
    ----------
    values : ndarray of float32, any shape
        At least one; no NaN.
    shares : float
        0..100.
    """
    last = values.size - 1
    places = [share / 100 * last for share in shares]
    ends = [(int(place), min(int(place) + 1, last)) for place in places]
    parted = np.partition(values, sorted({index for pair in ends for index in pair}), axis=None)
    between = zip(places, ends, strict=True)
    return [float(parted[a]) + (place - a) * (float(parted[b]) - float(parted[a])) for place, (a, b) in between]


def sampled(
    stored: StoredPixels, modality_lut: ModalityLut, *, padding: tuple[int, int] | None = None
) -> NDArray[np.float32]:
    """Modality values of a coarse grid of pixels without padding, shape (n,), n > 0; with it where nothing is left."""
    grid, valid = _grid(stored, padding)
    return modality_lut.apply(grid[valid] if valid.any() else grid.ravel())


def film_values(
    stored: StoredPixels,
    modality_lut: ModalityLut,
    *,
    padding: tuple[int, int] | None = None,
    side: int = _SAMPLE_SIDE,
) -> NDArray[np.float32]:
    """Modality values of a coarse grid of film pixels, shape (n,), n > 0: no padding, collimator or label border.

    Left out are padding, edge rows and columns that are nearly uniform, and the smallest and largest stored value where
    they fill over 2 % of the rest (blanked collimator, saturated detector). Where that leaves under a tenth, only
    padding is left out. The grid has up to `side` rows and columns.
    """
    values, film = _film(stored, modality_lut, padding, side)
    return values[film]


def body_values(
    stored: StoredPixels, modality_lut: ModalityLut, *, padding: tuple[int, int] | None = None
) -> NDArray[np.float32]:
    """`film_values` without flat corners (turned collimators), and without the open beam of raw films.

    On a film that is linear in exposure the open beam is ten times and more above the body, whose values all but
    vanish beside it.
    """
    values, film = _film(stored, modality_lut, padding)
    film = _without_corners(values, film)
    for _ in range(2):  # a collimator's shadow, then the open beam
        film = _without_outside(values, film)
    return values[film]


def _grid(
    stored: StoredPixels, padding: tuple[int, int] | None, side: int = _SAMPLE_SIDE
) -> tuple[StoredPixels, NDArray[np.bool_]]:
    step = max(1, -(-max(stored.shape) // side))
    grid = stored[::step, ::step]
    if padding is None:
        return grid, np.ones(grid.shape, dtype=bool)
    return grid, (grid < padding[0]) | (grid > padding[1])


def _film(
    stored: StoredPixels, modality_lut: ModalityLut, padding: tuple[int, int] | None, side: int = _SAMPLE_SIDE
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Modality values of the grid, and which of them are the film's; at least one is."""
    grid, valid = _grid(stored, padding, side)
    values = modality_lut.apply(grid)
    film = _without_border(values, valid)
    kept = grid[film]
    if kept.size:
        for extreme in (kept.min(), kept.max()):
            flat = film & (grid == extreme)
            if flat.sum() > 0.02 * film.sum():
                film &= ~flat
    enough = max(1, valid.sum() // 10)
    for mask in (film, valid):
        if mask.sum() >= enough:
            return values, mask
    return values, np.ones(grid.shape, dtype=bool)


def _without_corners(values: NDArray[np.float32], film: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows, cols = np.flatnonzero(film.any(axis=1)), np.flatnonzero(film.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1], cols[0], cols[-1]
    if min(bottom - top, right - left) < 32:
        return film
    low, high = percentiles(values[film], 1, 99)
    near = _CORNER_SPREAD * (high - low)
    smooth = cv2.blur(np.ascontiguousarray(values[top : bottom + 1, left : right + 1]), (5, 5))
    height, width = smooth.shape
    flat = np.zeros((height + 2, width + 2), dtype=np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE | (1 << 8)
    for corner in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
        if not flat[corner[1] + 1, corner[0] + 1]:
            cv2.floodFill(smooth, flat, corner, 0, near, near, flags)
    kept = film.copy()
    kept[top : bottom + 1, left : right + 1] &= cv2.dilate(flat[1:-1, 1:-1], _RIM) == 0
    return kept if kept.sum() >= (1 - _MOST_CORNERS) * film.sum() else film


def _without_outside(values: NDArray[np.float32], film: NDArray[np.bool_]) -> NDArray[np.bool_]:
    middle = np.zeros_like(film)
    height, width = film.shape
    middle[height // 4 : -(-3 * height // 4), width // 4 : -(-3 * width // 4)] = True
    middle &= film
    if not middle.any():
        return film
    low, high = percentiles(values[film], 1, 99)
    first, last = percentiles(values[middle], 3, 97)
    if last - first >= _SQUEEZED * (high - low):
        return film
    levels = np.clip((values - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(levels[film], 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright = levels > threshold
    kept = film & ~_from_outside(film & (~bright if bright[middle].mean() > 0.5 else bright), film)
    return kept if kept[middle].mean() >= _MIDDLE_KEPT else film


def _from_outside(mask: NDArray[np.bool_], film: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Parts of `mask` that lie along the film's edge; lungs do not."""
    opened = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))  # a neck, an armpit
    _, parts = cv2.connectedComponents(opened, connectivity=4)
    mask = opened > 0
    edge = film & (cv2.erode(film.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0) == 0)
    outside = np.unique(parts[edge & mask])
    found = (mask & np.isin(parts, outside)).astype(np.uint8)
    return cv2.dilate(found, _RIM) > 0


def _without_border(values: NDArray[np.float32], valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if not valid.any():
        return valid
    low, high = percentiles(values[valid], 1, 99)
    least = _TRIM_SPREAD * (high - low)
    masked = np.where(valid, values, np.nan)
    film = valid.copy()
    for axis in (0, 1):
        lines = masked if axis == 0 else masked.T
        target = film if axis == 0 else film.T
        count = len(lines)
        for order in (range(count // 2), range(count - 1, count // 2, -1)):
            for index in order:
                line = lines[index][valid[index] if axis == 0 else valid[:, index]]
                if line.size:
                    bright, dark = percentiles(line, 95, 5)
                    if bright - dark > least:
                        break
                target[index] = False
    return film
