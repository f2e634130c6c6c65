"""Grayscale pipeline attributes of a dataset: modality LUT, VOI, polarity (DICOM PS3.3 C.11, C.7.6.3.1.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from cxrdesk.imaging.dicom_values import UNREADABLE, integer, items, number, numbers, text, values
from cxrdesk.imaging.radiograph import ModalityLut, StoredPixels
from cxrdesk.imaging.voi import VoiFunction, VoiLut, Window

_PADDING_RANGE = "Pixel Padding Value (0028,0120) to Pixel Padding Range Limit (0028,0121)"
_MOST_PADDING = 0.95
"""Share of the pixels; what is left of a film beyond it cannot be read."""


def lut_table(item: Dataset) -> tuple[NDArray[np.uint16], int, int]:
    """Entries of a Modality or VOI LUT Sequence item (PS3.3 C.11.1.1, C.11.2.1.1).

    Returns
    -------
    entries : ndarray of uint16, shape (n,)
    first : int
        Input value that maps to ``entries[0]``.
    bits : int
        Bits per entry; more than the descriptor says where the entries need more.

    Raises
    ------
    ValueError
        If descriptor and data do not describe a table.
    """
    descriptor = [int(value) for value in item.LUTDescriptor]
    if len(descriptor) != 3:
        raise ValueError("LUT Descriptor needs three values")
    count = (descriptor[0] & 0xFFFF) or 65536  # 0 means 2**16; read as signed it can be negative
    bits = descriptor[2]
    data = item.LUTData
    little = item.original_encoding[1] is not False
    if isinstance(data, bytes):
        wide = len(data) >= 2 * count
        entries = np.frombuffer(data[: 2 * count if wide else count], ("<u2" if little else ">u2") if wide else "u1")
    else:
        entries = np.asarray([data] if isinstance(data, int) else list(data), dtype=np.int64) & 0xFFFF
        if bits == 8 and len(entries) == (count + 1) // 2 < count:  # two 8-bit entries in each word
            entries = entries.astype("<u2").view(np.uint8)
    entries = entries[:count].astype(np.uint16)
    if len(entries) != count:
        raise ValueError("LUT Data is shorter than its descriptor says")
    return entries, descriptor[1], max(bits if 1 <= bits <= 16 else 1, int(entries.max()).bit_length())


def read_modality_lut(ds: Dataset, notes: list[str]) -> ModalityLut:
    """Modality LUT Sequence, else rescale slope and intercept (PS3.3 C.11.1); what is unusable is noted."""
    for item in items(ds, "ModalityLUTSequence", notes)[:1]:
        try:
            entries, first, _ = lut_table(item)
            return ModalityLut(table=entries.astype(np.float32), first=first)
        except UNREADABLE:
            notes.append("Modality LUT Sequence (0028,3000) is not usable and was ignored")
    slope = number(ds, "RescaleSlope", notes)
    intercept = number(ds, "RescaleIntercept", notes)
    # Beyond this, float32 modality values would overflow or lose every step.
    if (slope is not None and not 1e-9 <= abs(slope) <= 1e9) or (intercept is not None and abs(intercept) > 1e9):
        notes.append("Rescale Slope (0028,1053) or Intercept (0028,1052) is not usable; both were ignored")
        return ModalityLut()
    return ModalityLut(slope=1.0 if slope is None else slope, intercept=0.0 if intercept is None else intercept)


def read_vois(ds: Dataset, notes: list[str]) -> list[Window | VoiLut]:
    """Usable VOI LUTs, then usable windows, in the file's order (PS3.3 C.11.2); what is unusable is noted."""
    vois: list[Window | VoiLut] = []
    for item in items(ds, "VOILUTSequence", notes):
        try:
            entries, first, bits = lut_table(item)
            if entries.min() == entries.max():
                raise ValueError("constant")
            table = (entries / (2.0**bits - 1)).astype(np.float32)
            vois.append(VoiLut(table=table, first=first, explanation=text(item, "LUTExplanation", notes) or ""))
        except UNREADABLE:
            notes.append("an item of VOI LUT Sequence (0028,3010) is not usable and was ignored")
    named = text(ds, "VOILUTFunction", notes)
    function = VoiFunction(named) if named in set(VoiFunction) else VoiFunction.LINEAR
    if named is not None and named != function:
        notes.append("VOI LUT Function (0028,1056) is not a defined term; LINEAR was used")
    names = [str(value).strip() for value in values(ds, "WindowCenterWidthExplanation", notes)]
    pairs = zip(numbers(ds, "WindowCenter", notes), numbers(ds, "WindowWidth", notes), strict=False)
    for index, (center, width) in enumerate(pairs):
        try:
            name = names[index] if index < len(names) else ""
            vois.append(Window(center=center, width=width, function=function, explanation=name))
        except ValueError:
            notes.append(f"the window {center:g}/{width:g} is not usable and was ignored")
    return vois


def read_inverted(ds: Dataset, notes: list[str]) -> bool:
    """Whether larger modality values are darker.

    MONOCHROME1 shows its smallest value as white, after the VOI transformation (PS3.3 C.7.6.3.1.2). Presentation LUT
    Shape (2050,0020) says the same thing again: in DX images INVERSE goes with MONOCHROME1 and IDENTITY with
    MONOCHROME2 (PS3.3 C.8.11.3), so the two are never added up. Where they contradict each other the shape counts,
    as in dcmtk and dcm4che.
    """
    monochrome1 = text(ds, "PhotometricInterpretation", notes) == "MONOCHROME1"
    shape = text(ds, "PresentationLUTShape", notes)
    if shape not in ("IDENTITY", "INVERSE"):
        return monochrome1
    if (shape == "INVERSE") != monochrome1:
        notes.append("Presentation LUT Shape (2050,0020) contradicts Photometric Interpretation (0028,0004); it counts")
    return shape == "INVERSE"


def read_padding(
    ds: Dataset, stored_range: tuple[int, int], bits_allocated: int, notes: list[str]
) -> tuple[int, int] | None:
    """Smallest and largest padding value in stored values (PS3.3 C.7.5.1.1.2), or None."""
    first = integer(ds, "PixelPaddingValue", notes)
    if first is None:
        return None
    last = integer(ds, "PixelPaddingRangeLimit", notes)
    low, high = stored_range
    span = 1 << bits_allocated

    def stored(value: int) -> int:
        # Written with the other sign, 63536 and -2000 are the same sixteen bits.
        turned = value % span
        return turned - span if low < 0 and turned >= span // 2 else turned

    ends = sorted((stored(first), stored(first if last is None else last)))
    if ends[1] < low or ends[0] > high:
        notes.append("Pixel Padding Value (0028,0120) does not fit into Bits Stored (0028,0101) and was ignored")
        return None
    padding = max(ends[0], low), min(ends[1], high)
    if padding == (low, high):
        notes.append(f"{_PADDING_RANGE} covers every value and was ignored")
        return None
    return padding


def believable_padding(
    stored: StoredPixels, padding: tuple[int, int] | None, notes: list[str]
) -> tuple[int, int] | None:
    """The padding, or None (noted) where it would leave next to nothing of the film."""
    if padding is None or ((stored >= padding[0]) & (stored <= padding[1])).mean() <= _MOST_PADDING:
        return padding
    notes.append(f"{_PADDING_RANGE} covers nearly the whole film and was ignored")
    return None
