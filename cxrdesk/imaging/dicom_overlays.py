"""Overlay planes of a dataset (DICOM PS3.3 C.9.2, C.9.3; PS3.5 8.1.2)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.tag import Tag

from cxrdesk.imaging.dicom_pixels import native_pixels
from cxrdesk.imaging.dicom_values import UNREADABLE
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.presentation import Overlay

FIRST_GROUP, LAST_GROUP = 0x6000, 0x601E
_ROWS, _COLUMNS, _FRAMES, _DESCRIPTION, _TYPE = 0x0010, 0x0011, 0x0015, 0x0022, 0x0040
_ORIGIN, _FIRST_FRAME, _ALLOCATED, _POSITION, _LABEL, _DATA = 0x0050, 0x0051, 0x0100, 0x0102, 0x1500, 0x3000


def read_overlays(
    ds: Dataset, *, name: str, notes: list[str], frame: int = 0, without: int | None = None
) -> tuple[Overlay, ...]:
    """Overlay planes of one frame, in the order of their groups; what is unusable is noted.

    Parameters
    ----------
    ds : Dataset
    name : str
        Name of the file, for messages.
    notes : list of str
    frame : int
        Counted from 0.
    without : int or None
        Group of a plane that is a shutter and not drawn.
    """
    found = []
    # Only even groups are standard ones.
    for group in range(FIRST_GROUP, LAST_GROUP + 1, 2):
        if group == without or Tag(group, _ROWS) not in ds:
            continue
        overlay = read_overlay(ds, group, name=name, notes=notes, frame=frame)
        if overlay is not None:
            found.append(overlay)
    return tuple(found)


def read_overlay(ds: Dataset, group: int, *, name: str, notes: list[str], frame: int = 0) -> Overlay | None:
    """One overlay plane, or None where the frame has none or it is unusable (noted)."""
    try:
        first, count = _number(ds, group, _FIRST_FRAME, 1) - 1, _number(ds, group, _FRAMES, 1)
        one_for_all = count == 1 and Tag(group, _FIRST_FRAME) not in ds
        index = 0 if one_for_all else frame - first
        if not 0 <= index < count:
            return None
        bits = _separate(ds, group, index) if Tag(group, _DATA) in ds else _embedded(ds, group, name, frame)
        origin = _origin(ds, group)
        kind: Literal["graphics", "roi"] = "roi" if _text(ds, group, _TYPE) == "R" else "graphics"
        label = _text(ds, group, _LABEL) or _text(ds, group, _DESCRIPTION)
    except (*UNREADABLE, FilmError):
        notes.append(f"the overlay of group {group:04X} is not usable and was left out")
        return None
    return Overlay(bits=bits, origin=origin, kind=kind, label=label, group=group)


def _separate(ds: Dataset, group: int, index: int) -> NDArray[np.bool_]:
    """Overlay Data (60xx,3000): a bit for each pixel, the lowest bit of a byte first, frames without gaps."""
    rows, cols = _number(ds, group, _ROWS), _number(ds, group, _COLUMNS)
    element = ds[Tag(group, _DATA)]
    data = bytes(element.value)
    if ds.original_encoding[1] is False and element.VR == "OW":  # big endian swaps the bytes of words
        data = np.frombuffer(data, np.uint16, len(data) // 2).byteswap().tobytes()
    size, start = rows * cols, rows * cols * index
    if min(rows, cols) < 1 or 8 * len(data) < start + size:
        raise ValueError("Overlay Data is too short")
    packed = np.frombuffer(data, np.uint8)[start // 8 : -(-(start + size) // 8)]
    bits = np.unpackbits(packed, bitorder="little")[start % 8 : start % 8 + size]
    return bits.reshape(rows, cols).astype(bool)


def _embedded(ds: Dataset, group: int, name: str, frame: int) -> NDArray[np.bool_]:
    """A plane in a bit of Pixel Data that the image leaves unused (retired, PS3.5 8.1.2 of 2004)."""
    position = _number(ds, group, _POSITION)
    stored, high = int(ds.BitsStored), int(ds.HighBit)
    if _number(ds, group, _ALLOCATED) != ds.BitsAllocated or not 0 <= position < ds.BitsAllocated:
        raise ValueError("no such bit")
    if high + 1 - stored <= position <= high or ds.file_meta.TransferSyntaxUID.is_encapsulated:
        raise ValueError("the bit belongs to the image")
    return (native_pixels(ds, name=name, frame=frame) >> position & 1).astype(bool)


def _origin(ds: Dataset, group: int) -> tuple[int, int]:
    if Tag(group, _ORIGIN) not in ds:
        return 0, 0
    row, col = (int(value) for value in ds[Tag(group, _ORIGIN)].value)
    return row - 1, col - 1  # counted from 1


def _number(ds: Dataset, group: int, element: int, default: int | None = None) -> int:
    tag = Tag(group, element)
    if tag not in ds or ds[tag].value in (None, ""):
        if default is None:
            raise ValueError(f"{tag} is missing")
        return default
    return int(ds[tag].value)


def _text(ds: Dataset, group: int, element: int) -> str:
    tag = Tag(group, element)
    return str(ds[tag].value or "").strip() if tag in ds else ""
