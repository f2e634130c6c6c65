"""Pixel Data of a checked dataset as stored integers."""

from __future__ import annotations

import struct
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from cxrdesk.imaging.decoders import decoder
from cxrdesk.imaging.dicom_values import UNREADABLE, integer
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.radiograph import StoredPixels

_SIGNED = 1
_AS_CHECKED: dict[str, Any] = {
    "number_of_frames": 1,
    "samples_per_pixel": 1,
    "photometric_interpretation": "MONOCHROME2",
}
"""For pydicom, which refuses these attributes where they are missing or misspelt; polarity is read elsewhere."""

_PLUGINS = (
    ((JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K), "pylibjpeg"),
    ((JPEGLSLossless, JPEGLSNearLossless), "pyjpegls"),
)
"""The fastest plugin that writes its complaints into the log and not onto the terminal; others: pydicom's order."""


def stored_pixels(ds: Dataset, *, name: str, notes: list[str]) -> tuple[StoredPixels, int]:
    """Decode Pixel Data (7FE0,0010) of a single-frame grayscale dataset.

    Parameters
    ----------
    ds : Dataset
        Checked by `cxrdesk.imaging.dicom.check_header`.
    name : str
        Name of the file, for messages.
    notes : list of str
        Receives what was assumed.

    Returns
    -------
    stored : ndarray of uint8, uint16 or int16, shape (rows, cols)
        Values within Bits Stored; unused high bits are cleared (PS3.5 8.1.1), signed values sign-extended.
    bits_stored : int
        Bits Stored (0028,0101), or more where a compressed frame holds more.

    Raises
    ------
    FilmError
        ``no-pixels``, ``truncated`` or ``corrupt``.
    """
    rows, cols, allocated = (integer(ds, keyword, notes) or 0 for keyword in ("Rows", "Columns", "BitsAllocated"))
    data = ds.get("PixelData")
    if not data:
        raise FilmError("no-pixels", f"{name} holds no pixel data; ask the sender for the complete file.")
    signed = integer(ds, "PixelRepresentation", notes) == _SIGNED
    bits_stored = integer(ds, "BitsStored", notes)
    if bits_stored is None or not 1 <= bits_stored <= allocated:
        notes.append("Bits Stored (0028,0101) is missing or impossible; Bits Allocated (0028,0100) was used")
        bits_stored = allocated
    if ds.file_meta.TransferSyntaxUID.is_encapsulated:
        raw = _decoded(ds, data, (rows, cols), name)
        in_file = raw.astype(np.int32)
        low, high = (-(1 << bits_stored - 1), (1 << bits_stored - 1) - 1) if signed else (0, (1 << bits_stored) - 1)
        if in_file.min() < low or in_file.max() > high:
            notes.append("values need more bits than Bits Stored (0028,0101); Bits Allocated (0028,0100) was used")
            bits_stored = allocated
        return _narrow(in_file, allocated, signed), bits_stored
    expected = rows * cols * allocated // 8
    if len(data) < expected:
        raise FilmError(
            "truncated",
            f"{name} ends early: {len(data)} of {expected} bytes of pixel data; copy or send the file again.",
        )
    raw = _native(ds, name)
    high_bit = integer(ds, "HighBit", notes)
    if high_bit is None or not bits_stored - 1 <= high_bit < allocated:
        if high_bit is not None:
            notes.append("High Bit (0028,0102) is impossible and was ignored")
        high_bit = bits_stored - 1
    return _narrow(_used_bits(raw, high_bit, bits_stored, signed), allocated, signed), bits_stored


def _native(ds: Dataset, name: str) -> NDArray[np.generic]:
    options: dict[str, Any] = {"raw": True, "correct_unused_bits": False, **_AS_CHECKED}
    try:
        raw, _ = decoder(ds.file_meta.TransferSyntaxUID).as_array(ds, **options)
    except UNREADABLE as error:
        raise FilmError("corrupt", f"The pixel data of {name} contradict its header; export the film again.") from error
    return raw


def _decoded(ds: Dataset, data: bytes, shape: tuple[int, int], name: str) -> NDArray[np.generic]:
    broken = f"The compressed pixel data of {name} are broken; copy or send the file again."
    try:
        claimed = compressed_size(next(generate_frames(data, number_of_frames=1)))
        # Decoders allocate what the compressed frame claims, whatever the header says.
        if claimed is not None and claimed != shape:
            raise FilmError("corrupt", broken)
        syntax = ds.file_meta.TransferSyntaxUID
        plugin = next((plugin for syntaxes, plugin in _PLUGINS if syntax in syntaxes), "")
        raw, _ = decoder(syntax).as_array(ds, raw=True, decoding_plugin=plugin, **_AS_CHECKED)
    except (*UNREADABLE, RuntimeError, OSError, StopIteration, MemoryError) as error:
        raise FilmError("corrupt", broken) from error
    if raw.shape != shape:
        raise FilmError("corrupt", broken)
    return raw


def _used_bits(raw: NDArray[np.generic], high_bit: int, bits_stored: int, signed: bool) -> NDArray[np.int32]:
    values = raw.astype(np.int32) >> (high_bit + 1 - bits_stored) & ((1 << bits_stored) - 1)
    if signed:
        sign = 1 << (bits_stored - 1)
        values = (values ^ sign) - sign
    return values


def _narrow(values: NDArray[np.int32], allocated: int, signed: bool) -> StoredPixels:
    dtype = np.int16 if signed else np.uint8 if allocated == 8 else np.uint16
    return cast(StoredPixels, values.astype(dtype))


def compressed_size(frame: bytes) -> tuple[int, int] | None:
    """(rows, cols) that a JPEG, JPEG-LS or JPEG 2000 frame claims in its header; None for other formats.

    Sources: ITU-T T.81 B.2.2 and T.87 C.2.2 (SOF), T.800 A.5.1 (SIZ).
    """
    siz = frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if siz >= 0:
        x, y, x_offset, y_offset = struct.unpack_from(">4I", frame, siz + 8)
        return y - y_offset, x - x_offset
    if frame[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            rows, cols = struct.unpack_from(">2H", frame, at + 5)
            return rows, cols
        else:
            at += 2 + int(struct.unpack_from(">H", frame, at + 2)[0])
    return None
