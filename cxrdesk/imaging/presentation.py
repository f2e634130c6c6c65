"""How a film wants to be shown: what concerns a screen and no detector. Holds no name, identifier or date."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Voi

Point = tuple[float, float]
"""(x, y) in film pixels: (0, 0) is the outer corner of the first pixel, (cols, rows) that of the last."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Overlay:
    """One overlay plane of group 60xx (PS3.3 C.9.2), one bit for each pixel.

    Parameters
    ----------
    bits : ndarray of bool, shape (rows, cols)
        Where the overlay is drawn; its own size, which may differ from the film's.
    origin : tuple of int
        (row, col) of the film's pixel, counted from 0, that lies under ``bits[0, 0]``; may be negative.
    kind : str
        Overlay Type (60xx,0040): ``"graphics"`` to be drawn, ``"roi"`` a region of interest.
    label : str
        Overlay Label (60xx,1500), else Overlay Description (60xx,0022); empty where neither is given.
    group : int
        0x6000 to 0x601E.
    """

    bits: NDArray[np.bool_]
    origin: tuple[int, int] = (0, 0)
    kind: Literal["graphics", "roi"] = "graphics"
    label: str = ""
    group: int = 0x6000

    def on_film(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """The plane cut or filled to a film of `shape` (rows, cols); bool, same shape."""
        plane = np.zeros(shape, dtype=bool)
        (row, col), (rows, cols) = self.origin, self.bits.shape
        top, left = max(row, 0), max(col, 0)
        bottom, right = min(row + rows, shape[0]), min(col + cols, shape[1])
        if bottom > top and right > left:
            plane[top:bottom, left:right] = self.bits[top - row : bottom - row, left - col : right - col]
        return plane


@dataclass(frozen=True, kw_only=True, eq=False)
class Shutter:
    """What the film's maker wants hidden (Display Shutter, PS3.3 C.7.6.11; bitmap, C.7.6.15).

    Where several shapes are given, a pixel is shown if all of them leave it open.

    Parameters
    ----------
    rectangle : tuple of int or None
        (top, left, bottom, right): the first row and column that are shown, and the first that are not any more.
    circle : tuple of float or None
        (x, y, radius) of the disc that is shown.
    polygon : tuple of Point
        Corners of the area that is shown; empty for none.
    bitmap : Overlay or None
        Its set bits are hidden.
    gray : float
        Shutter Presentation Value (0018,1622), 0 (black) to 1.
    """

    rectangle: tuple[int, int, int, int] | None = None
    circle: tuple[float, float, float] | None = None
    polygon: tuple[Point, ...] = ()
    bitmap: Overlay | None = None
    gray: float = 0.0

    def hidden(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Pixels of a film of `shape` (rows, cols) that are not to be shown; bool, same shape."""
        from cxrdesk.imaging.shutters import hidden  # few films have a shutter

        return hidden(self, shape)


@dataclass(frozen=True, kw_only=True)
class Spacing:
    """What a length on the film means (PS3.3 10.7.1.3).

    Parameters
    ----------
    mm : tuple of float or None
        (row, column) spacing; None where the file tells none, and lengths are in pixels.
    plane : str
        ``"calibrated"`` by geometry or a fiducial of known size; ``"magnified"`` the detector's spacing divided by an
        estimated magnification; ``"detector"`` at the detector, where bodies appear larger than they are;
        ``"unstated"`` the file has a spacing and does not say where it holds; ``"unknown"`` no spacing.
    magnification : float or None
        Estimated Radiographic Magnification Factor (0018,1114), where it is possible.
    calibration : str
        Pixel Spacing Calibration Type (0028,0A02): ``"GEOMETRY"``, ``"FIDUCIAL"``; empty where not given.
    """

    mm: tuple[float, float] | None = None
    plane: Literal["calibrated", "magnified", "detector", "unstated", "unknown"] = "unknown"
    magnification: float | None = None
    calibration: str = ""

    @property
    def source(self) -> Literal["imager", "calibrated", "unknown"]:
        """What a radiograph says of it."""
        if self.plane in ("calibrated", "magnified"):
            return "calibrated"
        return "imager" if self.plane == "detector" else "unknown"

    @property
    def words(self) -> str:
        """What to say beside a length: ``"at the detector"``."""
        return {
            "calibrated": "calibrated",
            "magnified": f"magnification of {self.magnification or 1:.2f} taken out",
            "detector": "at the detector",
            "unstated": "plane not stated",
            "unknown": "not calibrated",
        }[self.plane]


@dataclass(frozen=True, kw_only=True, eq=False)
class Presentation:
    """How a file asks for its film to be shown.

    Parameters
    ----------
    vois : tuple of Window or VoiLut
        VOI LUTs, then windows, usable ones, in the file's order; also those that hide the film.
    overlays : tuple of Overlay
    shutter : Shutter or None
    orientation : tuple of str or None
        Patient Orientation (0020,0020): where the end of a row and of a column points to, ``("L", "F")``.
    laterality : str or None
        ``"R"``, ``"L"``, ``"U"`` (unpaired) or ``"B"`` (both): Image Laterality (0020,0062), else Laterality.
    frames : int
        Number of Frames (0028,0008), at least 1.
    frame : int
        Which of them this is, counted from 0.
    colour : ndarray of uint8, shape (rows, cols, 3), or None
        RGB of a colour picture, which no detector sees; made read-only.
    for_processing : bool
        Presentation Intent Type (0008,0068): a film that was not made ready for showing.
    spacing : Spacing
    reduced : int
        Halvings left out of a compressed picture that is only a first look; 0 for the film itself.
    notes : tuple of str
        What the reader had to assume or leave out; those of a radiograph stand there.
    """

    vois: tuple[Voi, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    shutter: Shutter | None = None
    orientation: tuple[str, str] | None = None
    laterality: Literal["R", "L", "U", "B"] | None = None
    frames: int = 1
    frame: int = 0
    colour: NDArray[np.uint8] | None = None
    for_processing: bool = False
    spacing: Spacing = field(default_factory=Spacing)
    reduced: int = 0
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.frame < self.frames:
            raise ValueError(f"frame {self.frame} of {self.frames}")
        if self.colour is not None:
            if self.colour.ndim != 3 or self.colour.shape[2] != 3 or self.colour.dtype != np.uint8:
                raise ValueError(f"colour must be uint8 (rows, cols, 3), not {self.colour.dtype} {self.colour.shape}")
            self.colour.flags.writeable = False


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenedFilm:
    """A film that was read: its numbers, and how to show it.

    Parameters
    ----------
    radiograph : Radiograph or None
        None for a colour picture, which only `presentation` holds.
    presentation : Presentation
    """

    radiograph: Radiograph | None
    presentation: Presentation

    def __post_init__(self) -> None:
        if (self.radiograph is None) == (self.presentation.colour is None):
            raise ValueError("a film is either a radiograph or a colour picture")

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        if self.radiograph is not None:
            return self.radiograph.shape
        assert self.presentation.colour is not None
        rows, cols, _ = self.presentation.colour.shape
        return rows, cols
