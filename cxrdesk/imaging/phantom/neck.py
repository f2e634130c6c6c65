"""A young child's neck film (AP): airway from pharynx to carina, with and without the subglottic narrowing of croup.

Sizes: the trachea's length and diameters follow from body height (Griscom, Wohl, Fenton, "Dimensions of the trachea to
age 6 years related to height"): length 0.050 h + 1.78, diameter 0.0070 h + 0.05 front to back and 0.0065 h + 0.18
across, in cm. Body height at an age is the median of the WHO Child Growth Standards.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import cv2
import numpy as np

from cxrdesk.imaging.phantom.body import SIDES, Body
from cxrdesk.imaging.phantom.chest import CHILD_EXPOSURE, LungChange, individual
from cxrdesk.imaging.phantom.detector import Exposure
from cxrdesk.imaging.phantom.film import Phantom, take_film
from cxrdesk.imaging.phantom.findings import Lung
from cxrdesk.imaging.phantom.findings.base import Mask
from cxrdesk.imaging.phantom.grid import Grid, Map, Values, smooth_profile
from cxrdesk.imaging.phantom.habitus import CHILD_3_YEARS
from cxrdesk.imaging.phantom.materials import Material, attenuation_per_mm
from cxrdesk.imaging.phantom.skeleton import ribs, shoulder_girdle, spine, window
from cxrdesk.imaging.phantom.solids import Ellipsoid, Loft
from cxrdesk.imaging.phantom.texture import fractal
from cxrdesk.imaging.phantom.tubes import Tube, project_tubes, tube
from cxrdesk.imaging.radiograph import Projection

_AGES_YEARS = (0.5, 1.0, 2.0, 3.0)
_HEIGHTS_CM = (66.7, 74.9, 87.1, 95.6)
"""Means of boys' and girls' medians."""
NECK_EXPOSURE = replace(
    CHILD_EXPOSURE, compression=0.55, enhancement=1.6, scatter_to_primary=0.2, tone=1.15, brightness=0.02, marker=""
)
"""As for a soft-tissue film: the airway is to be seen, not the bone."""


def body_height_cm(age_years: float) -> float:
    """Median length or height at an age of half a year to three years."""
    return float(np.interp(age_years, _AGES_YEARS, _HEIGHTS_CM))


@dataclass(frozen=True, kw_only=True)
class SubglotticNarrowing:
    """The steeple sign of croup on a frontal film.

    The shoulders below the vocal cords are lost: the air column tapers upwards over the subglottis to an inverted V,
    with its point at the cords, and the hypopharynx is wide (pediatricimaging.org, "Croup").

    Parameters
    ----------
    severity : float
        Above 0, at most 1. At 1 the taper is straight and 16 mm long, with a gap of a fifth of the trachea on top.
    """

    name: ClassVar[str] = "subglottic_narrowing"

    severity: float = 0.7

    def __post_init__(self) -> None:
        if not 0 < self.severity <= 1:
            raise ValueError(f"severity must be above 0 and at most 1, not {self.severity}")

    @property
    def length_mm(self) -> float:
        """How far below the cords the column is narrow, in a child of three."""
        return 8.0 + 8.0 * self.severity


@dataclass(frozen=True, kw_only=True)
class NeckParameters:
    """Everything that a neck phantom depends on.

    Parameters
    ----------
    age_years : float
        Half a year to three years.
    narrowing : SubglotticNarrowing or None
    exposure : Exposure
    shape : tuple of int
        (rows, cols).
    variation : float
        How much this child differs from the mean.
    sex : {"M", "F", "O"} or None
    seed : int
    anatomy_columns : int
        Bones are computed on a grid of about that many columns.
    """

    body_part: ClassVar[str] = "neck"
    projection: ClassVar[Projection] = Projection.AP

    age_years: float = 1.5
    narrowing: SubglotticNarrowing | None = None
    exposure: Exposure = field(default_factory=lambda: NECK_EXPOSURE)
    shape: tuple[int, int] = (512, 512)
    variation: float = 1.0
    sex: Literal["M", "F", "O"] | None = None
    seed: int = 0
    anatomy_columns: int = field(default=620, repr=False)

    def __post_init__(self) -> None:
        if not _AGES_YEARS[0] <= self.age_years <= _AGES_YEARS[-1]:
            raise ValueError(f"age_years must be 0.5 to 3, not {self.age_years}")
        if min(self.shape) < 64:
            raise ValueError(f"shape must be at least 64 x 64, not {self.shape}")


@dataclass(frozen=True, kw_only=True)
class Airway:
    """The column of air, as sizes in mm at this child's age.

    Parameters
    ----------
    trachea_across_mm, trachea_deep_mm : float
        Diameters.
    carina_y_mm, cricoid_y_mm, glottis_y_mm, pharynx_y_mm : float
        Levels: the trachea runs between the first two, the subglottis up to the third, the larynx up to the fourth.
    gap_mm : float
        Half-width of the glottis, which opens and closes.
    pharynx_mm : float
        Half-width of the hypopharynx.
    lean_mm : float
        Sideways bow of the trachea; a small child's buckles to the right as it breathes out.
    """

    trachea_across_mm: float
    trachea_deep_mm: float
    carina_y_mm: float
    cricoid_y_mm: float
    glottis_y_mm: float
    pharynx_y_mm: float
    gap_mm: float
    pharynx_mm: float
    lean_mm: float

    def half_width(self, y: Values, narrowing: SubglotticNarrowing | None, scale: float) -> Map:
        """Half-width in mm of the column at `y`."""
        r, gap = self.trachea_across_mm / 2, self.gap_mm
        below = y - self.glottis_y_mm
        # Normal: rounded shoulders, within 3 mm of the cords.
        shoulder = gap + (r - gap) * np.sqrt(np.clip(below / (3.0 * scale), 0, 1))
        if narrowing is not None:
            s = narrowing.severity
            top = min(gap, 0.2 * r + (1 - s) * 0.5 * r)
            steeple = top + (r - top) * np.clip(below / (narrowing.length_mm * scale), 0, 1) ** 1.1
            shoulder = np.minimum(shoulder, (1 - s) * shoulder + s * steeple)
        wide = self.pharynx_mm * (1 + 0.25 * (narrowing.severity if narrowing else 0))
        above = smooth_profile(
            (self.pharynx_y_mm - 32 * scale, self.pharynx_y_mm, self.glottis_y_mm - 5 * scale, self.glottis_y_mm),
            (0.8 * wide, wide, 0.55 * r + 0.5 * gap, gap),
            y,
        )
        return np.asarray(np.where(below > 0, shoulder, above), np.float32)

    def loft(self, grid: Grid, narrowing: SubglotticNarrowing | None, scale: float, depth_mm: float) -> Loft:
        """The column as sections from the carina up to the field's edge; `depth_mm` is where it lies."""
        y = np.asarray(grid.y, np.float32)
        half = self.half_width(y, narrowing, scale)
        way = np.clip((y - self.glottis_y_mm) / (self.carina_y_mm - self.glottis_y_mm), 0, 1)
        center = -self.lean_mm * np.sin(np.pi * way)
        deep = half * self.trachea_deep_mm / self.trachea_across_mm
        # The glottis is a slit: narrow across, long from front to back.
        deep = np.maximum(deep, 0.75 * self.trachea_deep_mm / 2)
        there = y < self.carina_y_mm
        return Loft(
            center=center.astype(np.float32),
            low=(center - half).astype(np.float32),
            high=np.where(there, center + half, center - half).astype(np.float32),
            middle=np.full_like(y, depth_mm),
            depth=deep.astype(np.float32),
            low_power=2.2,
            high_power=2.2,
        )


def _airway(age_years: float, carina_mm: float, spread: float, rng: np.random.Generator) -> Airway:
    height = body_height_cm(age_years)
    scale = height / _HEIGHTS_CM[-1]

    def about(value: float, relative: float) -> float:
        return value * (1 + spread * relative * float(np.clip(rng.normal(), -2, 2)))

    across = about(10 * (0.0065 * height + 0.18), 0.08)
    cricoid = carina_mm - about(10 * (0.050 * height + 1.78), 0.04)
    glottis = cricoid - about(9.0 * scale, 0.1)
    return Airway(
        trachea_across_mm=across,
        trachea_deep_mm=about(10 * (0.0070 * height + 0.05), 0.08),
        carina_y_mm=carina_mm,
        cricoid_y_mm=cricoid,
        glottis_y_mm=glottis,
        pharynx_y_mm=glottis - about(20.0 * scale, 0.12),
        gap_mm=float(rng.uniform(0.1, 0.1 + 0.3 * min(spread, 1.0) + 0.05)) * across / 2 + 0.3,
        pharynx_mm=about(9.5 * scale, 0.18),
        lean_mm=spread * float(rng.normal(1.0, 1.5)),
    )


def simulate_neck(parameters: NeckParameters) -> Phantom:
    """Compute a neck film.

    Returns
    -------
    Phantom
        With masks ``"airway"`` (the column of air that is there), ``"lungs"`` (the apices), and
        ``"subglottic_narrowing"``: the column as it would be without narrowing, from the cords to where the taper
        ends; all False without a narrowing. Each bool of `parameters.shape`.
    """
    streams = np.random.default_rng(parameters.seed).spawn(5)
    scale = body_height_cm(parameters.age_years) / _HEIGHTS_CM[-1]
    person = individual(CHILD_3_YEARS, parameters.variation, streams[0])
    h = person.habitus
    h = replace(
        h,
        half_width_mm=h.half_width_mm * scale**0.8,
        height_mm=h.height_mm * scale,
        half_depth_mm=h.half_depth_mm * scale**0.8,
        jaw_v=-0.52 + 0.04 * parameters.variation * float(streams[0].uniform(-1, 1)),
        vertebra_step_v=h.vertebra_step_v * 0.92,
    )
    body = replace(person, habitus=h)
    spread = parameters.variation
    width = 1.32 * h.half_width_mm * (1 + 0.12 * spread * float(streams[0].uniform(-1, 1)))
    rows, cols = parameters.shape
    shift = 0.03 * spread * width * streams[0].uniform(-1, 1, 2)
    fine = Grid(
        shape=parameters.shape,
        pixel_mm=width / cols,
        left_mm=-width / 2 + float(shift[0]),
        top_mm=-0.74 * rows * width / cols - 0.02 * h.height_mm + float(shift[1]),
    )
    airway = _airway(parameters.age_years, 0.37 * h.height_mm, spread, streams[3])
    depth = -0.05 * h.half_depth_mm
    masks = _masks(parameters, body, airway, fine, scale, depth)
    factor = max(round(cols / parameters.anatomy_columns), 1)
    grid = replace(fine.coarser(factor), draft=factor > 1)
    length, integral = _line_integral(parameters, body, grid, streams)
    size = (grid.shape[1] * factor, grid.shape[0] * factor)
    length, integral = (
        np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.float32)[:rows, :cols]
        for part in (length, integral)
    )
    # The column is what such a film is taken for, and its edge is sharp: it is computed on the film's own pixels.
    column = 2 * airway.loft(fine, parameters.narrowing, scale, depth).interval(fine)[1]
    soft = attenuation_per_mm(Material.SOFT, parameters.exposure.energy_kev)
    integral = np.maximum(integral - soft * np.minimum(column, length), 0)
    return take_film(parameters, integral, length, fine, masks, streams[4])


def _masks(
    parameters: NeckParameters, body: Body, airway: Airway, grid: Grid, scale: float, depth: float
) -> dict[str, Mask]:
    def outline(narrowing: SubglotticNarrowing | None) -> Mask:
        loft = airway.loft(grid, narrowing, scale, depth)
        return np.asarray((grid.x > loft.low) & (grid.x < loft.high))

    lost = np.zeros(grid.shape, bool)
    if parameters.narrowing is not None:
        below = grid.y - airway.glottis_y_mm
        lost = outline(None) & (below > 0) & (below < parameters.narrowing.length_mm * scale)
    lungs = body.lung_mask("right", grid) | body.lung_mask("left", grid)
    return {"airway": outline(parameters.narrowing), "lungs": lungs, SubglotticNarrowing.name: lost}


def _line_integral(
    parameters: NeckParameters, body: Body, grid: Grid, streams: list[np.random.Generator]
) -> tuple[Map, Map]:
    """Body's path length in mm, and the integral of attenuation without the airway, both (rows, cols)."""
    h = body.habitus
    energy = parameters.exposure.energy_kev
    soft, bone = attenuation_per_mm(Material.SOFT, energy), attenuation_per_mm(Material.BONE, energy)
    length = body.body_length(grid)
    airy = np.zeros(grid.shape, np.float32)
    for rng, side in zip(streams[1].spawn(2), SIDES, strict=True):
        airy += LungChange((), Lung(body=body, side=side, grid=grid), None).air(rng)
    bones = [*ribs(body)[:8], *shoulder_girdle(body), *_mandible(body)]
    mineral = project_tubes(grid, bones) + spine(grid, body)
    for tooth in _teeth(body, streams[2]):
        place, local = window(grid, tooth)
        if 0 not in local.shape:
            mineral[place] += 1.3 * 2 * tooth.interval(local)[1]
    # Mouth and nose: air that the tongue leaves.
    jaw = float(h.jaw_v or 0) * h.height_mm
    mouth = Ellipsoid(
        center_mm=(0.0, jaw - 26.0, 0.3 * h.half_depth_mm), semi_axes_mm=(0.2 * h.half_width_mm, 5.0, 14.0), power=2.0
    )
    airy += 2 * mouth.interval(grid)[1]
    tissue = fractal(grid, streams[2], coarse_mm=0.2 * h.half_width_mm, octaves=3)
    flesh = np.maximum(length - airy, 0) * (1 + 0.01 * tissue)
    present = np.minimum(mineral, length) * h.bone_density
    return length, (soft * flesh + (bone - soft) * present).astype(np.float32)


def _arch(body: Body, share: float) -> tuple[float, float]:
    """(x, z) in mm on the jaw's arch: share -1 and 1 are its ends, 0 the chin."""
    h = body.habitus
    angle = share * np.pi / 2
    return 0.42 * h.half_width_mm * float(np.sin(angle)), (0.1 + 0.75 * float(np.cos(angle))) * h.half_depth_mm


def _mandible(body: Body) -> list[Tube]:
    """Body of the lower jaw with both rami, and the skull's base above."""
    h = body.habitus
    jaw = float(h.jaw_v or 0) * h.height_mm
    shares = np.linspace(-1, 1, 13)
    points = [(_arch(body, s)[0], jaw - 5.0 - 7.0 * abs(s) ** 2, _arch(body, s)[1]) for s in shares]
    first, last = points[0], points[-1]
    rami = [(1.12 * end[0], end[1] - 26.0, end[2] - 6.0) for end in (first, last)]
    return [tube([rami[0], *points, rami[1]], 5.5, 2.6, outward=(0.3, 0.0, 1.0), cortex_mm=0.8, core=0.55)]


def _teeth(body: Body, rng: np.random.Generator) -> list[Ellipsoid]:
    h = body.habitus
    jaw = float(h.jaw_v or 0) * h.height_mm
    teeth = []
    for row in (-14.0, -23.0):
        for share in np.linspace(-0.75, 0.75, 9):
            x, z = _arch(body, float(share))
            size = float(rng.uniform(1.6, 2.3))
            teeth.append(
                Ellipsoid(
                    center_mm=(0.9 * x, jaw + row - 4.0 * float(share) ** 2 + float(rng.normal(0, 0.5)), z),
                    semi_axes_mm=(size, 3.4, size),
                )
            )
    return teeth
