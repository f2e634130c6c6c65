"""Colour pixel data as RGB of 8 bits (DICOM PS3.3 C.7.6.3.1.2, C.7.9)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels.decoders.base import get_decoder

from cxrdesk.imaging.codecs import TRANSFORMED, decode_frame
from cxrdesk.imaging.dicom_pixels import compressed_frame, stored_pixels
from cxrdesk.imaging.dicom_values import UNREADABLE, integer, text
from cxrdesk.imaging.errors import FilmError


def colour_pixels(ds: Dataset, *, name: str, frame: int = 0) -> NDArray[np.uint8]:
    """Decode one frame of RGB, YBR or palette colours.

    Parameters
    ----------
    ds : Dataset
        Checked by `cxrdesk.imaging.dicom_checks.check_header`.
    name : str
        Name of the file, for messages.
    frame : int
        Counted from 0.

    Returns
    -------
    ndarray of uint8, shape (rows, cols, 3)
        RGB.

    Raises
    ------
    FilmError
        ``no-pixels``, ``truncated`` or ``corrupt``.
    """
    shape = integer(ds, "Rows", []), integer(ds, "Columns", []), 3
    palette = text(ds, "PhotometricInterpretation", []) == "PALETTE COLOR"
    try:
        colours = _through_palette(ds, name, frame) if palette else _decoded(ds, name, frame)
    except (*UNREADABLE, RuntimeError, OSError, StopIteration, MemoryError) as error:
        raise FilmError("corrupt", f"The colours of {name} are broken; copy or send the file again.") from error
    if colours.shape != shape:
        raise FilmError("corrupt", f"The colours of {name} are broken; copy or send the file again.")
    return colours


def _through_palette(ds: Dataset, name: str, frame: int) -> NDArray[np.uint8]:
    from pydicom.pixels.processing import apply_color_lut

    stored, _ = stored_pixels(ds, name=name, notes=[], frame=frame)
    colours: NDArray[np.generic] = apply_color_lut(stored, ds)
    # Entries of 16 bits use all of them (C.7.6.3.1.6); some writers put 8 bits into them all the same.
    wide = colours.dtype.itemsize > 1 and int(colours.max()) > 255
    return np.asarray(np.right_shift(colours, 8 if wide else 0), dtype=np.uint8)


def _decoded(ds: Dataset, name: str, frame: int) -> NDArray[np.uint8]:
    from pydicom.pixels.processing import convert_color_space

    photometric = text(ds, "PhotometricInterpretation", []) or ""
    syntax = ds.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        rows, cols, allocated = (integer(ds, keyword, []) or 0 for keyword in ("Rows", "Columns", "BitsAllocated"))
        ybr = photometric.startswith("YBR_FULL")
        found = compressed_frame(ds, name=name, frame=frame)
        colours = decode_frame(found, syntax, shape=(rows, cols, 3), bits_allocated=allocated, ybr=ybr)
        if ybr and syntax not in TRANSFORMED:  # JPEG 2000 turns YBR_RCT and YBR_ICT into RGB itself
            colours = convert_color_space(colours, "YBR_FULL", "RGB")
    else:
        _check_length(ds, name, frame)
        colours, _ = get_decoder(syntax).as_array(ds, index=frame)  # YBR to RGB too
    if colours.dtype.itemsize == 1:
        return np.asarray(colours, dtype=np.uint8)
    bits = min(max(integer(ds, "BitsStored", []) or 16, 8), 16)
    return np.asarray(np.clip(np.right_shift(colours.astype(np.int64), bits - 8), 0, 255), dtype=np.uint8)


def _check_length(ds: Dataset, name: str, frame: int) -> None:
    rows, cols, allocated = (integer(ds, keyword, []) or 0 for keyword in ("Rows", "Columns", "BitsAllocated"))
    samples = 2 if text(ds, "PhotometricInterpretation", []) == "YBR_FULL_422" else 3
    needed = rows * cols * samples * allocated // 8 * (frame + 1)
    data = ds.get("PixelData")
    if not isinstance(data, bytes) or not data:
        raise FilmError("no-pixels", f"{name} holds no pixel data; ask the sender for the complete file.")
    if len(data) < needed:
        raise FilmError(
            "truncated",
            f"{name} ends early: {len(data)} of {needed} bytes of pixel data; copy or send the file again.",
        )
