"""What a dataset says of showing its film."""

from __future__ import annotations

import re
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from cxrdesk.imaging.dicom_checks import frame_count
from cxrdesk.imaging.dicom_luts import read_vois
from cxrdesk.imaging.dicom_overlays import read_overlays
from cxrdesk.imaging.dicom_shutters import read_shutter, shutter_group
from cxrdesk.imaging.dicom_spacing import read_spacing
from cxrdesk.imaging.dicom_values import number, text, values
from cxrdesk.imaging.presentation import Presentation

_DIRECTION = re.compile("[APRLHF]{1,3}")
_PROCESSING_CLASS = "1.2.840.10008.5.1.4.1.1.1.1.1"  # Digital X-Ray, for processing

_LOSSY_SYNTAXES = ("1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51")  # JPEG baseline and extended


def read_presentation(
    ds: Dataset, *, name: str, frame: int = 0, colour: NDArray[np.uint8] | None = None
) -> Presentation:
    """How one frame of a checked dataset is to be shown.

    Parameters
    ----------
    ds : Dataset
        With pixel data, for overlays that lie within them.
    name : str
        Name of the file, for messages.
    frame : int
        Counted from 0.
    colour : ndarray of uint8, shape (rows, cols, 3), or None
        The decoded picture of a colour dataset.
    """
    notes: list[str] = []
    told_by_radiograph: list[str] = []
    note_lossy(ds, notes)
    return Presentation(
        vois=() if colour is not None else tuple(read_vois(ds, told_by_radiograph)),
        overlays=read_overlays(ds, name=name, notes=notes, frame=frame, without=shutter_group(ds)),
        shutter=read_shutter(ds, name=name, notes=notes),
        orientation=read_orientation(ds, notes),
        laterality=read_laterality(ds, notes),
        frames=frame_count(ds),
        frame=frame,
        colour=colour,
        for_processing=_for_processing(ds, notes),
        spacing=read_spacing(ds, told_by_radiograph),
        notes=tuple(dict.fromkeys(notes)),
    )


def note_lossy(ds: Dataset, notes: list[str]) -> None:
    """Note where detail was given up for size: Lossy Image Compression (0028,2110), or a syntax that always does.

    Once lost it stays lost: the attribute tells of films that were decompressed since (PS3.3 C.7.6.1.1.5).
    """
    syntax = str(getattr(getattr(ds, "file_meta", None), "TransferSyntaxUID", ""))
    if text(ds, "LossyImageCompression", notes) != "01" and syntax not in _LOSSY_SYNTAXES:
        return
    ratio = number(ds, "LossyImageCompressionRatio", notes)
    told = f" to 1/{ratio:.3g} of its size" if ratio is not None and ratio > 1 else ""
    notes.append(f"the film was compressed with loss{told}: fine detail may be missing")


def read_orientation(ds: Dataset, notes: list[str]) -> tuple[str, str] | None:
    """Patient Orientation (0020,0020): letters of where the end of a row and of a column points to (C.7.6.1.1.1)."""
    found = [str(value).strip().upper() for value in values(ds, "PatientOrientation", notes)]
    if not any(found):
        return None
    if len(found) == 2 and all(_DIRECTION.fullmatch(way) for way in found):
        return found[0], found[1]
    notes.append("Patient Orientation (0020,0020) is not a pair of directions and was ignored")
    return None


def read_laterality(ds: Dataset, notes: list[str]) -> Literal["R", "L", "U", "B"] | None:
    """Image Laterality (0020,0062), else Laterality (0020,0060) of the series."""
    for keyword in ("ImageLaterality", "Laterality"):
        told = text(ds, keyword, notes)
        if told in ("R", "L", "U", "B"):
            return cast(Literal["R", "L", "U", "B"], told)
    return None


def _for_processing(ds: Dataset, notes: list[str]) -> bool:
    told = text(ds, "PresentationIntentType", notes)
    if told is not None:
        return told == "FOR PROCESSING"
    return text(ds, "SOPClassUID", notes) == _PROCESSING_CLASS
