"""Bones of the chest as tubes and solids."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cxrdesk.imaging.phantom.body import Body
from cxrdesk.imaging.phantom.grid import Grid, Map
from cxrdesk.imaging.phantom.solids import Ellipsoid
from cxrdesk.imaging.phantom.tubes import Points, Tube, project_tubes, tube
from cxrdesk.imaging.phantom.vessels import project_segments

_RIBS = 12
_CERVICAL = 7
_MARROW = 0.3
"""Mineral in marrow-filled bone relative to the cortex around it."""


def ribs(body: Body) -> list[Tube]:
    """Twenty-four ribs, each one curve from its vertebra around the chest wall to the end of its bone."""
    habitus, tubes = body.habitus, []
    for number in range(_RIBS):
        front = habitus.rib_front * np.interp(number, (0, 1, 6, 9, 10, 11), (1.0, 1.0, 1.0, 0.92, 0.7, 0.5))
        share = np.linspace(0.03, float(front), 60)
        angle = share * np.pi
        drop = habitus.rib_drop_v * np.interp(number, (0, 2, 5, 11), (0.7, 0.85, 1.0, 0.95))
        # A rib leaves its vertebra almost level, then falls ever faster until it turns forward.
        v = habitus.first_vertebra_v + number * habitus.vertebra_step_v
        turn = np.clip((share - 0.15) / 0.6, 0, 1)
        fall = 0.6 * share**1.1 + 0.4 * turn**2 * (3 - 2 * turn)
        v_path = v - 0.012 * np.sin(np.clip(angle * 2.2, 0, np.pi)) + drop * fall
        for side in (-1, 1):
            tubes.append(_rib(body, side, angle, v_path))
    return tubes


def _rib(body: Body, side: int, angle: Points, v: Points) -> Tube:
    habitus = body.habitus
    wall_mm = habitus.rib_half_thickness_mm * 1.3
    width = body.cage_half_width(v) * habitus.half_width_mm + wall_mm
    depth = body.cage_half_depth(v) * habitus.half_depth_mm + wall_mm
    # A superellipse a little squarer than a circle: the back is flat beside the spine, the sides are long.
    sin, cos = np.maximum(np.sin(angle), 0), np.cos(angle)
    squareness = 2 / 2.35
    x = side * width * sin**squareness
    z = body.cage_middle(v) - depth * np.sign(cos) * np.abs(cos) ** squareness
    path = np.stack([x, v * habitus.height_mm, z], axis=1).astype(np.float32)
    outward = np.stack([side * sin / width, np.zeros_like(sin), -cos / depth], axis=1).astype(np.float32)
    taper = np.interp(angle, (0.1, 0.5, angle[-1]), (0.75, 1.0, 1.05))
    first = np.interp(
        v[0], (habitus.first_vertebra_v, habitus.first_vertebra_v + 2 * habitus.vertebra_step_v), (1.15, 1)
    )
    return Tube(
        path=path,
        half_height=(habitus.rib_half_height_mm * taper * first).astype(np.float32),
        half_thickness=(habitus.rib_half_thickness_mm * taper).astype(np.float32),
        outward=outward,
        cortex_mm=habitus.cortex_mm,
        core=_MARROW,
    )


def shoulder_girdle(body: Body, *, arms: bool = True) -> list[Tube]:
    """Clavicles, scapulae (borders, spine and blade) and, with `arms`, humeri."""
    habitus, tubes = body.habitus, []
    scale = habitus.rib_half_height_mm
    for side in (-1, 1):
        mirror = np.array([side, 1.0, 1.0])

        def line(*points: tuple[float, float, float], mirror: Points = mirror) -> Points:
            return body.mm(np.array(points)) * mirror

        def bone(path: Points, height: float, thick: float, cortex: float) -> Tube:
            return tube(path, height * scale, thick * scale, cortex_mm=cortex * habitus.cortex_mm, core=0.5 * _MARROW)

        tubes.append(bone(line(*habitus.clavicle), 0.82, 0.8, 1.5))
        (su, sv), (mu, mv), (eu, ev) = habitus.arm
        # With the arm down the scapula stands beside the ribs; with the arm up it swings further out.
        du = 0.0 if ev > sv else 0.2
        glenoid, tip = (su - 0.2, sv + 0.03), (su - 0.34 + du, sv + 0.5)
        top = (su - 0.52 + du, sv + 0.04)
        border = line((*glenoid, -0.4), (su - 0.26 + du / 2, sv + 0.24, -0.6), (*tip, -0.8))
        edge = tube(border, np.array([0.5, 0.4, 0.1]) * scale, 0.3 * scale, cortex_mm=habitus.cortex_mm, core=_MARROW)
        medial = line((*top, -0.8), (su - 0.53 + du, sv + 0.22, -0.9), (*tip, -0.8))
        ridge = bone(line((*top, -0.9), (su - 0.32, sv - 0.03, -0.6), (su - 0.04, sv - 0.07, -0.3)), 0.4, 0.5, 0.7)
        blade = line(
            (su - 0.37 + du, sv + 0.04, -0.7), (su - 0.39 + du, sv + 0.26, -0.8), (su - 0.35 + du, sv + 0.48, -0.8)
        )
        width = np.array([0.14, 0.11, 0.03]) * habitus.half_width_mm
        tubes += [
            edge,
            ridge,
            tube(medial, np.array([0.25, 0.25, 0.1]) * scale, 0.15 * scale),
            tube(blade, width, 0.14 * scale),
        ]
        if not arms:
            continue
        shaft = line((su, sv, -0.2), (mu, mv, -0.2), (eu, ev, -0.2))
        tubes.append(bone(shaft, 1.3, 1.3, 1.6))
        # The head as a ball: a short tube whose section follows a circle.
        at = np.linspace(-1, 1, 15)
        head = line(*((su - 0.04, sv + 0.0, -0.2),) * 15) + np.outer(at * 2.3 * scale, np.array([0.5 * side, 0.8, 0.0]))
        ball = 2.3 * scale * np.sqrt(np.maximum(1 - at**2, 0.01))
        tubes.append(tube(head, ball, cortex_mm=0.4 * habitus.cortex_mm, core=0.15))
    return tubes


def sternum(body: Body) -> list[Tube]:
    """Manubrium and body, one plate in front."""
    path = body.mm(np.array([(0.0, 0.11, 1.02), (0.0, 0.35, 1.1), (0.0, 0.6, 1.12)]))
    width = np.array([0.13, 0.1, 0.09]) * body.habitus.half_width_mm
    return [
        tube(path, width, 1.1 * body.habitus.rib_half_thickness_mm, cortex_mm=0.4 * body.habitus.cortex_mm, core=0.1)
    ]


def spine(grid: Grid, body: Body) -> Map:
    """Path length in mm of mineral of the vertebrae: bodies with end plates, pedicles, processes."""
    habitus = body.habitus
    total = np.zeros(grid.shape, np.float32)
    step = habitus.vertebra_step_v * habitus.height_mm
    tubes: list[Tube] = []
    straight: list[tuple[tuple[float, float, float], tuple[float, float, float]]] = []

    def add(solid: Ellipsoid, density: float) -> None:
        place, local = window(grid, solid)
        if 0 not in local.shape:
            total[place] += 2 * density * solid.interval(local)[1]

    for number in range(-_CERVICAL, _RIBS + 5):
        y = (habitus.first_vertebra_v + number * habitus.vertebra_step_v) * habitus.height_mm
        if not grid.top_mm - step < y < grid.top_mm + grid.shape[0] * grid.pixel_mm + step:
            continue
        half = habitus.spine_u * habitus.half_width_mm * float(np.interp(number, (-6, 0, 12), (0.8, 0.95, 1.2)))
        z = body.spine_z(y / habitus.height_mm)
        x = body.spine_x(y)
        height = 0.385 * step
        add(Ellipsoid(center_mm=(x, y, z), semi_axes_mm=(half, height, half * 0.85), power=3.2), 0.13)
        for end in (-1, 1):
            plate = (x, y + end * height * 0.93, z)
            add(Ellipsoid(center_mm=plate, semi_axes_mm=(half * 0.96, height * 0.09, half * 0.8), power=4), 0.12)
            pedicle = (x + end * half * 0.66, y - 0.12 * step, z - half)
            add(Ellipsoid(center_mm=pedicle, semi_axes_mm=(half * 0.2, 0.22 * step, half * 0.6)), 0.22)
            add(Ellipsoid(center_mm=pedicle, semi_axes_mm=(half * 0.12, 0.14 * step, half * 0.5)), -0.18)
            start, stop = (
                (x + end * half * 0.7, y - 0.1 * step, z - half),
                (x + end * half * 1.75, y - 0.2 * step, z - 1.3 * half),
            )
            if grid.draft:
                straight.append((start, stop))
                continue
            tubes.append(tube([start, stop], 0.15 * step, cortex_mm=0.6 * habitus.cortex_mm, core=_MARROW, points=4))
        spinous = (x, y + 0.38 * step, z - 1.5 * half)
        add(Ellipsoid(center_mm=spinous, semi_axes_mm=(half * 0.13, 0.3 * step, half * 0.6)), 0.2)
    if straight:
        # All transverse processes at once, each as dense as its shell and marrow are together.
        ends, radius = np.array(straight, np.float32), 0.15 * step
        inner = max(1 - 0.6 * habitus.cortex_mm / radius, 0.05) ** 2
        radii = np.full(len(ends), radius, np.float32)
        total += (1 - (1 - _MARROW) * inner) * project_segments(grid, ends[:, 0], ends[:, 1], radii)
    return total + project_tubes(grid, tubes)


def window(grid: Grid, solid: Ellipsoid) -> tuple[tuple[slice, slice], Grid]:
    """The part of `grid` that a solid can touch."""
    across, down, _ = grid.turned(np.array(solid.center_mm))
    width, height, _ = np.abs(grid.turned(np.array(solid.semi_axes_mm)))
    reach = max(width, height)
    spans = []
    for low, count, center in ((grid.top_mm, grid.shape[0], down), (grid.left_mm, grid.shape[1], across)):
        first, last = (int((center + sign * reach - low) / grid.pixel_mm) + sign for sign in (-1, 1))
        spans.append(slice(min(max(first, 0), count), min(max(last + 1, 0), count)))
    rows, cols = spans
    local = replace(
        grid,
        shape=(rows.stop - rows.start, cols.stop - cols.start),
        left_mm=grid.left_mm + cols.start * grid.pixel_mm,
        top_mm=grid.top_mm + rows.start * grid.pixel_mm,
    )
    return (rows, cols), local
