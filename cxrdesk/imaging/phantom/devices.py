"""What lies on or in a patient: electrodes with their wires, tubes, lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cxrdesk.imaging.phantom.body import Body
from cxrdesk.imaging.phantom.grid import Grid, Map
from cxrdesk.imaging.phantom.solids import Ellipsoid
from cxrdesk.imaging.phantom.tubes import project_tubes, tube


@dataclass(frozen=True, kw_only=True)
class Device:
    """A hollow or solid strand, or with `disc_mm` a snap electrode at its end.

    Parameters
    ----------
    path : tuple of (u, v, w)
        Curve in units of the body.
    radius_mm, wall_mm : float
        Outer radius; thickness of what absorbs, 0 for a solid strand.
    attenuation_per_mm : float
        Of its material: about 0.9 for steel at 60 keV, 0.05 to 0.3 for plastic with barium.
    disc_mm : float
        Radius of the metal snap at the path's end; 0 for none.
    """

    path: tuple[tuple[float, float, float], ...]
    radius_mm: float = 0.7
    wall_mm: float = 0.0
    attenuation_per_mm: float = 0.4
    disc_mm: float = 0.0


def device_integral(devices: Sequence[Device], body: Body, grid: Grid) -> Map:
    """Integral of attenuation (rows, cols) of all devices."""
    total = np.zeros(grid.shape, np.float32)
    for device in devices:
        path = body.mm(np.array(device.path))
        strand = tube(path, device.radius_mm, cortex_mm=device.wall_mm, core=0.1 if device.wall_mm else 1.0)
        total += device.attenuation_per_mm * project_tubes(grid, [strand])
        if device.disc_mm > 0:
            x, y, z = (float(part) for part in path[-1])
            ring = Ellipsoid(center_mm=(x, y, z), semi_axes_mm=(device.disc_mm, device.disc_mm, 0.8), power=4.0)
            total += 0.9 * 2 * ring.interval(grid)[1]
    return total


def electrode(rng: np.random.Generator) -> Device:
    """An electrode anywhere on the chest, with a wire that leaves the film."""
    u, v = float(rng.uniform(-0.9, 0.9)), float(rng.uniform(-0.05, 1.0))
    way = float(rng.choice((-1, 1)))
    path = [(u + way * step * float(rng.uniform(0.3, 0.5)), v + step * float(rng.uniform(-0.2, 0.3)), 1.1)
            for step in (3, 2, 1)]  # fmt: skip
    return Device(
        path=(*path, (u, v, 1.1)), radius_mm=0.6, attenuation_per_mm=0.5, disc_mm=float(rng.uniform(3.0, 5.5))
    )


def tracheal_tube(rng: np.random.Generator) -> Device:
    """An endotracheal tube that ends above the carina."""
    u, end = float(rng.normal(0, 0.012)), float(rng.uniform(0.14, 0.32))
    return Device(
        path=((u - 0.03, -0.7, 0.0), (u, -0.1, -0.1), (u + 0.01, end, -0.2)),
        radius_mm=4.5,
        wall_mm=1.0,
        attenuation_per_mm=0.05,
    )


def gastric_tube(rng: np.random.Generator) -> Device:
    """A tube down the oesophagus into the stomach."""
    shift = float(rng.normal(0, 0.02))
    return Device(
        path=((shift, -0.7, -0.1), (shift, 0.2, -0.3), (0.05 + shift, 0.75, -0.25), (0.3, 0.98, 0.1), (0.2, 1.2, 0.2)),
        radius_mm=2.2,
        wall_mm=0.7,
        attenuation_per_mm=0.12,
    )


def central_line(rng: np.random.Generator) -> Device:
    """A venous catheter from the neck or below the clavicle to the vena cava."""
    side = -1.0 if rng.random() < 0.75 else 1.0
    start = (side * 0.28, -0.4, 0.3) if rng.random() < 0.5 else (side * 0.75, 0.02, 0.4)
    end = float(rng.uniform(0.38, 0.55))
    return Device(
        path=(start, (side * 0.2, 0.08, 0.2), (-0.12, 0.22, 0.1), (-0.16, end, 0.1)),
        radius_mm=1.1,
        attenuation_per_mm=0.12,
    )


MAKERS = {
    "electrode": electrode,
    "tracheal_tube": tracheal_tube,
    "gastric_tube": gastric_tube,
    "central_line": central_line,
}
"""Draws one device of a kind."""
