"""Shapes of display shutters to masks (PS3.3 C.7.6.11, C.7.6.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cxrdesk.imaging.presentation import Shutter

_FINE = 4  # bits after the point of a corner's place
_FAR = 1e6  # pixels; a corner beyond it is a broken file's


def hidden(shutter: Shutter, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Pixels of a film of `shape` (rows, cols) whose middle lies outside of any of the shutter's shapes."""
    closed = np.zeros(shape, dtype=bool)
    if shutter.rectangle is not None:
        top, left, bottom, right = shutter.rectangle
        closed[: max(top, 0)] = closed[max(bottom, 0) :] = True
        closed[:, : max(left, 0)] = closed[:, max(right, 0) :] = True
    if shutter.circle is not None:
        x, y, radius = shutter.circle
        across = (np.arange(shape[1]) + 0.5 - x) ** 2
        down = (np.arange(shape[0]) + 0.5 - y) ** 2
        closed |= down[:, None] + across[None, :] > radius**2
    if shutter.polygon:
        # OpenCV counts from the middle of the first pixel.
        far = np.clip(np.array(shutter.polygon) - 0.5, -_FAR, _FAR)
        corners = np.rint(far * (1 << _FINE)).astype(np.int32)
        inside = np.zeros(shape, dtype=np.uint8)
        cv2.fillPoly(inside, [corners], 1, shift=_FINE)
        closed |= inside == 0
    if shutter.bitmap is not None:
        closed |= shutter.bitmap.on_film(shape)
    return closed
