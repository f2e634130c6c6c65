"""Lengths, angles, regions and the cardiothoracic ratio of a film, in units that the file warrants; knows no Qt.

Points are (x, y) in film pixels: (0, 0) is the outer corner of the first pixel, (cols, rows) that of the last, as the
PIXEL units of a presentation state count (PS3.3 C.10.5). Nothing here depends on how a film is shown.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.presentation import Spacing
from cxrdesk.imaging.radiograph import Radiograph

Point = tuple[float, float]
SpacingSource = Literal["imager", "calibrated", "magnified", "unknown"]

LEAST_TURN = 1e-9
"""Lengths under this have no direction, and so no angle and no ratio."""
_BLOCK = 1 << 20
"""Pixels that are counted at a time: a region over a whole film takes no copy of it."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """What a film pixel measures.

    Parameters
    ----------
    row, col : float
        Height and width of a pixel in `unit`.
    unit : str
        ``"mm"``, or ``"px"`` where the file does not say what its spacing holds for: widths of a pixel.
    source : str
        ``"calibrated"`` in the plane of the patient, ``"magnified"`` there by a magnification that was estimated,
        ``"imager"`` at the detector, where everything is larger than in the patient, ``"unknown"`` (PS3.3 10.7.1.3).
    """

    row: float = 1.0
    col: float = 1.0
    unit: Literal["mm", "px"] = "px"
    source: SpacingSource = "unknown"

    @classmethod
    def of(cls, spacing_mm: tuple[float, float] | None, source: SpacingSource) -> Scale:
        """The scale of a spacing (row, column) in mm.

        A spacing of unknown meaning gives no millimetres; its ratio still tells how tall pixels are for their width.
        """
        if spacing_mm is None:
            return cls()
        row, col = spacing_mm
        if source == "unknown":
            return cls(row=row / col)
        return cls(row=row, col=col, unit="mm", source=source)

    @classmethod
    def of_film(cls, radiograph: Radiograph, spacing: Spacing | None = None) -> Scale:
        """The scale of a film; `spacing` tells an estimated magnification from a calibration."""
        scale = cls.of(radiograph.pixel_spacing_mm, radiograph.spacing_source)
        estimated = spacing is not None and spacing.plane == "magnified" and scale.source == "calibrated"
        return replace(scale, source="magnified") if estimated else scale

    def vector(self, start: Point, end: Point) -> Point:
        """From one film point to another, in `unit`."""
        return (end[0] - start[0]) * self.col, (end[1] - start[1]) * self.row


def length(start: Point, end: Point, scale: Scale) -> float:
    """Distance of two film points in the scale's unit."""
    return math.hypot(*scale.vector(start, end))


def angle_degrees(first: Point, vertex: Point, second: Point, scale: Scale) -> float | None:
    """Angle at `vertex`, 0..180 degrees, as it is in the patient also where pixels are not square.

    Returns
    -------
    float or None
        None where one of the arms has no length.
    """
    (ax, ay), (bx, by) = scale.vector(vertex, first), scale.vector(vertex, second)
    if min(math.hypot(ax, ay), math.hypot(bx, by)) < LEAST_TURN:
        return None
    return math.degrees(abs(math.atan2(ax * by - ay * bx, ax * bx + ay * by)))


@dataclass(frozen=True, kw_only=True)
class Region:
    """An ellipse or rectangle with its sides along the film's.

    Parameters
    ----------
    kind : str
        ``"ellipse"`` or ``"rectangle"``.
    x0, y0, x1, y1 : float
        The rectangle, or the one around the ellipse, in film points; x0 <= x1 and y0 <= y1.
    """

    kind: Literal["ellipse", "rectangle"]
    x0: float
    y0: float
    x1: float
    y1: float

    @classmethod
    def between(cls, kind: Literal["ellipse", "rectangle"], corner: Point, opposite: Point) -> Region:
        """The region between two opposite corners, whichever they are."""
        (xa, ya), (xb, yb) = corner, opposite
        return cls(kind=kind, x0=min(xa, xb), y0=min(ya, yb), x1=max(xa, xb), y1=max(ya, yb))

    def area(self, scale: Scale) -> float:
        """Area as drawn, in the square of the scale's unit."""
        box = (self.x1 - self.x0) * scale.col * (self.y1 - self.y0) * scale.row
        return box * math.pi / 4 if self.kind == "ellipse" else box

    def window(self, shape: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of a film of `shape` whose pixels' centers may lie inside."""
        rows, cols = shape
        return (
            slice(max(0, math.ceil(self.y0 - 0.5)), max(0, min(rows, math.floor(self.y1 - 0.5) + 1))),
            slice(max(0, math.ceil(self.x0 - 0.5)), max(0, min(cols, math.floor(self.x1 - 0.5) + 1))),
        )

    def inside(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Which pixels of `window` have their center inside or on the border; bool (rows, cols) of the window."""
        row_span, col_span = self.window(shape)
        size = (max(0, row_span.stop - row_span.start), max(0, col_span.stop - col_span.start))
        if self.x0 == self.x1 or self.y0 == self.y1:
            return np.zeros(size, dtype=bool)
        if self.kind == "rectangle":
            return np.ones(size, dtype=bool)
        y = (np.arange(row_span.start, row_span.stop) + 0.5 - (self.y0 + self.y1) / 2) * 2 / (self.y1 - self.y0)
        x = (np.arange(col_span.start, col_span.stop) + 0.5 - (self.x0 + self.x1) / 2) * 2 / (self.x1 - self.x0)
        within = np.empty(size, dtype=bool)
        for rows in _blocks(*size):
            within[rows] = y[rows, np.newaxis] ** 2 + x**2 <= 1.0
        return within


def _blocks(rows: int, cols: int) -> Iterator[slice]:
    """Rows of so many pixels as are counted at a time."""
    step = max(1, _BLOCK // max(1, cols))
    return (slice(top, top + step) for top in range(0, rows, step))


@dataclass(frozen=True, kw_only=True)
class RegionStatistics:
    """The film's values in a region: modality values, whatever the window, the polarity and the zoom.

    Parameters
    ----------
    pixels : int
        How many were counted: those with their center inside, pixel padding left out.
    mean, deviation, minimum, maximum : float
        Of their modality values; `deviation` is that of these pixels themselves (divided by their number).
    """

    pixels: int
    mean: float
    deviation: float
    minimum: float
    maximum: float


def region_statistics(radiograph: Radiograph, region: Region) -> RegionStatistics | None:
    """Statistics of the pixels in a region; None where it holds none but padding.

    Exact in float64: stored values are counted, and only the different ones go through the modality LUT.
    """
    lowest = int(np.iinfo(radiograph.stored.dtype).min)
    counts = _counted(radiograph, region, lowest)
    stored = np.flatnonzero(counts)
    counts, stored = counts[stored], stored + lowest
    if radiograph.padding is not None:
        kept = (stored < radiograph.padding[0]) | (stored > radiograph.padding[1])
        counts, stored = counts[kept], stored[kept]
    if not stored.size:
        return None
    values = radiograph.modality_lut.apply(stored).astype(np.float64)
    total = int(counts.sum())
    mean = float(counts @ values) / total
    return RegionStatistics(
        pixels=total,
        mean=mean,
        deviation=math.sqrt(float(counts @ (values - mean) ** 2) / total),
        minimum=float(values.min()),
        maximum=float(values.max()),
    )


def _counted(radiograph: Radiograph, region: Region, lowest: int) -> NDArray[np.int64]:
    """How often each stored value from `lowest` on occurs in a region."""
    row_span, col_span = region.window(radiograph.shape)
    part, inside = radiograph.stored[row_span, col_span], region.inside(radiograph.shape).view(np.uint8)
    levels = 256 if part.dtype == np.uint8 else 1 << 16
    unsigned: NDArray[Any] = part if part.dtype == np.uint8 else part.view(np.uint16)
    counts = np.zeros(levels, dtype=np.int64)
    for rows in _blocks(*part.shape):
        block, mask = np.ascontiguousarray(unsigned[rows]), np.ascontiguousarray(inside[rows])
        counts += cv2.calcHist([block], [0], mask, [levels], [0, levels]).ravel().astype(np.int64)
    # Two's complement: negative values follow the others.
    return np.roll(counts, -lowest)


@dataclass(frozen=True, kw_only=True)
class CardiothoracicRatio:
    """Transverse diameter of the heart over the inner diameter of the chest.

    Parameters
    ----------
    heart, thorax : float
        In the scale's unit.
    ratio : float
    heart_line : tuple of two Point
        Where the heart's diameter is drawn: parallel to the chest's, at the mean height of its two borders.
    """

    heart: float
    thorax: float
    ratio: float
    heart_line: tuple[Point, Point]


def cardiothoracic_ratio(
    heart: tuple[Point, Point], thorax: tuple[Point, Point], scale: Scale
) -> CardiothoracicRatio | None:
    """The ratio from the heart's two borders and the ends of the chest's inner diameter.

    The borders need not lie at one height: what counts is their distance along the chest's diameter, which is the
    sum of the two distances from the midline (C. S. Danzer, The cardiothoracic ratio: an index of cardiac enlargement,
    Am J Med Sci 1919;157:513-521). So neither a rotated film nor a patient who leans changes the ratio.

    Returns
    -------
    CardiothoracicRatio or None
        None where the chest's diameter has no length.
    """
    dx, dy = scale.vector(*thorax)
    thorax_length = math.hypot(dx, dy)
    if thorax_length < LEAST_TURN:
        return None
    ux, uy = dx / thorax_length, dy / thorax_length
    hx, hy = scale.vector(*heart)
    along = hx * ux + hy * uy
    middle = (heart[0][0] + heart[1][0]) / 2, (heart[0][1] + heart[1][1]) / 2
    half = along / 2 * ux / scale.col, along / 2 * uy / scale.row
    line = (middle[0] - half[0], middle[1] - half[1]), (middle[0] + half[0], middle[1] + half[1])
    return CardiothoracicRatio(
        heart=abs(along), thorax=thorax_length, ratio=abs(along) / thorax_length, heart_line=line
    )
