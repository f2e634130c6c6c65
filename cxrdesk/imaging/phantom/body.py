"""Soft organs of the chest as solids: trunk, lungs, heart, mediastinum, domes, airways, gas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.phantom.grid import Grid, Map, Values, smooth_profile
from cxrdesk.imaging.phantom.habitus import Habitus, Profile
from cxrdesk.imaging.phantom.solids import Dome, Ellipsoid, Interval, Loft, Solid, remaining_length, union_length
from cxrdesk.imaging.phantom.tubes import Points, Tube, tube

Side = Literal["right", "left"]
"""The patient's side; on a frontal film the right lung is at the image's left."""

SIDES: tuple[Side, Side] = ("right", "left")


def sign(side: Side) -> int:
    """Direction of x on that side."""
    return 1 if side == "left" else -1


@dataclass(frozen=True, kw_only=True)
class Body:
    """A habitus with one person's small deviations, as solids in mm."""

    habitus: Habitus
    curve_mm: float = 0.0
    """Sideways bend of the spine."""

    def mm(self, uvw: Values) -> Points:
        """(n, 3) of (u, v, w) to (x, y, z) in mm."""
        h = self.habitus
        return np.asarray(np.asarray(uvw) * (h.half_width_mm, h.height_mm, h.half_depth_mm), np.float32)

    def _profile(self, profile: Profile, v: Values) -> Map:
        knots, values = zip(*profile, strict=True)
        return smooth_profile(knots, values, v)

    def cage_half_width(self, v: Values) -> Map:
        """Inner half-width of the rib cage (u); above the apices it closes towards the neck."""
        return self._profile(((-0.12, 0.3), *self.habitus.lateral[1:], (1.4, 1.0)), v)

    def cage_half_depth(self, v: Values) -> Map:
        """Inner half-depth of the rib cage (w): shallow at the inlet."""
        return self._profile(((-0.1, 0.3), (0.0, 0.42), (0.15, 0.68), (0.4, 0.92), (0.7, 1.0), (1.3, 0.98)), v)

    def cage_middle(self, v: Values) -> Map:
        """Depth (z) in mm of the cage's middle: the inlet lies towards the back."""
        return self._profile(((-0.1, -0.42), (0.15, -0.2), (0.5, 0.0), (1.3, 0.0)), v) * self.habitus.half_depth_mm

    def spine_z(self, v: float) -> float:
        """Depth (z) in mm of the vertebral bodies' middle."""
        return float(
            smooth_profile((-0.4, 0.0, 0.5, 1.0, 1.5), (-0.25, -0.5, -0.72, -0.62, -0.45), np.array([v]))[0]
        ) * (self.habitus.half_depth_mm)

    def spine_x(self, y: float) -> float:
        """Position across (x) in mm of the spine at y."""
        return self.curve_mm * float(np.sin(2.2 * y / self.habitus.height_mm))

    def trunk(self, grid: Grid) -> list[Interval]:
        """Neck, shoulders, trunk, arms, jaw: what is body."""
        h = self.habitus
        v = grid.y / h.height_mm
        half = self._profile(h.body, v) * h.half_width_mm
        depth = self._profile(h.body_depth, v) * h.half_depth_mm
        zero = np.zeros_like(half)
        parts = [
            Loft(
                center=zero, low=-half, high=half, middle=zero, depth=depth, low_power=h.section, high_power=h.section
            ).interval(grid)
        ]
        radius = h.arm_radius_u * h.half_width_mm
        # On a lateral film the arms are held up, out of the field.
        for side in () if grid.lateral else SIDES:
            (u0, v0), (u1, v1), (u2, v2) = h.arm
            ends = self.mm(np.array([(u0, v0, -0.1), (u1, v1, -0.1), (u2, v2, -0.1)]))
            # The arm runs mostly along y, so that a stack of round sections is a fair arm.
            order = np.argsort(ends[:, 1])
            y, x = ends[order, 1], ends[order, 0]
            center = sign(side) * smooth_profile(y, x, grid.y)
            taper = smooth_profile((y[0] - radius, y[0], y[-1], y[-1] + 1), (0.0, 1.0, 1.0, 1.0), grid.y)
            if v2 < v0:
                taper = smooth_profile((y[0], y[-1], y[-1] + radius), (1.0, 1.0, 0.0), grid.y)
            size = radius * np.sqrt(np.maximum(taper, 0))
            parts.append(
                Loft(center=center, low=center - size, high=center + size, middle=zero, depth=size).interval(grid)
            )
        if h.jaw_v is not None:
            y = (h.jaw_v - 0.34) * h.height_mm
            jaw = Ellipsoid(
                center_mm=(0.0, y, 0.2 * h.half_depth_mm),
                semi_axes_mm=(0.6 * h.half_width_mm, 0.34 * h.height_mm, 0.8 * h.half_depth_mm),
                power=2.6,
            )
            parts.append(jaw.interval(grid))
        return parts

    def body_length(self, grid: Grid) -> Map:
        """Path length in mm through the body, cavities included."""
        return union_length(self.trunk(grid))

    def pleura(self, side: Side, grid: Grid, *, drawn: bool = False) -> Loft:
        """Pleural cavity: the lung, and what of heart and liver bulges into it; `drawn` as annotators see its edge."""
        h = self.habitus
        medial = 1.0 if drawn else h.medial
        v = grid.y / h.height_mm
        # In sqrt(v) the apex is a smooth cap, as a dome is.
        root = np.sqrt(np.maximum(v, 0))
        knots = np.sqrt([k for k, _ in h.lateral])
        outer = smooth_profile(knots, [value for _, value in h.lateral], root)
        edges = (h.apex_u, h.apex_u - 0.09, *(medial * u for u in (0.185, 0.165, 0.16)))
        inner = smooth_profile(np.sqrt([0.0, 0.01, 0.06, 0.2, 1.0]), edges, root)
        inside = (v > 0) & (v < 1.35)
        low, high = inner * h.half_width_mm, np.where(inside, outer, -1.0) * h.half_width_mm
        center = inner * 0.5 * h.half_width_mm + outer * 0.5 * h.half_width_mm
        middle = self.cage_middle(v)
        depth = self.cage_half_depth(v) * h.half_depth_mm
        depth = depth * smooth_profile((0, 0.1, 0.22, 0.45, 2), (0.0, 0.3, 0.65, 1.0, 1.0), root)
        if side == "left":
            return Loft(center=center, low=low, high=high, middle=middle, depth=depth, low_power=2.6, high_power=2.2)
        return Loft(center=-center, low=-high, high=-low, middle=middle, depth=depth, low_power=2.2, high_power=2.6)

    @cached_property
    def domes(self) -> dict[Side, Dome]:
        """Liver and stomach under their diaphragms."""
        h = self.habitus
        tops = {"right": h.dome_right, "left": h.dome_left}
        domes: dict[Side, Dome] = {}
        for side in SIDES:
            u, v = tops[side]
            lateral, medial = (1.0 - abs(u)) * h.half_width_mm, (abs(u) + 0.1) * h.half_width_mm * 1.25
            reach = (lateral, medial) if side == "right" else (medial, lateral)
            domes[side] = Dome(
                top_mm=(u * h.half_width_mm, v * h.height_mm, 0.25 * h.half_depth_mm),
                drop_mm=(1.0 - v) * h.height_mm,
                reach_mm=(*reach, 0.75 * h.half_depth_mm),
                power=2.5,
            )
        return domes

    def heart(self, grid: Grid) -> Loft:
        """Heart with the roots of the great vessels."""
        h = self.habitus
        v = grid.y / h.height_mm
        left, right = (self._profile(border, v) * h.half_width_mm for border in (h.heart_left, h.heart_right))
        top, bottom = h.heart_left[0][0], h.heart_left[-1][0]
        depth = self._profile(((top, 0.2), (top + 0.14, 0.42), (0.65, 0.58), (0.85, 0.52), (bottom, 0.2)), v)
        inside = (v > top) & (v < bottom)
        return Loft(
            center=(left - right) / 2,
            low=-right,
            high=np.where(inside, left, -right),
            middle=np.full_like(v, 0.3 * h.half_depth_mm),
            depth=depth * h.half_depth_mm,
            low_power=2.2,
            high_power=2.2,
        )

    def heart_mask(self, grid: Grid) -> NDArray[np.bool_]:
        """Outline of the heart and the roots of its vessels, down to the domes' outlines."""
        loft = self.heart(grid)
        if grid.lateral:
            rows = (grid.y > self.habitus.heart_right[0][0] * self.habitus.height_mm) & (loft.high > loft.low)
            lower = np.maximum(*(self.domes[side].skyline(grid) for side in SIDES))
            return rows & (np.abs(-grid.x - loft.middle) < loft.depth) & (grid.y < lower)
        below = np.minimum(self.domes["right"].skyline(grid), self.domes["left"].skyline(grid))
        middle = np.abs(grid.x) < self.habitus.spine_u * 2 * self.habitus.half_width_mm
        floor = np.where(
            middle, max(dome.top_mm[1] for dome in self.domes.values()) + 0.02 * self.habitus.height_mm, below
        )
        top = self.habitus.heart_right[0][0] * self.habitus.height_mm
        return (grid.x > loft.low) & (grid.x < loft.high) & (grid.y > top) & (grid.y < floor)

    def great_vessels(self) -> tuple[Ellipsoid, ...]:
        """Aortic knob, pulmonary trunk, and the hila's large vessels."""
        h = self.habitus
        balls = []
        for u, v, r in (h.aorta, h.pulmonary_trunk):
            radius = r * h.half_width_mm
            balls.append(
                Ellipsoid(
                    center_mm=(u * h.half_width_mm, v * h.height_mm, -0.1 * h.half_depth_mm), semi_axes_mm=(radius,) * 3
                )
            )
        return tuple(balls)

    def mediastinum(self, grid: Grid) -> Loft:
        """Tissue between the lungs, thymus included."""
        h = self.habitus
        v = grid.y / h.height_mm
        left = self._profile(h.mediastinum_left, v) * h.half_width_mm
        right = self._profile(h.mediastinum_right, v) * h.half_width_mm
        shape = np.ones_like(left)
        depth = self._profile(((-0.1, 0.5), (0.2, 0.62), (0.45, 0.5), (0.7, 0.4), (1.2, 0.5)), v) * h.half_depth_mm
        depth = depth * (0.5 + 0.5 * h.medial)
        return Loft(
            center=0 * shape,
            low=-right,
            high=left,
            middle=0.1 * h.half_depth_mm * shape,
            depth=depth,
            low_power=2.0,
            high_power=2.0,
        )

    def lung_length(self, side: Side, grid: Grid) -> Map:
        """Path length in mm of aerated lung."""
        return self.outside_organs(side, grid, self.pleura(side, grid))

    def outside_organs(self, side: Side, grid: Grid, whole: Loft) -> Map:
        """Path length in mm of what of `whole`, the cavity or a part of it, no organ takes."""
        h = self.habitus
        # Only columns that the cavity reaches are worth the work.
        met = np.flatnonzero((whole.interval(grid)[1] > 0).any(axis=0))
        result = np.zeros(grid.shape, np.float32)
        if not len(met):
            return result
        columns = slice(int(met[0]), int(met[-1]) + 1)
        grid = replace(
            grid, shape=(grid.shape[0], columns.stop - columns.start), left_mm=grid.left_mm + met[0] * grid.pixel_mm
        )
        solids: tuple[Solid, ...] = (self.heart(grid), *self.great_vessels(), self.mediastinum(grid), self.domes[side])
        spine = Ellipsoid(
            center_mm=(0.0, 0.5 * h.height_mm, self.spine_z(0.5) - 0.1 * h.half_depth_mm),
            semi_axes_mm=(
                h.spine_u * 1.35 * min(h.medial + 0.25, 1.0) * h.half_width_mm,
                2 * h.height_mm,
                0.45 * h.half_depth_mm,
            ),
        )
        cut = [solid.interval(grid) for solid in (*solids, spine)]
        result[:, columns] = remaining_length(whole.interval(grid), cut)
        return result

    def lung_mask(self, side: Side, grid: Grid) -> NDArray[np.bool_]:
        """Outline of the pleural cavity above its dome, the part behind the heart included."""
        loft = self.pleura(side, grid, drawn=True)
        if grid.lateral:
            across = (np.abs(-grid.x - loft.middle) < loft.depth) & (loft.high > loft.low)
        else:
            across = (grid.x > loft.low) & (grid.x < loft.high)
        return across & (grid.y < self.domes[side].skyline(grid))

    def airways(self) -> list[Tube]:
        """Trachea and main bronchi, full of air."""
        h = self.habitus
        r = 0.068 * h.half_width_mm
        carina = (0.02, 0.37, -0.25)
        return [
            tube(self.mm(np.array([(0.0, -0.5, 0.0), (0.0, 0.0, -0.15), (0.02, 0.18, -0.22), carina])), r),
            tube(self.mm(np.array([carina, (-0.1, 0.42, -0.28), (-0.24, 0.5, -0.3)])), (0.85 * r, 0.8 * r, 0.6 * r)),
            tube(self.mm(np.array([carina, (0.14, 0.44, -0.28), (0.3, 0.5, -0.3)])), (0.75 * r, 0.7 * r, 0.5 * r)),
        ]

    def gas(self, rng: np.random.Generator) -> list[Ellipsoid]:
        """Stomach bubble and bowel gas under the left dome."""
        h = self.habitus
        u, v = h.dome_left
        size, height = h.half_width_mm, h.height_mm
        bubble = Ellipsoid(
            center_mm=(u * size * 1.08, (v + 0.17) * height, 0.2 * h.half_depth_mm),
            semi_axes_mm=(0.2 * size, 0.07 * height, 0.2 * h.half_depth_mm),
            turn_deg=float(rng.uniform(5, 20)),
        )
        loops = [
            Ellipsoid(
                center_mm=(
                    float(rng.uniform(-0.1, 0.7)) * size,
                    float(rng.uniform(v + 0.3, v + 0.55)) * height,
                    0.3 * h.half_depth_mm,
                ),
                semi_axes_mm=(
                    float(rng.uniform(0.08, 0.16)) * size,
                    float(rng.uniform(0.05, 0.09)) * size,
                    float(rng.uniform(0.08, 0.16)) * h.half_depth_mm,
                ),
                turn_deg=float(rng.uniform(-40, 40)),
            )
            for _ in range(h.bowel_gas)
        ]
        if h.stomach_gas != 1:
            across, down, deep = (h.stomach_gas * half for half in bubble.semi_axes_mm)
            bubble = replace(bubble, semi_axes_mm=(across, down, deep))
        return [bubble, *loops] if h.stomach_gas > 0 else loops

    def breasts(self, *, in_front: bool = False) -> list[Ellipsoid]:
        """Soft tissue in front of the lower chest: flattened by the detector, or hanging free on a lateral film."""
        h = self.habitus
        surface = float(self._profile(h.body_depth, np.array([0.62]))[0]) if in_front else 1.0
        if h.breast_mm <= 0:
            return []
        return [
            Ellipsoid(
                center_mm=(sign(side) * 0.58 * h.half_width_mm, 0.62 * h.height_mm, surface * h.half_depth_mm),
                semi_axes_mm=((0.15 if in_front else 0.42) * h.half_width_mm, 0.24 * h.height_mm, h.breast_mm),
                turn_deg=sign(side) * 20.0,
            )
            for side in SIDES
        ]
