"""Pixel Data of a checked dataset as stored integers."""

from __future__ import annotations

import struct
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import ExplicitVRBigEndian

from cxrdesk.imaging.codecs import decode_frame, frame_header
from cxrdesk.imaging.dicom_values import UNREADABLE, integer
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.radiograph import StoredPixels

_SIGNED = 1


def stored_pixels(
    ds: Dataset, *, name: str, notes: list[str], frame: int = 0, decoded: NDArray[Any] | None = None
) -> tuple[StoredPixels, int]:
    """Decode one frame of Pixel Data (7FE0,0010) of a grayscale dataset.

    Parameters
    ----------
    ds : Dataset
        Checked by `cxrdesk.imaging.dicom.check_header`.
    name : str
        Name of the file, for messages.
    notes : list of str
        Receives what was assumed.
    frame : int
        Counted from 0.
    decoded : ndarray, shape (rows, cols), or None
        What a decoder gave for a compressed frame, where that was done already.

    Returns
    -------
    stored : ndarray of uint8, uint16 or int16, shape (rows, cols)
        Values within Bits Stored; unused high bits are cleared (PS3.5 8.1.1), signed values sign-extended. May be a
        view of the file's bytes.
    bits_stored : int
        Bits Stored (0028,0101), or more where a compressed frame holds more.

    Raises
    ------
    FilmError
        ``no-pixels``, ``truncated`` or ``corrupt``.
    """
    allocated = integer(ds, "BitsAllocated", notes) or 0
    signed = integer(ds, "PixelRepresentation", notes) == _SIGNED and allocated > 1
    bits_stored = integer(ds, "BitsStored", notes)
    if bits_stored is None or not 1 <= bits_stored <= allocated:
        notes.append("Bits Stored (0028,0101) is missing or impossible; Bits Allocated (0028,0100) was used")
        bits_stored = allocated
    if ds.file_meta.TransferSyntaxUID.is_encapsulated:
        stored = _decoded(ds, name, signed, frame, decoded)
        low, high = (-(1 << bits_stored - 1), (1 << bits_stored - 1) - 1) if signed else (0, (1 << bits_stored) - 1)
        if bits_stored < allocated and (stored.max() > high or (signed and stored.min() < low)):
            notes.append("values need more bits than Bits Stored (0028,0101); Bits Allocated (0028,0100) was used")
            bits_stored = allocated
        return stored, bits_stored
    raw = native_pixels(ds, name=name, frame=frame)
    high_bit = integer(ds, "HighBit", notes)
    if high_bit is None or not bits_stored - 1 <= high_bit < allocated:
        if high_bit is not None:
            notes.append("High Bit (0028,0102) is impossible and was ignored")
        high_bit = bits_stored - 1
    return _used_bits(raw, high_bit, bits_stored, signed), bits_stored


def native_pixels(ds: Dataset, *, name: str, frame: int = 0) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Cells of an uncompressed frame as they lie in the file, unused bits and all.

    Returns
    -------
    ndarray of uint8 or uint16, shape (rows, cols)
        Read-only view of the file's bytes, but for big endian.

    Raises
    ------
    FilmError
        ``no-pixels`` or ``truncated``.
    """
    rows, cols, allocated = (integer(ds, keyword, []) or 0 for keyword in ("Rows", "Columns", "BitsAllocated"))
    data = _pixel_data(ds, name)
    needed = -(-rows * cols * allocated * (frame + 1) // 8)
    if len(data) < needed:
        raise FilmError(
            "truncated", f"{name} ends early: {len(data)} of {needed} bytes of pixel data; copy or send the file again."
        )
    size = rows * cols * allocated // 8
    if allocated == 1:
        return _single_bits(data, rows * cols, frame).reshape(rows, cols)
    big = ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    if allocated == 8:
        if big and ds["PixelData"].VR == "OW":  # pairs of bytes in words (PS3.5 A.2)
            data = np.frombuffer(data, np.uint16, len(data) // 2).byteswap().tobytes()
        return np.frombuffer(data, np.uint8, rows * cols, size * frame).reshape(rows, cols)
    cells = np.frombuffer(data, ">u2" if big else "<u2", rows * cols, size * frame).reshape(rows, cols)
    return cells.astype(np.uint16, copy=False)


def _single_bits(data: bytes, count: int, frame: int) -> NDArray[np.uint8]:
    """Of a frame, from the lowest bit of each byte up; a frame begins within a byte (PS3.5 8.1.1, 8.2)."""
    first, last = count * frame, count * (frame + 1)
    packed = np.frombuffer(data, np.uint8)[first // 8 : -(-last // 8)]
    return np.unpackbits(packed, bitorder="little")[first % 8 : first % 8 + count]


def compressed_frame(ds: Dataset, *, name: str, frame: int = 0) -> bytes:
    """One frame of encapsulated Pixel Data, still compressed, whose own header agrees with the dataset's.

    Raises
    ------
    FilmError
        ``no-pixels`` or ``corrupt``.
    """
    data = _pixel_data(ds, name)
    try:
        offsets = _extended_offsets(ds)
        number = integer(ds, "NumberOfFrames", []) or 1
        found = get_frame(data, frame, extended_offsets=offsets, number_of_frames=number)
        header = frame_header(found)
    except (*UNREADABLE, RuntimeError, StopIteration, MemoryError) as error:
        raise _broken(name) from error
    shape = integer(ds, "Rows", []), integer(ds, "Columns", [])
    samples = integer(ds, "SamplesPerPixel", []) or 1
    # Decoders allocate what the compressed frame claims, whatever the header says.
    if header is not None and (header.rows, header.cols, header.components) != (*shape, samples):
        raise _broken(name)
    return found


def _decoded(ds: Dataset, name: str, signed: bool, frame: int, raw: NDArray[Any] | None) -> StoredPixels:
    rows, cols, allocated = (integer(ds, keyword, []) or 0 for keyword in ("Rows", "Columns", "BitsAllocated"))
    found = compressed_frame(ds, name=name, frame=frame)
    try:
        if raw is None:
            raw = decode_frame(found, ds.file_meta.TransferSyntaxUID, shape=(rows, cols), bits_allocated=allocated)
        header = frame_header(found)
    except (ValueError, struct.error) as error:
        raise _broken(name) from error
    bits = allocated if header is None else header.bits
    if bits > allocated:
        raise _broken(name)
    return from_decoder(raw, bits=bits, allocated=allocated, signed=signed)


def from_decoder(raw: NDArray[Any], *, bits: int, allocated: int, signed: bool) -> StoredPixels:
    """Values as Pixel Representation (0028,0103) wants them, of a frame of `bits` bits that may say otherwise.

    Most formats know no sign, and the two halves of JPEG 2000's header contradict the dataset's in many files: the
    bits count, the dataset says how to read them.
    """
    if signed == (raw.dtype.kind == "i"):
        same = np.int16 if signed else np.uint8 if allocated == 8 else np.uint16
        return cast(StoredPixels, raw.astype(same, copy=False))
    wide = raw.astype(np.uint16)
    return _used_bits(wide if signed or allocated == 16 else wide.astype(np.uint8), bits - 1, bits, signed)


def _used_bits(
    raw: NDArray[np.uint8] | NDArray[np.uint16], high_bit: int, bits_stored: int, signed: bool
) -> StoredPixels:
    """Values of the cells' used bits; without a copy where there is nothing to do."""
    unused = 8 * raw.itemsize - bits_stored
    if signed:
        same = np.int16 if raw.itemsize == 2 else np.int8
        # Up to the cell's highest bit, and back with the sign.
        above = 8 * raw.itemsize - 1 - high_bit
        cells = np.right_shift(np.left_shift(raw, above).view(same), unused) if unused else raw.view(same)
        return cells.astype(np.int16, copy=False)
    shift = high_bit + 1 - bits_stored
    values = np.right_shift(raw, shift) if shift else raw
    if unused and int(values.max()) >> bits_stored:
        values = np.bitwise_and(values, (1 << bits_stored) - 1)
    return values


def _pixel_data(ds: Dataset, name: str) -> bytes:
    data = ds.get("PixelData")
    if not isinstance(data, bytes) or not data:
        raise FilmError("no-pixels", f"{name} holds no pixel data; ask the sender for the complete file.")
    return data


def _extended_offsets(ds: Dataset) -> tuple[bytes, bytes] | None:
    """Extended Offset Table and its lengths (7FE0,0001), (7FE0,0002)."""
    offsets, lengths = ds.get("ExtendedOffsetTable"), ds.get("ExtendedOffsetTableLengths")
    return (offsets, lengths) if isinstance(offsets, bytes) and isinstance(lengths, bytes) else None


def _broken(name: str) -> FilmError:
    return FilmError("corrupt", f"The compressed pixel data of {name} are broken; copy or send the file again.")
