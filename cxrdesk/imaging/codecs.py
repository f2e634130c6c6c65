"""Compressed frames to arrays, by the decoder that was measured to be fastest for each syntax.

``python -m tests.bench decode`` holds them side by side. imagecodecs brings libjpeg-turbo (which knows JPEG lossless
and 12 bits), CharLS and OpenJPEG with threads; all of them give up the interpreter's lock. Its OpenJPH decodes HTJ2K
faster than OpenJPEG does, but never comes back from some broken frames and takes others for whole: not for a viewer.
"""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

JPEG_2000 = frozenset({JPEG2000Lossless, JPEG2000, HTJ2KLossless, HTJ2KLosslessRPCL, HTJ2K})
JPEG_LS = frozenset({JPEGLSLossless, JPEGLSNearLossless})
TRANSFORMED = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit})
JPEG = frozenset({JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1})
COMPRESSED = JPEG_2000 | JPEG_LS | JPEG | {RLELossless}

THREADS = min(8, os.cpu_count() or 1)
_SIGNED_COMPONENT = 0x80
_END = b"\xff\xd9"
"""End of image or codestream: T.81 B.1.1.3, T.87 C.1.1, T.800 A.4.4."""


@dataclass(frozen=True, kw_only=True)
class FrameHeader:
    """What a compressed frame says of itself.

    Parameters
    ----------
    rows, cols, components, bits : int
        `bits` of the first component.
    signed : bool
        Only JPEG 2000 and HTJ2K can say so.
    levels : int
        How often a JPEG 2000 or HTJ2K picture can be had at half its size; 0 for other formats.
    """

    rows: int
    cols: int
    components: int
    bits: int
    signed: bool = False
    levels: int = 0


def frame_header(frame: bytes) -> FrameHeader | None:
    """Read the header of a JPEG, JPEG-LS or JPEG 2000 frame; None for other formats.

    Sources: ITU-T T.81 B.2.2 and T.87 C.2.2 (SOF), T.800 A.5.1 (SIZ) and A.6.1 (COD).

    Raises
    ------
    struct.error
        If the frame ends within its header.
    """
    siz = frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if siz >= 0:
        x, y, x_offset, y_offset = struct.unpack_from(">4I", frame, siz + 8)
        components, depth = struct.unpack_from(">HB", frame, siz + 40)
        cod = frame.find(b"\xff\x52", siz, siz + 65536)
        return FrameHeader(
            rows=y - y_offset,
            cols=x - x_offset,
            components=components,
            bits=(depth & ~_SIGNED_COMPONENT) + 1,
            signed=bool(depth & _SIGNED_COMPONENT),
            levels=min(frame[cod + 9], 32) if 0 <= cod < len(frame) - 9 else 0,
        )
    if frame[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            bits, rows, cols, components = struct.unpack_from(">B2HB", frame, at + 4)
            return FrameHeader(rows=rows, cols=cols, components=components, bits=bits)
        else:
            at += 2 + int(struct.unpack_from(">H", frame, at + 2)[0])
    return None


def decode_frame(
    frame: bytes, syntax: str, *, shape: tuple[int, ...], bits_allocated: int, ybr: bool = False
) -> NDArray[Any]:
    """Decode one frame.

    Parameters
    ----------
    frame : bytes
        Its `frame_header` was compared with the dataset before: decoders allocate what a frame claims.
    syntax : str
        One of `COMPRESSED`.
    shape : tuple of int
        (rows, cols) of gray, (rows, cols, 3) of colour.
    bits_allocated : int
        8 or 16, which only RLE needs.
    ybr : bool
        Whether the dataset calls the colours YBR: JPEG baseline and extended give RGB, other formats what they hold.

    Returns
    -------
    ndarray of 8 or 16 bits, `shape`
        As the decoder gives it: signed only where the frame itself says so.

    Raises
    ------
    ValueError
        If the frame is broken, or gives another shape.
    """
    import imagecodecs  # few films of an uncompressed archive need it

    # Some decoders fill up what is missing with gray and say nothing.
    if syntax != RLELossless and not frame[-256:].rstrip(b"\x00\xff").endswith(_END):
        raise ValueError("the frame ends early")
    try:
        if syntax == RLELossless:
            kind = np.dtype("<u1" if bits_allocated == 8 else "<u2")
            planes = np.frombuffer(imagecodecs.dicomrle_decode(frame, kind), kind, math.prod(shape))
            decoded = planes.reshape(shape) if len(shape) == 2 else np.moveaxis(planes.reshape(3, *shape[:2]), 0, -1)
        else:
            decoded = _decoder(imagecodecs, syntax, len(shape) == 3, ybr)(frame)
    except (RuntimeError, ValueError, TypeError, MemoryError, OSError) as error:
        raise ValueError(f"the frame is broken: {type(error).__name__}") from error
    if decoded.shape != shape or decoded.dtype.itemsize > 2:
        raise ValueError(f"the frame holds {decoded.shape} {decoded.dtype}")
    return decoded


def _decoder(imagecodecs: Any, syntax: str, colour: bool, ybr: bool) -> Callable[[bytes], NDArray[Any]]:
    if syntax in JPEG and colour:
        # The dataset says which colours they are, whatever the frame's own markers do (PS3.5 8.2.1).
        held = "YCBCR" if ybr and syntax in TRANSFORMED else "RGB"
        return lambda frame: imagecodecs.jpeg8_decode(frame, colorspace=held, outcolorspace="RGB")
    if syntax in JPEG:
        return imagecodecs.jpeg8_decode  # type: ignore[no-any-return]
    if syntax in JPEG_LS:
        return imagecodecs.jpegls_decode  # type: ignore[no-any-return]
    return lambda frame: imagecodecs.jpeg2k_decode(frame, numthreads=THREADS)
