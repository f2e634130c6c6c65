"""A first look at films that take long to decode: JPEG 2000 and HTJ2K without their finest resolution levels."""

from __future__ import annotations

import io
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.codecs import JPEG_2000, THREADS, frame_header
from cxrdesk.imaging.dicom import film_from_dataset, read_dataset
from cxrdesk.imaging.dicom_checks import is_colour
from cxrdesk.imaging.dicom_pixels import compressed_frame
from cxrdesk.imaging.jpeg2000 import cut_to
from cxrdesk.imaging.notices import collect_warnings
from cxrdesk.imaging.presentation import OpenedFilm
from cxrdesk.imaging.reader import file_kind, read_film

_SHARE_OF_LEVEL = 0.6
"""Of a frame's bytes, what is left of them for sure when its finest resolution is left out."""
_LONGEST_SIDE = 1100
"""Of the reduced picture: about what a screen shows of a fitted film."""


def preview(path: Path | str, *, frame: int = 0) -> OpenedFilm:
    """Read one frame of a film, reduced where that is much faster.

    Parameters
    ----------
    path : Path or str
        A DICOM, PNG, JPEG or TIFF file.
    frame : int
        Counted from 0.

    Returns
    -------
    OpenedFilm
        ``presentation.reduced`` is 0 where this is the film itself. Else the picture was decoded at half the size that
        many times, and brought back to the film's size between its pixels: places and sizes are the film's, values are
        not. It is to be looked at until `cxrdesk.imaging.reader.read_film` is done, and for nothing else.

    Raises
    ------
    FilmError
        As `read_film`.
    """
    path = Path(path)
    if file_kind(path) != "dicom":
        return read_film(path, frame=frame)
    ds = read_dataset(path)
    levels = 0
    if ds.file_meta.TransferSyntaxUID in JPEG_2000 and not is_colour(ds):
        found = compressed_frame(ds, name=path.name, frame=frame)
        header = frame_header(found)
        if header is not None:
            levels = _left_out(max(header.rows, header.cols), header.levels)
    if not levels:
        return film_from_dataset(ds, name=path.name, frame=frame)
    assert header is not None
    try:
        small = _reduced(found, levels, header.bits, header.signed)
    except (OSError, ValueError, SyntaxError, MemoryError, struct.error):
        # Broken, or of a size that Pillow cannot halve: the film itself tells which.
        return film_from_dataset(ds, name=path.name, frame=frame)
    whole = cv2.resize(small, (header.cols, header.rows), interpolation=cv2.INTER_LINEAR)
    opened = film_from_dataset(ds, name=path.name, frame=frame, decoded=whole)
    return replace(opened, presentation=replace(opened.presentation, reduced=levels))


def _left_out(longest: int, levels: int) -> int:
    """How many levels to leave out, so that the picture is small enough, of those that there are."""
    count = 0
    while count < levels and longest >> count > _LONGEST_SIDE:
        count += 1
    return count


def _reduced(frame: bytes, levels: int, bits: int, signed: bool) -> NDArray[Any]:
    """A frame at 1 / 2**levels of its size, in the frame's own values."""
    import imagecodecs

    small = cut_to(frame, levels, share=_SHARE_OF_LEVEL**levels)
    if small is not None:
        try:
            return np.asarray(imagecodecs.jpeg2k_decode(small, numthreads=THREADS))
        except (RuntimeError, ValueError):
            pass  # its lower resolutions take more than that, or it is broken, which is told by the whole of it
    return _reduced_whole(frame, levels, bits, signed)


def _reduced_whole(frame: bytes, levels: int, bits: int, signed: bool) -> NDArray[Any]:
    """The same of any frame, twice as slow for HTJ2K: of OpenJPEG's bindings Pillow's alone can reduce."""
    from PIL import Image

    with collect_warnings(), Image.open(io.BytesIO(frame), formats=("JPEG2000",)) as image:
        cast(Any, image).reduce = levels  # of this format's images: no method, a number
        image.load()
        stored = np.asarray(image)
    # Pillow spreads values of fewer bits over 8 or 16, and lifts signed ones above 0.
    shift = 8 * stored.dtype.itemsize - bits
    values = np.right_shift(stored, shift) if shift > 0 else stored
    return (values.astype(np.int32) - (1 << (bits - 1))).astype(np.int16) if signed else values
