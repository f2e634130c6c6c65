"""Films of other body parts, and pictures that are no films: what a chest gate must refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.phantom.chest import CHILD_EXPOSURE, ChestParameters, child, simulate
from cxrdesk.imaging.phantom.detector import BITS_STORED, Exposure
from cxrdesk.imaging.phantom.film import Phantom, take_film
from cxrdesk.imaging.phantom.grid import Grid, Map
from cxrdesk.imaging.phantom.habitus import CHILD_3_YEARS
from cxrdesk.imaging.phantom.materials import Material, attenuation_per_mm
from cxrdesk.imaging.phantom.solids import Ellipsoid
from cxrdesk.imaging.phantom.texture import fractal
from cxrdesk.imaging.phantom.tubes import Tube, project_tubes, tube
from cxrdesk.imaging.radiograph import Projection, Radiograph
from cxrdesk.imaging.voi import Window

_MARROW = 0.15
_LIFT_MM = {"hand": 30.0, "hip": 0.0}
"""How far the field's middle lies above the origin of the part's drawing."""
_Anatomy = tuple[list[Ellipsoid], list[Tube], list[Tube], list[Ellipsoid]]
"""Soft solids, soft tubes, bones, gas."""


@dataclass(frozen=True, kw_only=True)
class PartParameters:
    """A film of a hand or of the hips (pelvis and femora), of an adult.

    Parameters
    ----------
    body_part : {"hand", "hip"}
    exposure : Exposure
    projection : Projection
    shape : tuple of int
        (rows, cols).
    age_years : float
    sex : {"M", "F", "O"} or None
    seed : int
        Draws size and position.
    """

    body_part: Literal["hand", "hip"] = "hip"
    exposure: Exposure = field(
        default_factory=lambda: Exposure(compression=0.35, scatter_to_primary=0.2, tone=1.2, brightness=-0.12)
    )
    projection: Projection = Projection.AP
    shape: tuple[int, int] = (512, 512)
    age_years: float = 54.0
    sex: Literal["M", "F", "O"] | None = None
    seed: int = 0


def neck(**changes: object) -> ChestParameters:
    """A three-year-old's neck film (AP): the chest's body with the field moved to the airway."""
    habitus = replace(CHILD_3_YEARS, field_top_v=-0.82, field_width_u=1.5, jaw_v=-0.5)
    mean = child(
        habitus=habitus, body_part="neck", shape=(448, 512), exposure=replace(CHILD_EXPOSURE, compression=0.35)
    )
    return replace(mean, **changes)  # type: ignore[arg-type]


def simulate_part(parameters: PartParameters | ChestParameters) -> Phantom:
    """Compute a film of another body part.

    Returns
    -------
    Phantom
        Without masks for hand and hip; those of the neck hold what of the chest is in the field.
    """
    if isinstance(parameters, ChestParameters):
        return simulate(parameters)
    rng = np.random.default_rng(parameters.seed)
    rows, cols = parameters.shape
    width = {"hand": 260.0, "hip": 400.0}[parameters.body_part]
    pixel = width / cols
    shift = rng.uniform(-0.03, 0.03, 2) * width
    grid = Grid(
        shape=parameters.shape,
        pixel_mm=pixel,
        left_mm=-width / 2 + shift[0],
        top_mm=-rows * pixel / 2 - _LIFT_MM[parameters.body_part] + shift[1],
    )
    size = float(rng.uniform(0.92, 1.06))
    solids, flesh, bones, gas = (_hand if parameters.body_part == "hand" else _hip)(size)
    # Overlapping limbs are flattened against each other: the thickest counts, never the sum.
    length = np.maximum.reduce(
        [np.broadcast_to(2 * s.interval(grid)[1], grid.shape) for s in solids]
        + [project_tubes(grid, [t], step_pixels=0.5) for t in flesh]
    )
    energy = parameters.exposure.energy_kev
    soft, bone = attenuation_per_mm(Material.SOFT, energy), attenuation_per_mm(Material.BONE, energy)
    air = sum((2 * g.interval(grid)[1] for g in gas), np.zeros(grid.shape, np.float32))
    tissue = np.maximum(length - air, 0) * (1 + 0.01 * fractal(grid, rng, coarse_mm=0.1 * width))
    mineral = np.minimum(project_tubes(grid, bones, step_pixels=0.5), length)
    integral: Map = (soft * tissue + (bone - soft) * mineral).astype(np.float32)
    return take_film(parameters, integral, length.astype(np.float32), grid, {}, rng)


def _bone(
    size: float, path: Sequence[tuple[float, float]], radius: Sequence[float], cortex_mm: float, z: float = 0.0
) -> Tube:
    points = [(x * size, y * size, z) for x, y in path]
    return tube(points, np.array(radius) * size, cortex_mm=cortex_mm, core=_MARROW)


def _hand(size: float) -> _Anatomy:
    """PA hand: forearm, eight carpals, five rays. x, y in mm from the middle metacarpal's base."""
    bones: list[Tube] = []
    flesh: list[Tube] = []
    # (direction in degrees from straight up, lengths of metacarpal and phalanges) of thumb to little finger.
    rays = (
        (-48, (46, 32, 22)),
        (-13, (68, 40, 24, 18)),
        (-2, (65, 45, 29, 19)),
        (9, (58, 42, 27, 18)),
        (21, (54, 33, 20, 17)),
    )
    for number, (degrees, lengths) in enumerate(rays):
        way = np.array([np.sin(np.deg2rad(degrees)), -np.cos(np.deg2rad(degrees))])
        at = np.array([-26.0 + 12.0 * number, 6.0 - 8.0 * (number in (1, 2, 3))])
        start = at.copy()
        for step, length in enumerate(lengths):
            end = at + way * length
            r = 5.2 - 0.8 * step
            path = [tuple(at), tuple(at + way * length * 0.5), tuple(at + way * (length - 1))]
            bones.append(_bone(size, path, (1.25 * r, 0.75 * r, 1.2 * r), 1.2))
            at = end + way * 2.0
        flesh.append(tube([(*(start * size), 0.0), (*(at * size), 0.0)], np.array([13.0, 8.5]) * size, 9.0 * size))
    for x, y in ((-16, 12), (-7, 10), (2, 9), (12, 10), (-12, 22), (-2, 22), (8, 21), (15, 18)):
        ball = np.linspace(-1, 1, 9)
        path = [(x + 5.0 * t, y + 3.0 * t) for t in ball]
        bones.append(_bone(size, path, tuple(6.0 * np.sqrt(np.maximum(1 - ball**2, 0.02))), 0.8))
    bones.append(_bone(size, ((-10, 31), (-10, 50), (-8, 130)), (13, 7.5, 7), 2.0))
    bones.append(_bone(size, ((12, 33), (12, 50), (14, 130)), (8, 5.5, 6), 1.8))
    palm = Ellipsoid(
        center_mm=(2.0 * size, -20.0 * size, 0.0), semi_axes_mm=(44.0 * size, 58.0 * size, 14.0), power=3.0
    )
    arm = Ellipsoid(center_mm=(1.0, 90.0 * size, 0.0), semi_axes_mm=(32.0 * size, 100.0 * size, 22.0), power=2.5)
    return [palm, arm], flesh, bones, []


def _hip(size: float) -> _Anatomy:
    """AP pelvis with both femora. x, y in mm from the sacrum's middle."""
    bones: list[Tube] = []
    for side in (-1, 1):

        def line(*points: tuple[float, float], side: int = side) -> list[tuple[float, float]]:
            return [(side * x, y) for x, y in points]

        bones += [
            _bone(size, line((22, -75), (80, -100), (128, -78), (132, -50)), (6, 8, 8, 6), 2.0, 10.0),  # iliac crest
            _bone(size, line((132, -50), (112, -10), (104, 22)), (6, 7, 12), 2.0, 20.0),  # anterior border
            _bone(
                size, line((30, -40), (56, -2), (72, 38), (48, 66), (6, 72)), (9, 8, 10, 8, 9), 2.0, 0.0
            ),  # pelvic brim
            _bone(
                size, line((84, 42), (66, 92), (40, 108), (16, 92), (8, 76)), (11, 9, 9, 6, 8), 1.8, -20.0
            ),  # ischium
            _bone(size, line((104, 22), (112, 44), (96, 62)), (5, 5, 6), 2.5, 0.0),  # acetabular roof
            _bone(size, line((98, 40), (122, 62), (142, 84), (146, 120), (136, 230)), (13, 15, 23, 17, 15), 5.0),
        ]
        ball = np.linspace(-1, 1, 15)
        head = line(*((94 + 17 * t, 38 + 17 * t) for t in ball))
        bones.append(_bone(size, head, tuple(24 * np.sqrt(np.maximum(1 - ball**2, 0.02))), 1.2))
        wing = [(side * 45.0 * size, -50.0 * size, 20.0), (side * 110.0 * size, -70.0 * size, 20.0)]
        bones.append(tube(wing, np.array([34.0, 30.0]) * size, 2.2))
    bones.append(_bone(size, ((0, -80), (0, -30), (0, 30), (0, 58)), (44, 34, 16, 5), 1.0, -40.0))
    for number in range(3):
        y = -100.0 - 34.0 * number
        bones.append(
            tube(
                [(0.0, (y - 14) * size, -20.0), (0.0, (y + 13) * size, -20.0)],
                25.0 * size,
                18.0,
                cortex_mm=1.5,
                core=0.2,
            )
        )
    trunk = Ellipsoid(center_mm=(0.0, -60.0 * size, 0.0), semi_axes_mm=(185.0 * size, 240.0 * size, 110.0), power=3.5)
    legs = [
        Ellipsoid(center_mm=(s * 97.0 * size, 170.0, 0.0), semi_axes_mm=(90.0 * size, 200.0, 88.0), power=2.6)
        for s in (-1, 1)
    ]
    gas = [
        Ellipsoid(center_mm=(x * size, y * size, 30.0), semi_axes_mm=(a, b, 14.0), turn_deg=turn)
        for x, y, a, b, turn in (
            (5, 30, 26, 16, 10),
            (-70, -60, 28, 18, 60),
            (75, -95, 22, 14, -30),
            (-20, -120, 18, 12, 0),
        )
    ]
    return [trunk, *legs], [], bones, gas


def non_film(
    kind: Literal["noise", "uniform", "gradient", "blobs"], *, shape: tuple[int, int] = (512, 512), seed: int = 0
) -> Radiograph:
    """A picture that is no radiograph, as a film of unknown view, age and spacing.

    Parameters
    ----------
    kind : {"noise", "uniform", "gradient", "blobs"}
        White noise, one grey, a linear ramp, smooth random fields as in a blurred photograph.
    shape : tuple of int
        (rows, cols).
    seed : int
    """
    rng = np.random.default_rng(seed)
    rows, cols = shape
    top = (1 << BITS_STORED) - 1
    values: NDArray[np.floating]
    if kind == "noise":
        values = rng.uniform(0, 1, shape)
    elif kind == "uniform":
        values = np.full(shape, rng.uniform(0.1, 0.9))
    elif kind == "gradient":
        angle = rng.uniform(0, 2 * np.pi)
        values = np.cos(angle) * np.linspace(-1, 1, cols)[None, :] + np.sin(angle) * np.linspace(-1, 1, rows)[:, None]
        values = (values - values.min()) / np.ptp(values)
    else:
        grid = Grid(shape=shape, pixel_mm=1.0, left_mm=0.0, top_mm=0.0)
        values = 0.5 + 0.22 * fractal(grid, rng, coarse_mm=cols / 4, octaves=6)
    stored = np.rint(np.clip(values, 0, 1) * top).astype(np.uint16)
    return Radiograph(
        stored=stored, bits_stored=BITS_STORED, voi=Window(center=(top + 1) / 2, width=top + 1.0), source="phantom"
    )
