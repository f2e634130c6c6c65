"""What a simulator hands back, and the last step that all body parts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.phantom.detector import BITS_STORED, Exposure, expose, finish, present
from cxrdesk.imaging.phantom.grid import Grid, Map
from cxrdesk.imaging.radiograph import Projection, Radiograph, View
from cxrdesk.imaging.voi import Window

_VIEW_POSITION = {Projection.AP: "AP", Projection.PA: "PA", Projection.LATERAL: "LL"}
"""Defined terms of View Position (PS3.3 C.8.1.1); lateral films are left laterals."""


class FilmParameters(Protocol):
    """What every film needs to know, whatever it shows."""

    @property
    def body_part(self) -> str:
        """Lower-case term of Body Part Examined."""
        ...

    @property
    def exposure(self) -> Exposure:
        """Beam, detector, processing."""
        ...

    @property
    def projection(self) -> Projection:
        """AP, PA or lateral."""
        ...

    @property
    def age_years(self) -> float:
        """Age written on the film."""
        ...

    @property
    def sex(self) -> Literal["M", "F", "O"] | None:
        """Sex written on the film."""
        ...

    @property
    def seed(self) -> int:
        """Seed of every random draw."""
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Phantom:
    """A computed film and the truth about it.

    Parameters
    ----------
    radiograph : Radiograph
        uint16, 12 bits stored, ``source="phantom"``.
    masks : mapping of str to ndarray of bool, shape (rows, cols)
        True regions by name.
    parameters : FilmParameters
        What it was computed from.
    """

    radiograph: Radiograph
    masks: Mapping[str, NDArray[np.bool_]]
    parameters: FilmParameters


def cardiothoracic_ratio(masks: Mapping[str, NDArray[np.bool_]]) -> float:
    """Widest heart over widest chest (lungs' outer edges) on a frontal film, from the masks; nan without either."""
    widths = []
    for name in ("heart", "lungs"):
        mask = masks[name]
        rows = mask[mask.any(axis=1)]
        if not len(rows):
            return float("nan")
        # The heart's borders may stand at different heights, the chest's width is that of one row.
        if name == "heart":
            columns = np.flatnonzero(rows.any(axis=0))
            widths.append(np.ptp(columns) + 1)
        else:
            last = rows.shape[1] - rows[:, ::-1].argmax(axis=1)
            widths.append((last - rows.argmax(axis=1)).max())
    return float(widths[0] / widths[1])


def turned(picture: Map, clockwise_deg: float) -> Map:
    """A picture (rows, cols) turned about its middle; what comes from beyond an edge is as at the edge."""
    rows, cols = picture.shape
    turn = cv2.getRotationMatrix2D(((cols - 1) / 2, (rows - 1) / 2), -clockwise_deg, 1.0)
    done = cv2.warpAffine(picture, turn, (cols, rows), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(done, np.float32)


def take_film(
    parameters: FilmParameters,
    integral: Map,
    body_length: Map,
    grid: Grid,
    masks: Mapping[str, NDArray[np.bool_]],
    rng: np.random.Generator,
) -> Phantom:
    """Expose, process and store a film from line integrals (rows, cols) on `grid`."""
    exposure = parameters.exposure
    if exposure.turn_deg:
        integral, body_length = (turned(part, exposure.turn_deg) for part in (integral, body_length))
        masks = {name: turned(mask.astype(np.float32), exposure.turn_deg) > 0.5 for name, mask in masks.items()}
    shown = present(expose(integral, grid, exposure, rng), body_length, grid, exposure)
    full = float(1 << BITS_STORED)
    for mask in masks.values():
        mask.flags.writeable = False
    radiograph = Radiograph(
        stored=finish(shown, grid, exposure),
        bits_stored=BITS_STORED,
        voi=Window(center=full / 2, width=full),
        pixel_spacing_mm=(grid.pixel_mm, grid.pixel_mm),
        spacing_source="imager",
        patient_age_years=parameters.age_years,
        patient_sex=parameters.sex,
        view=View(body_part=parameters.body_part, projection=parameters.projection),
        view_position=_VIEW_POSITION[parameters.projection],
        modality="CR",
        source="phantom",
    )
    return Phantom(radiograph=radiograph, masks=masks, parameters=parameters)
