"""Opening a film of 9 megapixels, against the fastest decoder of its syntax; a first look, against the whole decode.

Every decoder starts from the file: pydicom reads it, the decoder gets the frame. OpenJPH (HTJ2K) is listed and not held
against: it hangs on broken frames, and a viewer cannot use it.
"""

from __future__ import annotations

import ctypes
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import imagecodecs
import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import get_decoder
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from cxrdesk.imaging.preview import preview
from cxrdesk.imaging.reader import read_film, read_radiograph
from cxrdesk.imaging.resources import resource
from tests.bench.report import Line, spread

SIDE = 3000
RUNS = 7
OPENING_BAR, PREVIEW_BAR = 1.15, 0.3

Read = Callable[[Path], Any]
_TRIM = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None


def film(bits: int, side: int = SIDE) -> NDArray[Any]:
    """A simulated chest film enlarged, with the noise of a detector."""
    sample = read_radiograph(resource("samples/adult/chest-pa.dcm"))
    large = cv2.resize(sample.stored.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    large = large / (1 << sample.bits_stored) + np.random.default_rng(1).normal(0, 0.001, (side, side))
    return np.clip(large * (1 << bits), 0, (1 << bits) - 1).astype(np.uint8 if bits == 8 else np.uint16)


def encoders() -> dict[str, tuple[UID, int, Callable[[NDArray[Any]], bytes] | None]]:
    """Name to syntax, bits stored, and what makes a frame; None where pydicom does."""
    return {
        "uncompressed": (ExplicitVRLittleEndian, 16, None),
        "big endian": (ExplicitVRBigEndian, 16, None),
        "RLE": (RLELossless, 16, None),
        "JPEG baseline": (JPEGBaseline8Bit, 8, lambda a: imagecodecs.jpeg8_encode(a, level=92)),
        "JPEG extended": (JPEGExtended12Bit, 12, lambda a: imagecodecs.jpeg8_encode(a, level=96, bitspersample=12)),
        "JPEG lossless": (
            JPEGLosslessSV1,
            16,
            lambda a: imagecodecs.jpeg8_encode(a, lossless=True, predictor=1, bitspersample=16),
        ),
        "JPEG-LS": (JPEGLSLossless, 16, imagecodecs.jpegls_encode),
        "JPEG 2000": (
            JPEG2000Lossless,
            16,
            lambda a: imagecodecs.jpeg2k_encode(a, codecformat="J2K", reversible=True, resolutions=6),
        ),
        "HTJ2K": (HTJ2KLossless, 16, lambda a: imagecodecs.htj2k_encode(a, reversible=True)),
    }


def write(folder: Path, name: str, side: int = SIDE) -> Path:
    """Write the film in one syntax."""
    syntax, bits, encode = encoders()[name]
    stored = film(bits, side)
    ds = pydicom.dcmread(resource("samples/adult/chest-pa.dcm"))
    ds.Rows = ds.Columns = side
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8 * stored.itemsize, bits, bits - 1
    ds.WindowCenter, ds.WindowWidth = (1 << bits) / 2, 1 << bits
    big = syntax == ExplicitVRBigEndian
    ds.PixelData = stored.astype(stored.dtype.newbyteorder(">" if big else "<")).tobytes()
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"
    if encode is not None:
        ds.PixelData = encapsulate([encode(stored)])
        ds["PixelData"].VR = "OB"
    elif syntax == RLELossless:
        ds.compress(syntax)
    ds.file_meta.TransferSyntaxUID = syntax
    path = folder / f"{name}.dcm"
    pydicom.dcmwrite(path, ds, enforce_file_format=True, implicit_vr=False, little_endian=not big)
    return path


def rivals(name: str) -> dict[str, Read]:
    """What else decodes a syntax, each from the file to an array."""
    syntax, bits, _ = encoders()[name]

    def through(decode: Callable[[bytes], Any]) -> Read:
        return lambda path: decode(get_frame(pydicom.dcmread(path).PixelData, 0, number_of_frames=1))

    def plugin(which: str) -> Read:
        return lambda path: get_decoder(syntax).as_array(pydicom.dcmread(path), raw=True, decoding_plugin=which)

    threads = 8
    found: dict[str, Read] = {
        "JPEG baseline": {"libjpeg-turbo": through(imagecodecs.jpeg8_decode)},
        "JPEG extended": {"libjpeg-turbo": through(imagecodecs.jpeg8_decode)},
        "JPEG lossless": {
            "libjpeg-turbo": through(imagecodecs.jpeg8_decode),
            "liblj92": through(imagecodecs.ljpeg_decode),
            "jpegsof3": through(imagecodecs.jpegsof3_decode),
        },
        "JPEG-LS": {"charls": through(imagecodecs.jpegls_decode)},
        "JPEG 2000": {
            "openjpeg": through(imagecodecs.jpeg2k_decode),
            "openjpeg, threads": through(lambda frame: imagecodecs.jpeg2k_decode(frame, numthreads=threads)),
        },
        "HTJ2K": {
            "openjpeg": through(imagecodecs.jpeg2k_decode),
            "openjpeg, threads": through(lambda frame: imagecodecs.jpeg2k_decode(frame, numthreads=threads)),
            "(OpenJPH)": through(imagecodecs.htj2k_decode),
        },
        "RLE": {"imagecodecs": through(lambda frame: imagecodecs.dicomrle_decode(frame, "<u2"))},
    }.get(name, {})
    if not syntax.is_encapsulated:
        return {"pydicom": lambda path: pydicom.dcmread(path).pixel_array}
    for which in get_decoder(syntax).available_plugins:
        if (bits, syntax) != (12, JPEGExtended12Bit):  # pydicom's decode 8 bits alone
            found[f"pydicom, {which}"] = plugin(which)
    return found


def _seconds(read: Read, path: Path) -> float:
    # Each starts with no memory at hand, as with a film that is new; else whoever comes after the greediest is fastest.
    gc.collect()
    if _TRIM is not None:
        _TRIM(0)
    start = time.perf_counter()
    read(path)
    return time.perf_counter() - start


def run(names: Iterable[str] | None = None) -> Iterator[Line]:
    """All decoders of a syntax take turns; the ratio is that of the medians."""
    with tempfile.TemporaryDirectory() as folder:
        for name in names or encoders():
            path = write(Path(folder), name)
            readers: dict[str, Read] = {"ours": read_film, **rivals(name)}
            if name in ("JPEG 2000", "HTJ2K"):
                readers["first look"] = preview
            for read in readers.values():
                read(path)
            times: dict[str, list[float]] = {which: [] for which in readers}
            turns = list(readers.items())
            for _ in range(RUNS):
                turns.append(turns.pop(0))  # nobody always comes after the slowest one
                for which, read in turns:
                    times[which].append(_seconds(read, path))
            middle = {which: statistics.median(taken) for which, taken in times.items()}
            others = {which: t for which, t in middle.items() if which not in ("ours", "first look")}
            best = min((which for which in others if not which.startswith("(")), key=others.__getitem__)
            told = ", ".join(f"{which} {t * 1e3:.0f}" for which, t in sorted(others.items(), key=lambda pair: pair[1]))
            yield Line(
                what=f"{name}: opening a film / fastest decoder ({best})",
                value=middle["ours"] / middle[best],
                bar=OPENING_BAR,
                unit="x",
                told=f"ours {spread(times['ours'])}; ms of others: {told}",
            )
            if "first look" in middle:
                yield Line(
                    what=f"{name}: first look / whole decode",
                    value=middle["first look"] / middle["ours"],
                    bar=PREVIEW_BAR,
                    unit="x",
                    told=f"first look {spread(times['first look'])}",
                )
            path.unlink()
