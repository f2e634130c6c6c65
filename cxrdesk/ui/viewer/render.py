"""Gray levels of what is visible, and of nothing else; knows no Qt."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.display import apply_table
from cxrdesk.imaging.gamma import Shown
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.gray_table import GrayTable
from cxrdesk.ui.viewer.pyramid import Pyramid
from cxrdesk.ui.viewer.scratch import Scratch

_AROUND = 1 / 12
"""Of the viewport, resampled beyond its edges while a film is panned."""
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
    part : tuple of int
        First row, end row, first column, end column of the film's pixels that are in it.
    """

    pixels: NDArray[Any]
    kept: NDArray[np.uint8] | None
    left: int
    top: int
    part: tuple[int, int, int, int]

    def holds(self, part: tuple[int, int, int, int] | None) -> bool:
        """Whether these pixels of the film are in it."""
        if part is None:
            return False
        first, end, left, right = self.part
        return first <= part[0] and part[1] <= end and left <= part[2] and part[3] <= right

    def trimmed(self, width: int, height: int) -> Region:
        """What of it lies in a viewport of that size, in one run of memory."""
        rows = slice(max(0, -self.top), max(0, height - self.top))
        cols = slice(max(0, -self.left), max(0, width - self.left))
        pixels, kept = self.pixels[rows, cols], None if self.kept is None else self.kept[rows, cols]
        if not pixels.size or (pixels.shape == self.pixels.shape and pixels.flags.c_contiguous):
            return self
        # What was cut off is not in it any more; how much of the film is left need not be known.
        part = self.part if pixels.shape == self.pixels.shape else (0, 0, 0, 0)
        return Region(pixels.copy(), kept, max(self.left, 0), max(self.top, 0), part)


def visible_region(
    pyramid: Pyramid, geometry: Geometry, memory: Scratch | None = None, *, around: float = 0.0
) -> Region | None:
    """Resample what is in sight, at stored precision; None if nothing is.

    Parameters
    ----------
    memory : Scratch or None
        For the pixels of the region; it belongs to them until the next one is asked for.
    around : float
        How much beyond each edge of the viewport, as a share of its size.
    """
    part = geometry.visible(around)
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
    # A level may lack the film's last row or column: with its own last one it holds all there is to show.
    end = geometry.film[0] if r1 == pixels.shape[0] else r1 * step
    right_end = geometry.film[1] if c1 == pixels.shape[1] else c1 * step
    return Region(shown, kept, left, top, (r0 * step, end, c0 * step, right_end))


def _moved(region: Region, before: Geometry, after: Geometry) -> Region:
    """The same pixels of a film that was panned."""
    (xa, ya), (xb, yb) = before.to_screen(0, 0), after.to_screen(0, 0)
    return replace(region, left=region.left + round(xb - xa), top=region.top + round(yb - ya))


def _resized(pixels: NDArray[Any], size: tuple[int, int], memory: Scratch) -> NDArray[Any]:
    """`pixels` at (width, height)."""
    if size == pixels.shape[1::-1]:
        return pixels
    resized = memory.array((size[1], size[0], *pixels.shape[2:]), pixels.dtype)
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

    def render(self, geometry: Geometry, voi: Shown, *, inverted: bool) -> Picture | None:
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

    Each step keeps its last result: windowing does not resample, overlays do neither. Nor does panning: a film that is
    moved is resampled a little beyond the viewport, and goes on from there.
    """

    def __init__(self, radiograph: Radiograph, pyramid: Pyramid | None = None) -> None:
        self.radiograph = radiograph
        self._pyramid = pyramid or Pyramid(radiograph.stored, radiograph.padding)
        self._grays = GrayTable(radiograph, self._pyramid.range)
        self._pixels, self._levels = Scratch(), Scratch()
        self._sampled: tuple[Geometry, Region | None] | None = None
        self._table: tuple[Shown, bool, NDArray[np.uint8]] | None = None
        self._picture: tuple[NDArray[Any], NDArray[np.uint8], Picture] | None = None

    def render(self, geometry: Geometry, voi: Shown, *, inverted: bool) -> Picture | None:
        """The picture in the viewport, valid until the next call; None if the film is out of sight."""
        region = self._visible(geometry)
        if region is None:
            return None
        table, drawn = self._gray_table(voi, inverted), self._picture
        if drawn is not None and drawn[0] is region.pixels:
            if drawn[1] is table:
                if (drawn[2].left, drawn[2].top) != (region.left, region.top):
                    drawn = (*drawn[:2], Picture(drawn[2].levels, region.left, region.top))
                    self._picture = drawn
                return drawn[2]
            # Windowed again: as few pixels as can be, and a table is looked up faster along one run of memory.
            region = region.trimmed(math.ceil(geometry.viewport[0]), math.ceil(geometry.viewport[1]))
            self._sampled = (geometry, region)
        levels = apply_table(region.pixels, table, self._levels.array(region.pixels.shape, np.uint8))
        if region.kept is not None:
            cv2.bitwise_and(levels, region.kept, dst=levels)
        self._picture = (region.pixels, table, Picture(levels, region.left, region.top))
        return self._picture[2]

    def _visible(self, geometry: Geometry) -> Region | None:
        if self._sampled is None:
            around = 0.0
        else:
            before, region = self._sampled
            if before == geometry:
                return region
            panned = replace(geometry, center=before.center, fitted=before.fitted) == before
            if panned and region is not None and region.holds(geometry.visible()):
                return _moved(region, before, geometry)
            around = _AROUND if panned else 0.0
        region = visible_region(self._pyramid, geometry, self._pixels, around=around)
        self._sampled = (geometry, region)
        return region

    def _gray_table(self, voi: Shown, inverted: bool) -> NDArray[np.uint8]:
        if self._table is None or self._table[0] is not voi or self._table[1] != inverted:
            self._table = (voi, inverted, self._grays.table(voi, inverted=inverted))
        return self._table[2]
