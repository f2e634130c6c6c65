"""Gray levels of what is visible, and of nothing else; knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.display import apply_table
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Voi
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.gray_table import GrayTable
from cxrdesk.ui.viewer.pyramid import Pyramid
from cxrdesk.ui.viewer.scratch import Scratch

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}


@dataclass(frozen=True, eq=False)
class Picture:
    """Gray levels with their place on the screen.

    Parameters
    ----------
    levels : ndarray of uint8, shape (height, width) or (height, width, 4)
        In colour: blue, green, red and one that is not looked at.
    left, top : int
        Screen pixel of the first level.
    """

    levels: NDArray[np.uint8]
    left: int
    top: int


@dataclass(frozen=True, eq=False)
class Region:
    """What is visible of a film, at the screen's size.

    Parameters
    ----------
    pixels : ndarray, shape (height, width) or (height, width, channels)
        Of the film's own dtype.
    kept : ndarray of uint8, shape (height, width), or None
        0 where padding took part, else 255.
    left, top : int
        Screen pixel of the first one.
    """

    pixels: NDArray[Any]
    kept: NDArray[np.uint8] | None
    left: int
    top: int


def visible_region(pyramid: Pyramid, geometry: Geometry, memory: Scratch | None = None) -> Region | None:
    """Resample what is in sight, at stored precision; None if nothing is.

    Parameters
    ----------
    memory : Scratch or None
        For the pixels of the region; it belongs to them until the next one is asked for.
    """
    part = geometry.visible()
    if part is None:
        return None
    level = pyramid.level_for(geometry.scale * min(1.0, geometry.aspect))
    pixels, step = pyramid.pixels(level), 1 << level
    r0, c0 = part[0] // step, part[2] // step
    r1, c1 = min(-(-part[1] // step), pixels.shape[0]), min(-(-part[3] // step), pixels.shape[1])
    if r0 >= r1 or c0 >= c1:
        return None
    (xa, ya), (xb, yb) = geometry.to_screen(c0 * step, r0 * step), geometry.to_screen(c1 * step, r1 * step)
    left, right = round(min(xa, xb)), round(max(xa, xb))
    top, bottom = round(min(ya, yb)), round(max(ya, yb))
    size = (max(1, right - left), max(1, bottom - top))
    size = size[::-1] if geometry.on_side else size
    memory = memory or Scratch()
    shown = _oriented(_resized(pixels[r0:r1, c0:c1], size, memory), geometry)
    kept = pyramid.kept(level)
    if kept is not None:
        # What is mixed with padding is no gray level of the film.
        whole = cv2.threshold(_resized(kept[r0:r1, c0:c1], size, Scratch()), 254, 255, cv2.THRESH_BINARY)[1]
        kept = np.asarray(_oriented(whole, geometry), dtype=np.uint8)
    return Region(shown, kept, left, top)


def _resized(pixels: NDArray[Any], size: tuple[int, int], memory: Scratch) -> NDArray[Any]:
    """`pixels` at (width, height)."""
    resized = memory.array((size[1], size[0], *pixels.shape[2:]), pixels.dtype)
    if size == pixels.shape[1::-1]:
        np.copyto(resized, pixels)  # a table is looked up faster along one run of memory
        return resized
    # Linear sampling reads 2 x 2 pixels for each of the screen: it leaves none out where they are under twice as many.
    under_two = pixels.shape[1] <= 2 * size[0] and pixels.shape[0] <= 2 * size[1]
    cv2.resize(pixels, size, resized, interpolation=cv2.INTER_LINEAR if under_two else cv2.INTER_AREA)
    return resized


def _oriented(pixels: NDArray[Any], geometry: Geometry) -> NDArray[Any]:
    turned = cv2.rotate(pixels, _TURNS[geometry.rotation]) if geometry.rotation else pixels
    return np.asarray(cv2.flip(turned, 1) if geometry.flipped else turned)


class ColourRenderer:
    """As `Renderer`, for pictures in colour: they have no window."""

    def __init__(self, pyramid: Pyramid) -> None:
        self._pyramid = pyramid
        self._picture: tuple[Geometry, bool, Picture | None] | None = None

    def render(self, geometry: Geometry, voi: Voi, *, inverted: bool) -> Picture | None:
        """The picture in the viewport, or None if the film is out of sight; `voi` is not for colours."""
        if self._picture is None or self._picture[:2] != (geometry, inverted):
            self._picture = (geometry, inverted, self._rendered(geometry, inverted))
        return self._picture[2]

    def _rendered(self, geometry: Geometry, inverted: bool) -> Picture | None:
        region = visible_region(self._pyramid, geometry)
        if region is None:
            return None
        levels = cv2.bitwise_not(region.pixels) if inverted else region.pixels
        if region.kept is not None:
            levels = cv2.bitwise_and(levels, levels, mask=region.kept)
        return Picture(np.asarray(levels, dtype=np.uint8), region.left, region.top)


class Renderer:
    """Resamples the visible part at stored precision, then windows it.

    Each step keeps its last result: windowing does not resample, overlays do neither.
    """

    def __init__(self, radiograph: Radiograph, pyramid: Pyramid | None = None) -> None:
        self.radiograph = radiograph
        self._pyramid = pyramid or Pyramid(radiograph.stored, radiograph.padding)
        self._grays = GrayTable(radiograph, self._pyramid.range)
        self._pixels, self._levels = Scratch(), Scratch()
        self._region: tuple[Geometry, Region | None] | None = None
        self._table: tuple[Voi, bool, NDArray[np.uint8]] | None = None
        self._picture: tuple[Region, NDArray[np.uint8], Picture] | None = None

    def render(self, geometry: Geometry, voi: Voi, *, inverted: bool) -> Picture | None:
        """The picture in the viewport, valid until the next call; None if the film is out of sight."""
        region = self._visible(geometry)
        if region is None:
            return None
        table = self._gray_table(voi, inverted)
        if self._picture is None or self._picture[0] is not region or self._picture[1] is not table:
            levels = apply_table(region.pixels, table, self._levels.array(region.pixels.shape, np.uint8))
            if region.kept is not None:
                cv2.bitwise_and(levels, region.kept, dst=levels)
            self._picture = (region, table, Picture(levels, region.left, region.top))
        return self._picture[2]

    def _visible(self, geometry: Geometry) -> Region | None:
        if self._region is None or self._region[0] != geometry:
            self._region = (geometry, visible_region(self._pyramid, geometry, self._pixels))
        return self._region[1]

    def _gray_table(self, voi: Voi, inverted: bool) -> NDArray[np.uint8]:
        if self._table is None or self._table[0] is not voi or self._table[1] != inverted:
            self._table = (voi, inverted, self._grays.table(voi, inverted=inverted))
        return self._table[2]
