"""Solids that each ray meets in one interval, and the length of what is left when some are cut from another.

Rays run along z (depth, towards the patient's front) on a frontal grid, along x (to the patient's left) on a lateral
one. Every solid here is convex along both, so it answers with the middle and the half-length of the interval that it
covers on each ray; half-length 0 is a miss.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from cxrdesk.imaging.phantom.grid import Grid, Map, Values

Interval = tuple[Values, Values]
"""(middle, half-length) in mm along the beam, each broadcastable to the grid."""


class Solid(Protocol):
    """Anything with one interval per ray."""

    def interval(self, grid: Grid) -> Interval:
        """Where each ray of `grid` runs inside."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ellipsoid:
    """Ellipsoid (or superellipsoid in x and y where `power` > 2), turned in the image plane.

    Parameters
    ----------
    center_mm, semi_axes_mm : tuple of float
        (x, y, z).
    turn_deg : float
        Turns the x axis towards +y (clockwise on the screen).
    power : float
        2 is an ellipsoid; 4 is nearly a box.
    """

    center_mm: tuple[float, float, float]
    semi_axes_mm: tuple[float, float, float]
    turn_deg: float = 0.0
    power: float = 2.0

    def interval(self, grid: Grid) -> Interval:
        """Where each ray of `grid` runs inside."""
        (cx, cy, cz), (a, b, c) = self.center_mm, self.semi_axes_mm
        if grid.lateral:
            return self._lateral_interval(grid)
        cos, sin = np.cos(np.deg2rad(self.turn_deg)), np.sin(np.deg2rad(self.turn_deg))
        dx, dy = grid.x - np.float32(cx), grid.y - np.float32(cy)
        u, v = np.abs((dx * cos + dy * sin) / a), np.abs((dy * cos - dx * sin) / b)
        inside = 1 - u * u - v * v if self.power == 2 else 1 - u**self.power - v**self.power
        half = np.maximum(inside, 0, dtype=np.float32)
        half = c * np.sqrt(half) if self.power == 2 else c * half ** (1 / self.power)
        return np.full((1, 1), cz, np.float32), half.astype(np.float32)

    def _lateral_interval(self, grid: Grid) -> Interval:
        (cx, cy, cz), (a, b, c) = self.center_mm, self.semi_axes_mm
        dy, dz = grid.y - np.float32(cy), -grid.x - np.float32(cz)
        if self.power != 2:
            # Boxes are taken as unturned: what is turned is round.
            inside = np.maximum(1 - np.abs(dy / b) ** self.power - np.abs(dz / c) ** self.power, 0)
            return np.full((1, 1), cx, np.float32), (a * inside ** (1 / self.power)).astype(np.float32)
        cos, sin = np.cos(np.deg2rad(self.turn_deg)), np.sin(np.deg2rad(self.turn_deg))
        # (x cos + y sin)^2 / a^2 + (y cos - x sin)^2 / b^2 + z^2 / c^2 = 1, solved for x.
        square = cos**2 / a**2 + sin**2 / b**2
        linear = dy * (cos * sin * (1 / a**2 - 1 / b**2))
        rest = dy**2 * (sin**2 / a**2 + cos**2 / b**2) + (dz / c) ** 2 - 1
        half = np.sqrt(np.maximum(linear**2 - square * rest, 0)) / square
        return (cx - linear / square).astype(np.float32), half.astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Loft:
    """Stack of axial superellipses: each row of the image has its own section.

    Parameters
    ----------
    center, low, high : ndarray of float32, shape (rows, 1)
        x of the deepest point of the section, and its ends towards -x and +x, in mm. An empty row has low >= high.
    middle, depth : ndarray of float32, shape (rows, 1)
        z of the section's middle and its largest half-length.
    low_power, high_power : float
        Superellipse exponent towards -x and +x: 2 is round, larger is squarer.
    """

    center: Values
    low: Values
    high: Values
    middle: Values
    depth: Values
    low_power: float = 2.0
    high_power: float = 2.0

    def interval(self, grid: Grid) -> Interval:
        """Where each ray of `grid` runs inside; `grid` must have as many rows as the stack."""
        if grid.lateral:
            return self._lateral_interval(grid)
        right = grid.x >= self.center
        reach = np.where(right, self.high - self.center, self.center - self.low)
        power = np.where(right, np.float32(self.high_power), np.float32(self.low_power))
        u = np.minimum(np.abs(grid.x - self.center) / np.maximum(reach, 1e-3), 1)
        half = self.depth * (1 - u**power) ** (1 / power)
        return self.middle, np.where(self.high > self.low, half, 0).astype(np.float32)

    def _lateral_interval(self, grid: Grid) -> Interval:
        t = np.abs(-grid.x - self.middle) / np.maximum(self.depth, 1e-3)
        rest = np.clip(1 - t, 0, 1)
        low, high = (
            self.center + (end - self.center) * (1 - (1 - rest) ** power) ** (1 / power)
            for end, power in ((self.low, self.low_power), (self.high, self.high_power))
        )
        met = (self.high > self.low) & (t < 1) & (self.depth > 0)
        return ((low + high) / 2).astype(np.float32), np.where(met, (high - low) / 2, 0).astype(np.float32)

    def shrunk(self, share: Values, towards_mm: tuple[Values | float, Values | float]) -> Loft:
        """The same stack with each row drawn together by `share` (rows, 1) of its size, 1 is whole, about (x, z)."""
        x, z = towards_mm
        gone = share <= 0
        return replace(
            self,
            center=(x + (self.center - x) * share).astype(np.float32),
            low=(x + (self.low - x) * share).astype(np.float32),
            high=np.where(gone, x + (self.low - x) * share, x + (self.high - x) * share).astype(np.float32),
            middle=(z + (self.middle - z) * share).astype(np.float32),
            depth=(self.depth * share).astype(np.float32),
        )


@dataclass(frozen=True, kw_only=True)
class Dome:
    """What lies below a diaphragm's dome: a superparaboloid with its top at `top_mm`.

    Parameters
    ----------
    top_mm : tuple of float
        (x, y, z) of the highest point.
    drop_mm : float
        How far the dome falls over one `reach_mm`.
    reach_mm : tuple of float
        (towards -x, towards +x, along z).
    power : float
        Exponent across x: above 2 the top is flatter and the sides steeper.
    """

    top_mm: tuple[float, float, float]
    drop_mm: float
    reach_mm: tuple[float, float, float]
    power: float = 2.4

    def interval(self, grid: Grid) -> Interval:
        """Where each ray of `grid` runs below the dome."""
        inside = np.maximum((grid.y - self.skyline(grid)) / self.drop_mm, 0)
        if grid.lateral:
            root = inside ** (1 / self.power)
            low, high = self.top_mm[0] - self.reach_mm[0] * root, self.top_mm[0] + self.reach_mm[1] * root
            return ((low + high) / 2).astype(np.float32), ((high - low) / 2).astype(np.float32)
        return np.full((1, 1), self.top_mm[2], np.float32), (self.reach_mm[2] * np.sqrt(inside)).astype(np.float32)

    def skyline(self, grid: Grid) -> Map:
        """(1, cols) y of the dome's outline in the image."""
        if grid.lateral:
            w = (-grid.x - np.float32(self.top_mm[2])) / self.reach_mm[2]
            return np.asarray(self.top_mm[1] + self.drop_mm * w**2, np.float32)
        dx = grid.x - np.float32(self.top_mm[0])
        u = np.abs(dx) / np.where(dx < 0, self.reach_mm[0], self.reach_mm[1])
        return np.asarray(self.top_mm[1] + self.drop_mm * u**self.power, np.float32)


def remaining_length(whole: Interval, cut: Sequence[Interval]) -> Map:
    """Length in mm, on each ray, of `whole` outside every solid of `cut` (which may overlap each other).

    Returns
    -------
    ndarray of float32, shape (rows, cols)
    """
    near, far = whole[0] - whole[1], whole[0] + whole[1]
    shape = np.broadcast_shapes(near.shape, *(half.shape for _, half in cut))
    starts = np.empty((len(cut), *shape), np.float32)
    ends = np.empty_like(starts)
    for i, (middle, half) in enumerate(cut):
        # A miss (half-length 0) becomes an empty interval at the near end, and is passed over.
        starts[i] = np.clip(np.where(half > 0, middle - half, near), near, far)
        ends[i] = np.clip(np.where(half > 0, middle + half, near), near, far)
    order = np.argsort(starts, axis=0)
    starts, ends = np.take_along_axis(starts, order, 0), np.take_along_axis(ends, order, 0)
    covered = np.zeros(shape, np.float32)
    reached = np.broadcast_to(near, shape)
    for start, end in zip(starts, ends, strict=True):
        covered += np.maximum(end - np.maximum(start, reached), 0)
        reached = np.maximum(reached, end)
    return np.asarray(np.maximum(far - near - covered, 0), np.float32)


def union_length(solids: Sequence[Interval]) -> Map:
    """Length in mm, on each ray, inside at least one of `solids`."""
    near = np.minimum.reduce(np.broadcast_arrays(*(middle - half for middle, half in solids)))
    far = np.maximum.reduce(np.broadcast_arrays(*(middle + half for middle, half in solids)))
    hull = ((near + far) / 2).astype(np.float32), ((far - near) / 2).astype(np.float32)
    return np.asarray(2 * hull[1] - remaining_length(hull, solids), np.float32)
