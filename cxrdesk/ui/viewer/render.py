"""Gray levels of what is visible, and of nothing else; knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.display import apply_table, display_table
from cxrdesk.imaging.radiograph import Radiograph, StoredPixels
from cxrdesk.imaging.voi import Voi
from cxrdesk.ui.viewer.geometry import Geometry


@dataclass(frozen=True, eq=False)
class Picture:
    """Gray levels with their place on the screen.

    Parameters
    ----------
    levels : ndarray of uint8, shape (height, width)
    left, top : int
        Screen pixel of the first level.
    """

    levels: NDArray[np.uint8]
    left: int
    top: int


def oriented(values: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    """Film pixels (rows, cols) as the geometry turns and flips them; a view where that is possible."""
    turned = np.rot90(values, -geometry.rotation // 90)
    return turned[:, ::-1] if geometry.flipped else turned


class Renderer:
    """Resamples the visible part at stored precision, then windows it.

    Each step keeps its last result: windowing does not resample, overlays do neither.
    """

    def __init__(self, radiograph: Radiograph) -> None:
        self.radiograph = radiograph
        self._region: tuple[Geometry, StoredPixels, NDArray[np.bool_] | None, int, int] | None = None
        self._table: tuple[Voi, bool, NDArray[np.uint8]] | None = None
        self._picture: tuple[object, object, Picture] | None = None

    def render(self, geometry: Geometry, voi: Voi, *, inverted: bool) -> Picture | None:
        """The picture in the viewport, or None if the film is out of sight."""
        region = self._resample(geometry)
        if region is None:
            return None
        table = self._gray_table(voi, inverted)
        if self._picture is None or self._picture[0] is not region or self._picture[1] is not table:
            _, stored, padding, left, top = region
            levels = apply_table(stored, table)
            if padding is not None:
                levels[padding] = 0
            self._picture = (region, table, Picture(levels, left, top))
        return self._picture[2]

    def _gray_table(self, voi: Voi, inverted: bool) -> NDArray[np.uint8]:
        if self._table is None or self._table[0] is not voi or self._table[1] != inverted:
            self._table = (voi, inverted, display_table(self.radiograph, voi, inverted=inverted))
        return self._table[2]

    def _resample(self, geometry: Geometry) -> tuple[Geometry, StoredPixels, NDArray[np.bool_] | None, int, int] | None:
        if self._region is not None and self._region[0] == geometry:
            return self._region
        part = geometry.visible()
        if part is None:
            return None
        r0, r1, c0, c1 = part
        (xa, ya), (xb, yb) = geometry.to_screen(c0, r0), geometry.to_screen(c1, r1)
        left, right = round(min(xa, xb)), round(max(xa, xb))
        top, bottom = round(min(ya, yb)), round(max(ya, yb))
        size = (max(1, right - left), max(1, bottom - top))
        size = size[::-1] if geometry.on_side else size
        crop = self.radiograph.stored[r0:r1, c0:c1]
        shrinks = size[0] <= crop.shape[1] and size[1] <= crop.shape[0]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        stored: Any = crop if size == crop.shape[::-1] else cv2.resize(crop, size, interpolation=method)
        padding = self._padding(crop, size, method)
        padding = None if padding is None else oriented(padding, geometry)
        self._region = (geometry, np.ascontiguousarray(oriented(stored, geometry)), padding, left, top)
        return self._region

    def _padding(self, crop: StoredPixels, size: tuple[int, int], method: int) -> NDArray[np.bool_] | None:
        """Where padding took part: its values are no gray levels, and must not be mixed with the film's."""
        if self.radiograph.padding is None:
            return None
        low, high = self.radiograph.padding
        inside = ((crop >= low) & (crop <= high)).astype(np.uint8)
        if not inside.any():
            return None
        return np.asarray(cv2.resize(inside * np.uint8(255), size, interpolation=method) > 0)
