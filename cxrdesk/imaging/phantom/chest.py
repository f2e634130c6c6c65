"""A chest film, frontal or lateral, computed from solids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import cv2
import numpy as np

from cxrdesk.imaging.phantom.body import SIDES, Body, Side
from cxrdesk.imaging.phantom.detector import Exposure
from cxrdesk.imaging.phantom.devices import Device, device_integral
from cxrdesk.imaging.phantom.film import Phantom, take_film
from cxrdesk.imaging.phantom.findings import Finding, Lung, Opacity
from cxrdesk.imaging.phantom.findings.base import Mask
from cxrdesk.imaging.phantom.grid import Grid, Map
from cxrdesk.imaging.phantom.habitus import ADULT, CHILD_3_YEARS, Habitus
from cxrdesk.imaging.phantom.materials import LUNG_RELATIVE_DENSITY, Material, attenuation_per_mm
from cxrdesk.imaging.phantom.skeleton import ribs, shoulder_girdle, spine, sternum
from cxrdesk.imaging.phantom.solids import Ellipsoid
from cxrdesk.imaging.phantom.texture import fractal
from cxrdesk.imaging.phantom.tubes import project_tubes
from cxrdesk.imaging.phantom.vessels import project_segments, vessel_tree
from cxrdesk.imaging.radiograph import Projection

ADULT_EXPOSURE = Exposure(energy_kev=60.0, scatter_to_primary=0.35)
"""About 120 kVp with a grid."""

CHILD_EXPOSURE = Exposure(
    energy_kev=45.0,
    scatter_to_primary=0.3,
    scatter_spread_mm=25.0,
    photons_per_pixel=20000.0,
    border_mm=0.0,
    tone=0.9,
    brightness=0.04,
)
"""About 65 kVp without a grid: a small chest scatters little."""

BEDSIDE_EXPOSURE = replace(
    CHILD_EXPOSURE, scatter_to_primary=1.4, compression=0.38, tone=0.6, brightness=0.15, enhancement=0.2
)
"""The same beam through a mobile unit; scatter equals the primary or exceeds it where no grid stops it."""

_LATERAL_FIELD = 0.9
"""Width of a lateral film's field relative to the frontal one's."""


@dataclass(frozen=True, kw_only=True)
class ChestParameters:
    """Everything that a chest phantom depends on; equal parameters give equal pixels.

    Parameters
    ----------
    habitus : Habitus
    exposure : Exposure
    projection : Projection
        AP, PA or lateral (a left lateral one), written on the film. A seed's frontal and lateral films show one person.
        The habitus holds sizes at the detector, magnification included.
    shape : tuple of int
        (rows, cols); the field is as wide as the habitus says, pixels are square.
    age_years : float
    sex : {"M", "F", "O"} or None
    opacity : Opacity or None
        Kept beside `findings` for the plain case of one opacity.
    findings : tuple of Finding
        What else the body shows.
    devices : tuple of Device
        Electrodes, wires, tubes and lines on or in the body.
    body_part : str
        Lower-case term written on the film; another than chest where the habitus puts the field elsewhere.
    variation : float
        How much this person differs from the mean: 0 is the mean, 1 a usual spread.
    seed : int
    anatomy_columns : int
        Organs and bones are computed on a grid of about that many columns, and enlarged to the film's pixels.
    """

    habitus: Habitus = ADULT
    exposure: Exposure = field(default_factory=lambda: ADULT_EXPOSURE)
    projection: Projection = Projection.PA
    shape: tuple[int, int] = (1024, 1024)
    age_years: float = 54.0
    sex: Literal["M", "F", "O"] | None = None
    opacity: Opacity | None = None
    findings: tuple[Finding, ...] = field(default=(), repr=False)
    devices: tuple[Device, ...] = field(default=(), repr=False)
    body_part: str = "chest"
    variation: float = 1.0
    seed: int = 0
    anatomy_columns: int = field(default=620, repr=False)

    def __post_init__(self) -> None:
        if min(self.shape) < 64:
            raise ValueError(f"shape must be at least 64 x 64, not {self.shape}")
        if self.projection is Projection.FRONTAL:
            raise ValueError("projection must be AP, PA or lateral: a film is taken one way or the other")

    @property
    def every_finding(self) -> tuple[Finding, ...]:
        """`opacity`, where there is one, and `findings`."""
        return (*(() if self.opacity is None else (self.opacity,)), *self.findings)


def adult(**changes: object) -> ChestParameters:
    """An adult's PA film; any field of `ChestParameters` may be given instead."""
    return replace(ChestParameters(), **changes)  # type: ignore[arg-type]


def child(**changes: object) -> ChestParameters:
    """A three-year-old's AP film; any field of `ChestParameters` may be given instead."""
    mean = ChestParameters(
        habitus=CHILD_3_YEARS, exposure=CHILD_EXPOSURE, projection=Projection.AP, shape=(800, 1024), age_years=3.0
    )
    return replace(mean, **changes)  # type: ignore[arg-type]


def child_bedside(**changes: object) -> ChestParameters:
    """A three-year-old's AP film at the bedside, as sick children get it: no grid, much scatter, tight field."""
    habitus = replace(CHILD_3_YEARS, field_top_v=-0.14, field_width_u=2.6)
    return child(**{"habitus": habitus, "exposure": BEDSIDE_EXPOSURE, "shape": (706, 1024), **changes})


def individual(h: Habitus, spread: float, rng: np.random.Generator) -> Body:
    """One person: proportions drawn around the habitus `h`; `spread` 0 is the mean, 1 usual."""

    def about(value: float, relative: float) -> float:
        return value * (1 + spread * relative * float(np.clip(rng.normal(), -2, 2)))

    size = about(1.0, 0.035)
    return Body(
        habitus=replace(
            h,
            half_width_mm=about(h.half_width_mm, 0.03),
            height_mm=about(h.height_mm, 0.03),
            half_depth_mm=about(h.half_depth_mm, 0.04),
            heart_right=tuple((v, u * size) for v, u in h.heart_right),
            heart_left=tuple((v, u * size) for v, u in h.heart_left),
            dome_right=(h.dome_right[0], about(h.dome_right[1], 0.012)),
            dome_left=(h.dome_left[0], about(h.dome_left[1], 0.012)),
            rib_drop_v=about(h.rib_drop_v, 0.08),
            rib_half_height_mm=about(h.rib_half_height_mm, 0.05),
        ),
        curve_mm=0.02 * spread * h.half_width_mm * float(rng.normal()),
    )


def _grid(parameters: ChestParameters, rng: np.random.Generator) -> Grid:
    h = parameters.habitus
    rows, cols = parameters.shape
    lateral = parameters.projection is Projection.LATERAL
    width = h.field_width_u * h.half_width_mm * (_LATERAL_FIELD if lateral else 1)
    shift = 0.015 * parameters.variation * width * rng.uniform(-1, 1, 2)
    return Grid(
        shape=(rows, cols),
        pixel_mm=width / cols,
        left_mm=-width / 2 + float(shift[0]),
        top_mm=h.field_top_v * h.height_mm + float(shift[1]),
        beam="x" if lateral else "z",
    )


def simulate(parameters: ChestParameters) -> Phantom:
    """Compute a chest film.

    Returns
    -------
    Phantom
        With masks ``"lungs"`` (as annotators draw them: behind the heart included, above the domes), ``"heart"``,
        ``"opacity"`` (all False without one) and one for each finding by its name, each bool of `parameters.shape`.
    """
    # One stream per part, so that a finding does not move the bones of the same person.
    streams = np.random.default_rng(parameters.seed).spawn(6)
    findings = parameters.every_finding
    body = individual(parameters.habitus, parameters.variation, streams[0])
    fine = _grid(parameters, streams[0])
    habitus = body.habitus
    for finding in findings:
        habitus = finding.reshape(habitus)
    body = replace(body, habitus=habitus)
    # Organs and bones are computed at about half of the film's pixels: their edges are softer than that.
    factor = max(round(fine.shape[1] / parameters.anatomy_columns), 1)
    grid = replace(fine.coarser(factor), draft=factor > 1)
    lungs = {side: Lung(body=body, side=side, grid=fine) for side in SIDES}
    masks = {
        "lungs": lungs["right"].outline | lungs["left"].outline,
        "heart": body.heart_mask(fine),
        "opacity": np.zeros(fine.shape, bool),
    }
    generators = [streams[3], *streams[5].spawn(len(findings))]
    filled: dict[Side, list[Map]] = {side: [] for side in SIDES}
    for finding, rng in zip(findings, generators, strict=False):
        masks[finding.name] = masks.get(finding.name, np.zeros(fine.shape, bool)) | _effect(
            finding, lungs, masks, filled, rng
        )
    changes = {
        side: LungChange(findings, Lung(body=body, side=side, grid=grid), coarsened(filled[side], fine, grid, factor))
        for side in SIDES
    }
    length, integral = _line_integral(parameters, body, grid, streams, changes)
    rows, cols = fine.shape
    size = (grid.shape[1] * factor, grid.shape[0] * factor)
    length, integral = (
        np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_LINEAR), np.float32)[:rows, :cols]
        for part in (length, integral)
    )
    if parameters.devices:
        integral = integral + device_integral(parameters.devices, body, fine)
    return take_film(parameters, integral, length, fine, masks, streams[4])


def _effect(
    finding: Finding,
    lungs: Mapping[Side, Lung],
    masks: Mapping[str, Mask],
    filled: Mapping[Side, list[Map]],
    rng: np.random.Generator,
) -> Mask:
    """The finding's mask; what it fills of each lung is added to `filled`."""
    whole = finding.whole_mask(masks)
    seen = np.zeros(masks["lungs"].shape, bool) if whole is None else whole.copy()
    for side, lung in lungs.items():
        if finding.concerns(side):
            share = finding.filled(lung, rng)
            if share is not None:
                filled[side].append(share)
            seen |= finding.mask(lung, share)
    return seen


def coarsened(shares: list[Map], fine: Grid, grid: Grid, factor: int) -> Map | None:
    """What several shares of filled air come to together, on the coarser grid."""
    if not shares:
        return None
    full = shares[0]
    for share in shares[1:]:
        full = 1 - (1 - full) * (1 - share)
    spare = [(0, coarse * factor - n) for coarse, n in zip(grid.shape, fine.shape, strict=True)]
    padded = np.pad(full, spare, mode="edge")
    return np.asarray(cv2.resize(padded, grid.shape[::-1], interpolation=cv2.INTER_AREA), np.float32)


@dataclass(frozen=True)
class LungChange:
    """All that findings do to one lung."""

    findings: tuple[Finding, ...]
    lung: Lung
    filled: Map | None

    @property
    def concerned(self) -> list[Finding]:
        """Findings of this lung."""
        return [finding for finding in self.findings if finding.concerns(self.lung.side)]

    def air(self, rng: np.random.Generator) -> Map:
        """Path length in mm of air in the lung and around it, (rows, cols)."""
        body, grid, side = self.lung.body, self.lung.grid, self.lung.side
        h = body.habitus
        lung, free = self._rooms()
        starts, ends, radii = vessel_tree(body, side, rng)
        for finding in self.concerned:
            radii = (radii * finding.vessel_scale(body, starts)).astype(np.float32)
        vessels = np.minimum(project_segments(grid, starts, ends, radii), lung)
        grain = fractal(grid, rng, coarse_mm=0.045 * h.half_width_mm, octaves=3, gain=0.8)
        slow = fractal(grid, rng, coarse_mm=0.4 * h.half_width_mm, octaves=2)
        # More blood, so denser lung, at the base than at the apex.
        density = LUNG_RELATIVE_DENSITY * (1 + 0.035 * grain + 0.05 * slow + 0.25 * (grid.y / h.height_mm - 0.5))
        scale = float(np.prod([finding.density_scale() for finding in self.concerned]))
        air = np.maximum((lung - vessels) * (1 - (density if scale == 1 else density * scale)), 0)
        if self.filled is not None:
            # Bronchi stay open where the lung around them has filled: the air bronchogram.
            bronchi = project_segments(grid, starts + np.float32(0.8) * radii[:, None], ends, 0.75 * radii)
            air = air * (1 - self.filled) + self.filled * np.minimum(bronchi, 0.3 * lung)
        if free is not None:
            air = air + free
        for finding in self.concerned:
            tissue = finding.tissue(self.lung, rng)
            if tissue is not None:
                air = np.maximum(air - np.minimum(tissue, lung if free is None else lung + free), 0)
        return np.asarray(air, np.float32)

    def _rooms(self) -> tuple[Map, Map | None]:
        """Lung, and free air in the cavity, in mm."""
        body, grid, side = self.lung.body, self.lung.grid, self.lung.side
        lung, free = body.lung_length(side, grid), None
        for finding in self.concerned:
            room = finding.room(self.lung)
            if room is not None:
                left = np.minimum(body.outside_organs(side, grid, room), lung)
                if finding.leaves_air:
                    free = lung - left if free is None else free + lung - left
                elif free is not None:
                    # Fluid takes the lower part of the free air's room too.
                    free = free * np.divide(left, lung, out=np.zeros_like(left), where=lung > 0)
                lung = left
        return lung, free


def _line_integral(
    parameters: ChestParameters,
    body: Body,
    grid: Grid,
    streams: list[np.random.Generator],
    changes: Mapping[Side, LungChange],
) -> tuple[Map, Map]:
    """Body's path length in mm, and the integral of attenuation, both (rows, cols)."""
    h = body.habitus
    soft = attenuation_per_mm(Material.SOFT, parameters.exposure.energy_kev)
    bone = attenuation_per_mm(Material.BONE, parameters.exposure.energy_kev)
    length = body.body_length(grid)
    airy = np.zeros(grid.shape, np.float32)
    for rng, side in zip(streams[1].spawn(2), SIDES, strict=True):
        airy += changes[side].air(rng)
    airy += project_tubes(grid, body.airways()) * 0.9
    for bubble in body.gas(streams[2]):
        airy += 2 * bubble.interval(grid)[1]
    extra = sum(
        (2 * b.interval(grid)[1] for b in body.breasts(in_front=grid.lateral)), np.zeros(grid.shape, np.float32)
    )
    bones = [*ribs(body), *shoulder_girdle(body, arms=not grid.lateral), *sternum(body)]
    mineral = project_tubes(grid, bones) + spine(grid, body)
    jaw = _jaw(body)
    if jaw is not None:
        shell, inner = jaw
        mineral += 0.3 * np.maximum(2 * shell.interval(grid)[1] - 2 * inner.interval(grid)[1], 0)
    tissue = fractal(grid, streams[2], coarse_mm=0.2 * h.half_width_mm, octaves=3)
    length = length + extra
    # What holds air holds no soft tissue, and never more than the body is thick.
    flesh = np.maximum(length - airy, 0) * (1 + 0.008 * tissue)
    present = np.minimum(mineral, length) * h.bone_density
    return length, (soft * flesh + (bone - soft) * present).astype(np.float32)


def _jaw(body: Body) -> tuple[Ellipsoid, Ellipsoid] | None:
    h = body.habitus
    if h.jaw_v is None:
        return None
    center = (0.0, (h.jaw_v - 0.36) * h.height_mm, 0.3 * h.half_depth_mm)
    outer = (0.5 * h.half_width_mm, 0.3 * h.height_mm, 0.6 * h.half_depth_mm)
    inner = (outer[0] * 0.84, outer[1] * 0.8, outer[2] * 0.84)
    return Ellipsoid(center_mm=center, semi_axes_mm=outer), Ellipsoid(center_mm=center, semi_axes_mm=inner)
