"""Domain randomisation: parameters drawn from the ranges of one file, resources/phantom/randomisation.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from cxrdesk.imaging.phantom.chest import ADULT_EXPOSURE, CHILD_EXPOSURE, ChestParameters, child_bedside
from cxrdesk.imaging.phantom.detector import Exposure
from cxrdesk.imaging.phantom.devices import MAKERS, Device
from cxrdesk.imaging.phantom.habitus import ADULT_ROOMY, CHILD_CLOSE, Habitus, Profile, moved, scaled
from cxrdesk.imaging.phantom.neck import NECK_EXPOSURE, NeckParameters
from cxrdesk.imaging.phantom.parts import PartParameters
from cxrdesk.imaging.phantom.ranges import Ranges
from cxrdesk.imaging.radiograph import Projection

Kind = Literal["chest-pa", "chest-ap", "chest-lateral", "child-ap", "child-lateral", "neck-ap", "hand", "hip"]
Parameters = ChestParameters | NeckParameters | PartParameters
CHESTS: tuple[Kind, ...] = ("chest-pa", "chest-ap", "chest-lateral", "child-ap", "child-lateral")
KINDS: tuple[Kind, ...] = (*CHESTS, "neck-ap", "hand", "hip")
PEOPLE: tuple[tuple[Kind, ...], ...] = (
    ("chest-pa", "chest-ap", "chest-lateral", "hand", "hip"),
    ("child-ap", "child-lateral"),
    ("neck-ap",),
)
"""Kinds that can be films of one person: of an adult, of a child's chest, and of an infant's neck."""


class _Draw:
    """Draws by name, so that each parameter is drawn once and in the file's order."""

    def __init__(self, ranges: Mapping[str, Any], rng: np.random.Generator) -> None:
        self.values: dict[str, Any] = {}
        for name, given in ranges.items():
            if isinstance(given, Mapping):
                self.values[name] = given["choices"][int(rng.integers(len(given["choices"])))]
            elif isinstance(given, list):
                self.values[name] = float(rng.uniform(*given))
            else:
                self.values[name] = bool(rng.random() < given)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]


def randomised_habitus(h: Habitus, ranges: Ranges, rng: np.random.Generator) -> Habitus:
    """A habitus drawn around `h`."""
    draw = _Draw(ranges.habitus, rng)
    # A patient who stands turned throws what lies in front to one side.
    shift = draw["rotation"]

    def tapered(profile: Profile) -> Profile:
        return tuple((v, u * (1 - draw["apex_taper"] * float(np.clip(1 - v / 0.6, 0, 1)))) for v, u in profile)

    def dome(place: tuple[float, float], tilt: float) -> tuple[float, float]:
        return place[0], float(np.clip(place[1] - draw["dome_lift"] + tilt, 0.55, 0.97))

    return replace(
        h,
        half_width_mm=h.half_width_mm * draw["chest_width"],
        height_mm=h.height_mm * draw["chest_height"],
        half_depth_mm=h.half_depth_mm * draw["chest_depth"],
        field_top_v=h.field_top_v + draw["field_top"],
        field_width_u=h.field_width_u * draw["field_width"],
        body=scaled(h.body, draw["flesh_width"]),
        body_depth=scaled(h.body_depth, draw["flesh_depth"]),
        lateral=tapered(h.lateral),
        dome_right=dome(h.dome_right, draw["dome_tilt"]),
        dome_left=dome(h.dome_left, -draw["dome_tilt"]),
        mediastinum_right=moved(scaled(h.mediastinum_right, draw["mediastinum"]), -0.6 * shift),
        mediastinum_left=moved(scaled(h.mediastinum_left, draw["mediastinum"]), 0.6 * shift),
        heart_right=moved(scaled(h.heart_right, draw["heart_width"]), -shift),
        heart_left=moved(scaled(h.heart_left, draw["heart_width"]), shift),
        aorta=(h.aorta[0] + 0.6 * shift, h.aorta[1], h.aorta[2] * draw["aorta"]),
        spine_u=h.spine_u * draw["spine"],
        rib_drop_v=h.rib_drop_v * draw["rib_drop"],
        rib_half_height_mm=h.rib_half_height_mm * draw["rib_height"],
        bone_density=h.bone_density * draw["bone_density"],
        clavicle=tuple((u, v + draw["clavicle"], w) for u, v, w in h.clavicle),
        breast_mm=draw["breast_mm"] if h.breast_mm > 0 else 0.0,
        bowel_gas=round(draw["bowel_gas"]),
        medial=draw["medial"],
        section=draw["section"],
        stomach_gas=max(draw["stomach_gas"], 0.0),
        rib_front=h.rib_front * draw["rib_front"],
    )


def randomised_exposure(e: Exposure, ranges: Ranges, rng: np.random.Generator) -> Exposure:
    """Beam, detector, processing and what stands on the film, drawn around `e`."""
    draw, film = _Draw(ranges.exposure, rng), _Draw(ranges.film, rng)
    return replace(
        e,
        energy_kev=float(np.clip(e.energy_kev * draw["energy_kev"], 40, 80)),
        scatter_to_primary=e.scatter_to_primary * draw["scatter_to_primary"],
        scatter_spread_mm=e.scatter_spread_mm * draw["scatter_spread_mm"],
        photons_per_pixel=e.photons_per_pixel * draw["photons_per_pixel"],
        blur_mm=e.blur_mm * draw["blur_mm"],
        compression=float(np.clip(e.compression + draw["compression"], 0, 0.8)),
        enhancement=max(e.enhancement + draw["enhancement"], 0.0),
        tone=e.tone * draw["tone"],
        brightness=e.brightness + draw["brightness"],
        vignette=draw["vignette"],
        gamma=draw["gamma"],
        floor=draw["floor"],
        ceiling=draw["ceiling"],
        turn_deg=draw["turn_deg"],
        border_mm=film["border_mm"] if film["bordered"] else 0.0,
        marker=film["markers"],
        marker_at=(film["marker_x"], film["marker_y"]),
        marker_size=film["marker_size"],
        grid_line_mm=film["grid_line_mm"] if film["grid_lines"] else 0.0,
        grid_line_depth=film["grid_line_depth"],
        collimation=_shutters(ranges, rng) if film["collimated"] else (0.0, 0.0, 0.0, 0.0),
    )


def _shutters(ranges: Ranges, rng: np.random.Generator) -> tuple[float, float, float, float]:
    low, high = ranges.film["collimation"]
    left, top, right, bottom = (float(rng.uniform(low, high)) for _ in range(4))
    return left, top, right, bottom


def randomised_devices(ranges: Ranges, rng: np.random.Generator) -> tuple[Device, ...]:
    """Electrodes, tubes and lines."""
    film = _Draw(ranges.film, rng)
    kinds = ["electrode"] * round(film["electrodes"])
    kinds += [name for name in ("tracheal_tube", "gastric_tube", "central_line") if film[name]]
    return tuple(MAKERS[kind](rng) for kind in kinds)


def randomised(
    rng: np.random.Generator, ranges: Ranges, kind: Kind, *, shape: tuple[int, int] = (512, 512)
) -> Parameters:
    """Parameters of one film.

    Parameters
    ----------
    rng : numpy.random.Generator
        The same state draws the same person for the kinds of one of `PEOPLE`, so that the films of a patient agree.
    ranges : Ranges
    kind : str
        One of `KINDS`.
    shape : tuple of int
        (rows, cols); children's frontal films have fewer rows, by the ranges' ``child_rows``, as their chests are wide.

    Returns
    -------
    ChestParameters, NeckParameters or PartParameters
        Computed fast: organs and bones on a grid of half the film's pixels from 512 columns on.
    """
    seed = int(rng.integers(2**31))
    of_body, of_film, of_devices, of_person = rng.spawn(4)
    coarse = max(round(shape[1] / 2), 200)
    if kind == "neck-ap":
        return NeckParameters(
            age_years=round(float(of_person.uniform(0.5, 3.0)), 2),
            exposure=randomised_exposure(NECK_EXPOSURE, ranges, of_film),
            variation=1.0,
            shape=shape,
            seed=seed,
            anatomy_columns=coarse,
        )
    young = kind.startswith("child")
    of_rows, of_variation = of_person.random(), float(of_person.random())
    at_bedside = young and of_person.random() < 0.3
    age_years = round(float(of_person.uniform(1, 5) if young else of_person.uniform(20, 85)), 1)
    sex: Literal["F", "M"] = "F" if of_person.random() < 0.5 else "M"
    if kind in ("hand", "hip"):
        plain = PartParameters(body_part="hand" if kind == "hand" else "hip", age_years=age_years, sex=sex)
        exposure = randomised_exposure(plain.exposure, ranges, of_film)
        return replace(plain, exposure=exposure, shape=shape, seed=seed)
    projection = Projection(kind.partition("-")[2])
    if kind == "child-ap":
        low, high = ranges.film["child_rows"]
        shape = (max(round(shape[0] * (low + (high - low) * of_rows)), 64), shape[1])
    varied = ranges.film["variation"][0] + of_variation * float(np.ptp(ranges.film["variation"]))
    habitus = randomised_habitus(CHILD_CLOSE if young else ADULT_ROOMY, ranges, of_body)
    if young:
        base = child_bedside().exposure if at_bedside else CHILD_EXPOSURE
    else:
        base = replace(ADULT_EXPOSURE, scatter_to_primary=0.9) if projection is Projection.AP else ADULT_EXPOSURE
    exposure = randomised_exposure(base, ranges, of_film)
    if projection is Projection.LATERAL:
        exposure = replace(exposure, marker="L" if exposure.marker in ("R", "L") else "")
    return ChestParameters(
        habitus=habitus,
        exposure=exposure,
        projection=projection,
        shape=shape,
        age_years=age_years,
        sex=sex,
        devices=randomised_devices(ranges, of_devices),
        variation=varied,
        seed=seed,
        anatomy_columns=coarse,
    )
