"""Gray level of each stored value of one film, for windows that follow the mouse; knows no Qt."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.display import display_table
from cxrdesk.imaging.gamma import Shown
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import VoiFunction, Window

_LARGEST_TERM = float(1 << 18)
"""Of what float32 adds up: beyond it, in very narrow windows far from 0, gray levels would be off by rounding."""


class GrayTable:
    """Tables of `cxrdesk.imaging.display.display_table` for the values that a film has.

    Straight windows are computed in float32 from modality values that are kept: four times as fast, and the same but
    for values within rounding of the border between two gray levels.

    Parameters
    ----------
    radiograph : Radiograph
    within : tuple of int
        Smallest and largest stored value that there is; entries for others are 0.
    """

    def __init__(self, radiograph: Radiograph, within: tuple[int, int]) -> None:
        low, high = radiograph.stored_range
        self._radiograph = radiograph
        self._within = max(within[0], low), min(within[1], high)
        self._values = radiograph.modality_lut.apply(np.arange(self._within[0], self._within[1] + 1))
        self._largest = float(np.abs(self._values).max(initial=0.0))

    def table(self, voi: Shown, *, inverted: bool) -> NDArray[np.uint8]:
        """Uint8, shape (65536,), indexed as that of `display_table`."""
        radiograph, (low, high) = self._radiograph, self._within
        if not isinstance(voi, Window) or voi.function is VoiFunction.SIGMOID or voi.width <= 1 or high < low:
            return display_table(radiograph, voi, inverted=inverted, within=self._within)
        linear = voi.function is VoiFunction.LINEAR
        center, width = (voi.center - 0.5, voi.width - 1) if linear else (voi.center, voi.width)
        slope, offset = 255.0 / width, 127.5 - center * 255.0 / width
        if abs(slope) * max(self._largest, abs(center)) > _LARGEST_TERM:
            return display_table(radiograph, voi, inverted=inverted, within=self._within)
        # The conversion takes absolute values: what would be below black is held at black before.
        if radiograph.inverted != inverted:
            held, slope, offset = np.minimum(self._values, np.float32(center + width / 2)), -slope, 255.0 - offset
        else:
            held = np.maximum(self._values, np.float32(center - width / 2))
        grays = np.asarray(cv2.convertScaleAbs(held.reshape(1, -1), alpha=slope, beta=offset)).ravel()
        table = np.zeros(65536, dtype=np.uint8)
        below = min(max(-low, 0), len(grays))
        table[max(low, 0) : max(high + 1, 0)] = grays[below:]
        table[65536 + low : 65536 + low + below] = grays[:below]
        if radiograph.padding is not None:
            first, last = radiograph.padding
            table[(np.arange(first, last + 1) & 0xFFFF).astype(np.uint16)] = 0
        return table
