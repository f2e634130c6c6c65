"""The one default way from a Radiograph to a model's input; training, evaluation and the viewer call it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any
from weakref import WeakKeyDictionary

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.radiograph import Radiograph

IMPLEMENTATION = 1
"""Raised whenever the same film and spec would give another tensor: operating points are tied to it."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A region as shares of the film, 0..1 from its upper left corner."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not (0 <= self.x0 < self.x1 <= 1 and 0 <= self.y0 < self.y1 <= 1):
            raise ValueError(f"not a region of a film: {self}")

    def grown(self, margin: float) -> Box:
        """The box with `margin` times its own side added on every side, cut at the film's edges."""
        dx, dy = (self.x1 - self.x0) * margin, (self.y1 - self.y0) * margin
        return Box(
            x0=max(0.0, self.x0 - dx), y0=max(0.0, self.y0 - dy), x1=min(1.0, self.x1 + dx), y1=min(1.0, self.y1 + dy)
        )


WHOLE_FILM = Box(x0=0.0, y0=0.0, x1=1.0, y1=1.0)


@dataclass(frozen=True, kw_only=True)
class InputSpec:
    """What a model is fed, as declared in its bundle.

    Parameters
    ----------
    size : tuple of int
        (rows, cols) of the input. The region is stretched to it: the aspect ratio is not kept.
    region : str
        ``"film"``, or the key of the mask whose bounding box is cut out (``"lungs"``).
    margin : float
        Share of the box's side that is added on every side; 0 for a whole film.
    percentiles : tuple of float
        The region's grey values at these percentiles become 0 and 1; what lies outside is clipped.
    mean : float
        Subtracted from the clipped values, 0..1; for numbers of each channel see the kits' ``means``.
    std : float
        Divided into what is left; for numbers of each channel see the kits' ``deviations``.
    """

    size: tuple[int, int]
    region: str = "film"
    margin: float = 0.0
    percentiles: tuple[float, float] = (1.0, 99.0)
    mean: float = 0.5
    std: float = 0.25

    def __post_init__(self) -> None:
        for name in ("mean", "std"):
            if not isinstance(getattr(self, name), Real):
                text = (
                    "numbers for each channel are means and deviations of the model's class, beside mean=0.0, std=1.0"
                )
                raise TypeError(f"{name} of an InputSpec is one number, not {getattr(self, name)!r}; {text}")
        lo, hi = self.percentiles
        if min(self.size) < 8 or not 0 <= lo < hi <= 100 or self.std <= 0 or self.margin < 0:
            raise ValueError(f"not a usable input: {self}")

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> InputSpec:
        """The spec written by `to_json`; unknown keys are refused."""
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data.items()}
        return cls(**plain)

    def to_json(self) -> dict[str, Any]:
        """A mapping of JSON types."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}

    def digest(self, *segmenter_sha256: str) -> str:
        """SHA-256 over declaration, implementation and the weights of the segmenters whose masks are used."""
        told = json.dumps([self.to_json(), IMPLEMENTATION, sorted(segmenter_sha256)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()


class NoRegionError(ValueError):
    """The mask whose region is to be cut out is empty."""


def mask_box(values: NDArray[np.float32], threshold: float = 0.5) -> Box:
    """Bounding box of a mask.

    Parameters
    ----------
    values : ndarray of float32, shape (h, w)
        Mask 0..1 over the whole film, on any grid.

    Raises
    ------
    NoRegionError
        If nothing reaches `threshold`.
    """
    inside = values >= threshold
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        raise NoRegionError("the mask is empty")
    h, w = values.shape
    return Box(x0=cols[0] / w, y0=rows[0] / h, x1=(cols[-1] + 1) / w, y1=(rows[-1] + 1) / h)


def resized(radiograph: Radiograph, size: tuple[int, int], box: Box = WHOLE_FILM) -> NDArray[np.float32]:
    """A region of the film stretched to `size`: float32 (rows, cols), modality LUT applied, larger = brighter.

    Stored integers are averaged over area before anything is converted, a fifth of the cost of a float resize;
    only a film with a modality LUT table is converted first, since its average is not the table's average.
    """
    film = _reduced(radiograph)
    rows, cols = film.shape
    y0, x0 = int(box.y0 * rows), int(box.x0 * cols)
    y1, x1 = max(y0 + 1, round(box.y1 * rows)), max(x0 + 1, round(box.x1 * cols))
    region = film[y0:y1, x0:x1]
    lut = radiograph.modality_lut
    shrinks = size[0] <= region.shape[0] and size[1] <= region.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    small = cv2.resize(region, (size[1], size[0]), interpolation=method)
    values = lut.apply(small) if lut.linear else small.astype(np.float32)
    return radiograph.brightness(values)


REDUCED_SIDE = 640
"""A large film is averaged once to at least this many pixels a side; all inputs are made from that."""
_reductions: WeakKeyDictionary[Radiograph, NDArray[Any]] = WeakKeyDictionary()


def _reduced(radiograph: Radiograph) -> NDArray[Any]:
    """Stored values (modality values where the LUT is a table), averaged over area.

    One pass over a large film serves the film check, every segmenter and every detector. Films whose shorter side is
    under twice `REDUCED_SIDE` stay as they are.
    """
    rows, cols = radiograph.shape
    shrink = min(rows, cols) // REDUCED_SIDE
    lut = radiograph.modality_lut
    if shrink < 2:
        return radiograph.stored if lut.linear else lut.apply(radiograph.stored)
    if radiograph not in _reductions:
        pixels: NDArray[Any] = radiograph.stored if lut.linear else lut.apply(radiograph.stored)
        size = (round(cols / shrink), round(rows / shrink))
        _reductions[radiograph] = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return _reductions[radiograph]


def normalised(values: NDArray[np.float32], spec: InputSpec) -> NDArray[np.float32]:
    """Grey values between the spec's percentiles to 0..1, then mean and standard deviation; shape kept.

    Only the region's own values count, so that exposure, borders and markers outside it do not.
    A region of one grey value becomes 0 before mean and standard deviation.
    """
    lo, hi = np.percentile(values, spec.percentiles)
    unit = np.clip((values - lo) / (hi - lo), 0.0, 1.0) if hi > lo else np.zeros_like(values)
    return ((unit - spec.mean) / spec.std).astype(np.float32)


def prepare(
    radiograph: Radiograph, spec: InputSpec, masks: dict[str, NDArray[np.float32]] | None = None
) -> NDArray[np.float32]:
    """Model input of one film: float32 (1, rows, cols).

    Parameters
    ----------
    masks : dict of ndarray of float32, shape (h, w)
        Masks 0..1 over the whole film; needed where ``spec.region`` names one.

    Raises
    ------
    NoRegionError
        If the region's mask is empty.
    """
    box = region_box(spec, masks or {})
    return normalised(resized(radiograph, spec.size, box), spec)[np.newaxis]


def region_box(spec: InputSpec, masks: dict[str, NDArray[np.float32]]) -> Box:
    """The part of the film that `prepare` cuts out."""
    if spec.region == "film":
        return WHOLE_FILM
    return mask_box(masks[spec.region]).grown(spec.margin)
