"""Radiograph: one film as numbers, without identity."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.voi import Voi

StoredPixels = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.int16]


class Projection(StrEnum):
    """Direction of the beam (DICOM PS3.3 C.8.11.5, View Position)."""

    AP = "ap"
    PA = "pa"
    LATERAL = "lateral"
    FRONTAL = "frontal"
    """Frontal, AP or PA not stated."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What a film shows and from where; ``None`` is unknown, never a guess.

    Parameters
    ----------
    body_part : str or None
        Lower-case defined term of Body Part Examined (0018,0015), PS3.16 annex L: ``"chest"``, ``"neck"``, ``"hip"``.
    projection : Projection or None
        From View Position (0018,5101) or View Code Sequence (0054,0220).
    """

    body_part: str | None = None
    projection: Projection | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ModalityLut:
    """Stored integers to modality values (PS3.3 C.11.1).

    Parameters
    ----------
    slope, intercept : float
        Rescale Slope (0028,1053) and Rescale Intercept (0028,1052). Ignored where `table` is given.
    table : ndarray of float32, shape (n,), or None
        LUT Data (0028,3006) of the Modality LUT Sequence.
    first : int
        Stored value that maps to ``table[0]``; values outside take the first or last entry.
    """

    slope: float = 1.0
    intercept: float = 0.0
    table: NDArray[np.float32] | None = None
    first: int = 0

    def apply(self, stored: NDArray[np.generic]) -> NDArray[np.float32]:
        """Modality values of `stored` (any shape), as float32."""
        if self.table is not None:
            index = np.clip(stored.astype(np.int64) - self.first, 0, len(self.table) - 1)
            return self.table[index]
        return stored.astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept)

    @property
    def linear(self) -> bool:
        """Whether averaging stored values equals averaging modality values."""
        return self.table is None


@dataclass(frozen=True, kw_only=True, eq=False)
class Radiograph:
    """One film as numbers: stored integers and how to read them. Holds no name, identifier or date.

    Parameters
    ----------
    stored : ndarray of uint8, uint16 or int16, shape (rows, cols)
        Stored values, made read-only.
    bits_stored : int
        Bits Stored (0028,0101), 1..16; with the dtype's sign it gives the representable range.
    modality_lut : ModalityLut
        Stored to modality values.
    inverted : bool
        Whether larger modality values are darker: MONOCHROME1, or Presentation LUT Shape INVERSE (PS3.3 C.11.6).
    voi : Voi
        Display default: window or VOI LUT of the file, or one estimated from the pixels.
    padding : tuple of int or None
        Smallest and largest stored value that is not image (Pixel Padding Value (0028,0120) and Range Limit).
    pixel_spacing_mm : tuple of float or None
        (row, column) spacing, or None where unknown.
    spacing_source : str
        What the spacing holds for (PS3.3 10.7.1.3): ``"imager"`` at the detector, ``"calibrated"`` corrected for
        magnification, ``"unknown"`` not stated by the file.
    patient_age_years : float or None
        From Patient's Age (0010,1010) or the two dates; None where unknown.
    patient_sex : str or None
        ``"M"``, ``"F"``, ``"O"`` or None.
    view : View
    view_position : str or None
        View Position (0018,5101) as written in the file.
    modality : str or None
        Modality (0008,0060): ``"CR"``, ``"DX"``; None for pictures without it (PNG, JPEG, TIFF).
    source : str
        ``"dicom"``, ``"raster"`` or ``"phantom"`` (a film computed by a simulator and marked so).
    notes : tuple of str
        What the reader had to assume or leave out of a file that breaks the standard; no identity, no values of text.
    """

    stored: StoredPixels
    bits_stored: int
    modality_lut: ModalityLut = field(default_factory=ModalityLut)
    inverted: bool = False
    voi: Voi
    padding: tuple[int, int] | None = None
    pixel_spacing_mm: tuple[float, float] | None = None
    spacing_source: Literal["imager", "calibrated", "unknown"] = "unknown"
    patient_age_years: float | None = None
    patient_sex: Literal["M", "F", "O"] | None = None
    view: View = field(default_factory=View)
    view_position: str | None = None
    modality: str | None = None
    source: Literal["dicom", "raster", "phantom"] = "dicom"
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.stored.ndim != 2 or 0 in self.stored.shape:
            raise ValueError(f"stored must be (rows, cols), not {self.stored.shape}")
        if self.stored.dtype not in (np.uint8, np.uint16, np.int16):
            raise ValueError(f"stored must be uint8, uint16 or int16, not {self.stored.dtype}")
        if not 1 <= self.bits_stored <= 16:
            raise ValueError(f"bits_stored must be 1..16, not {self.bits_stored}")
        self.stored.flags.writeable = False

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        rows, cols = self.stored.shape
        return rows, cols

    @property
    def stored_range(self) -> tuple[int, int]:
        """Representable stored values, from Bits Stored and Pixel Representation."""
        if self.stored.dtype.kind == "i":
            half = 1 << (self.bits_stored - 1)
            return -half, half - 1
        return 0, (1 << self.bits_stored) - 1

    @property
    def value_range(self) -> tuple[float, float]:
        """Representable (not observed) range of `pixels`."""
        lo, hi = self.stored_range
        table = self.modality_lut.table
        ends = self.modality_lut.apply(np.array([lo, hi])) if table is None else table
        return float(ends.min()), float(ends.max())

    def brightness(self, modality_values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Modality values turned so that larger is brighter; mirrored within `value_range` where `inverted`."""
        if not self.inverted:
            return modality_values
        lo, hi = self.value_range
        return np.float32(lo + hi) - modality_values

    @property
    def pixels(self) -> NDArray[np.float32]:
        """float32 (rows, cols), modality LUT applied, larger = brighter, read-only; computed at each call."""
        pixels = self.brightness(self.modality_lut.apply(self.stored))
        pixels.flags.writeable = False
        return pixels

    @cached_property
    def digest(self) -> str:
        """SHA-256 of stored values and their reading: equal digests mean equal pictures."""
        digest = hashlib.sha256(np.ascontiguousarray(self.stored).data)
        lut = self.modality_lut
        reading = (self.stored.dtype.str, self.shape, self.inverted, lut.slope, lut.intercept, lut.first)
        digest.update(repr(reading).encode())
        if lut.table is not None:
            digest.update(lut.table.tobytes())
        return digest.hexdigest()
