"""A seeded generator of broken DICOM files: the same number makes the same bytes on every machine with the same files.

Each way of breaking starts from a whole file: pydicom's own, and films that are made here in each transfer syntax.
"""

from __future__ import annotations

import io
import random
import struct
import warnings
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
_MOST_BYTES = 400_000
"""Of a whole file to start from: larger ones say nothing new and take longer to write."""
_INSTANCE = "1.2.826.0.1.3680043.8.498.1"

Chance = random.Random
Change = Callable[[bytes, Chance], bytes]


@dataclass(frozen=True, kw_only=True)
class Mutated:
    """One broken file.

    Parameters
    ----------
    number : int
    source : str
        The whole file that it was.
    ways : tuple of str
        How it was broken.
    content : bytes
    """

    number: int
    source: str
    ways: tuple[str, ...]
    content: bytes


@cache
def sources() -> dict[str, bytes]:
    """Whole files by name."""
    found = {f"made/{name}": content for name, content in _made()}
    for path in sorted(BUNDLED.rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".pyc") and path.stat().st_size <= _MOST_BYTES:
            content = path.read_bytes()
            if content[128:132] == b"DICM":
                found[f"pydicom/{path.relative_to(BUNDLED).as_posix()}"] = content
    return found


def mutated(number: int, *, seed: int = 0) -> Mutated:
    """The file of that number: one to three ways of breaking, one after the other."""
    chance = random.Random(f"{seed}/{number}")
    whole = sources()
    # Half of them from films, which are read furthest; the others from what else a disc may hold.
    made = [name for name in whole if name.startswith("made/")]
    source = chance.choice(made if chance.random() < 0.5 else list(whole))
    # A bomb comes last: other ways read the file first, and this would take as long as what it is made to provoke.
    ways = sorted(chance.sample(list(WAYS), k=chance.choice((1, 1, 1, 2, 3))), key="bomb".__eq__)
    content = whole[source]
    for way in ways:
        content = WAYS[way](content, chance)
    return Mutated(number=number, source=source, ways=tuple(ways), content=content)


# Whole films


def _film(stored: np.ndarray) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = ComputedRadiographyImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = _INSTANCE
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{_INSTANCE}.2", f"{_INSTANCE}.3"
    ds.Modality, ds.PatientName, ds.PatientID, ds.PatientAge = "CR", "Test^Film", "T1", "003Y"
    ds.BodyPartExamined, ds.ViewPosition, ds.PatientOrientation = "CHEST", "AP", ["L", "F"]
    ds.PhotometricInterpretation, ds.SamplesPerPixel, ds.PixelRepresentation = "MONOCHROME2", 1, 0
    ds.Rows, ds.Columns = stored.shape
    ds.BitsAllocated = 8 * stored.itemsize
    ds.BitsStored = 8 if stored.itemsize == 1 else 12
    ds.HighBit = ds.BitsStored - 1
    ds.WindowCenter, ds.WindowWidth, ds.ImagerPixelSpacing = [2000, 1500], [1000, 3000], [0.15, 0.15]
    ds.ShutterShape, ds.ShutterPresentationValue = ["RECTANGULAR", "POLYGONAL"], 0
    ds.ShutterLeftVerticalEdge, ds.ShutterRightVerticalEdge = 3, 90
    ds.ShutterUpperHorizontalEdge, ds.ShutterLowerHorizontalEdge = 3, 110
    ds.VerticesOfThePolygonalShutter = [1, 1, 1, 95, 110, 50]
    lut = Dataset()
    lut.LUTDescriptor, lut.LUTExplanation = [256, 0, 16], "curve"
    lut.LUTData = np.arange(0, 65536, 256, dtype="<u2").tobytes()
    ds.VOILUTSequence = [lut]
    ds.add_new(0x60000010, "US", 16)
    ds.add_new(0x60000011, "US", 16)
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60003000, "OW", bytes(range(32)))
    ds.add_new("PixelData", "OW", stored.tobytes())
    return ds


def _saved(ds: Dataset, syntax: str) -> bytes:
    ds.file_meta.TransferSyntaxUID = syntax
    file = io.BytesIO()
    ds.save_as(file, enforce_file_format=True)
    return file.getvalue()


def _made() -> list[tuple[str, bytes]]:
    rng = np.random.default_rng(0)
    ramp = np.add.outer(np.arange(120) * 16, np.arange(96) * 16) % 4096
    wide = (ramp // 2 + rng.integers(0, 64, ramp.shape)).astype(np.uint16)
    narrow = (wide >> 4).astype(np.uint8)
    native = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian)
    made = [(pydicom.uid.UID(syntax).name, _saved(_film(wide), syntax)) for syntax in native]
    turned = _film(wide)
    turned.PixelData = wide.byteswap().tobytes()
    made.append(("big endian", _saved(turned, ExplicitVRBigEndian)))
    for syntax, stored, frame in (
        (JPEGBaseline8Bit, narrow, imagecodecs.jpeg8_encode(narrow, level=90)),
        (JPEGLosslessSV1, wide, imagecodecs.jpeg8_encode(wide, lossless=True, bitspersample=16)),
        (JPEGLSLossless, wide, imagecodecs.jpegls_encode(wide)),
        (JPEG2000Lossless, wide, imagecodecs.jpeg2k_encode(wide, codecformat="J2K", reversible=True, level=0)),
        (HTJ2KLossless, wide, imagecodecs.htj2k_encode(wide, reversible=True)),
        (RLELossless, narrow, _rle(narrow)),
    ):
        ds = _film(stored)
        ds.PixelData = encapsulate([frame])
        ds["PixelData"].is_undefined_length = True
        made.append((pydicom.uid.UID(syntax).name, _saved(ds, syntax)))
    return made


def _rle(stored: np.ndarray) -> bytes:
    """One segment of literal runs (PS3.5 G)."""
    data = stored.tobytes()
    runs = b"".join(bytes([len(data[at : at + 128]) - 1]) + data[at : at + 128] for at in range(0, len(data), 128))
    return struct.pack("<16I", 1, 64, *[0] * 14) + runs + b"\0" * (len(runs) % 2)


# Ways of breaking


def _flip(content: bytes, chance: Chance) -> bytes:
    """A few bytes of anything, more of them in the header."""
    broken = bytearray(content)
    for _ in range(chance.randint(1, 24)):
        end = len(broken) if chance.random() < 0.4 else min(len(broken), 2500)
        broken[chance.randrange(end)] = chance.randrange(256)
    return bytes(broken)


def _cut(content: bytes, chance: Chance) -> bytes:
    return content[: chance.randrange(len(content))]


def _splice(content: bytes, chance: Chance) -> bytes:
    """A piece left out, written twice or put elsewhere."""
    start = chance.randrange(len(content))
    piece = content[start : start + chance.randint(1, 4000)]
    without = content[:start] + content[start + len(piece) :]
    at = chance.randrange(len(without) + 1)
    return chance.choice((without, content[:start] + piece + content[start:], without[:at] + piece + without[at:]))


def _elements(content: bytes) -> list[int]:
    """Where elements of the dataset seem to start: explicit VRs, little endian."""
    known = (b"UI", b"US", b"CS", b"DS", b"IS", b"SQ", b"OW", b"OB", b"LO", b"PN", b"SS", b"UL", b"DA", b"SH", b"TM")
    head = content[:20_000]
    return [at for at in range(132, len(head) - 8, 2) if head[at + 4 : at + 6] in known]


def _swap(content: bytes, chance: Chance) -> bytes:
    """Tags of two elements, or the elements themselves."""
    at = _elements(content)
    if len(at) < 4:
        return _flip(content, chance)
    one, other = sorted(chance.sample(range(len(at) - 1), 2))
    a, b, c, d = at[one], at[one + 1], at[other], at[other + 1]
    if chance.random() < 0.5:
        broken = bytearray(content)
        broken[a : a + 4], broken[c : c + 4] = content[c : c + 4], content[a : a + 4]
        return bytes(broken)
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


_UNWRITABLE = (
    ValueError, TypeError, AttributeError, LookupError, NotImplementedError, OverflowError, OSError, EOFError,
    RecursionError, struct.error, zlib.error, InvalidDicomError, BytesLengthException,
)  # fmt: skip
_SIZES = (0, 1, 2, 3, 7, 32, 64, 127, 255, 4095, 30000, 32768, 60000, 65535)
_SIZED = ("Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel", "PixelRepresentation")


def _absurd(content: bytes, chance: Chance) -> bytes:
    """Rows, columns, bits, frames, tables, overlays and lengths of elements that nobody has."""
    if chance.random() < 0.4:
        return _lengths(content, chance)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _sized(content, chance)
    except _UNWRITABLE:  # what is broken already, pydicom may not write: its bytes are broken further
        return _lengths(content, chance)


def _sized(content: bytes, chance: Chance) -> bytes:
    ds = pydicom.dcmread(io.BytesIO(content))
    for keyword in chance.sample(_SIZED, k=chance.randint(1, 3)):
        setattr(ds, keyword, chance.choice(_SIZES))
    if chance.random() < 0.3:
        ds.NumberOfFrames = chance.choice((-1, 0, 2, 9999, 2**31 - 1))
    if chance.random() < 0.3 and 0x60000010 in ds:
        ds[0x60000010].value, ds[0x60000011].value = chance.choice(_SIZES), chance.choice(_SIZES)
    if chance.random() < 0.3 and "VOILUTSequence" in ds:
        ds.VOILUTSequence[0].LUTDescriptor = [chance.choice(_SIZES), chance.choice(_SIZES), chance.choice(_SIZES)]
    if chance.random() < 0.3:
        ds.VerticesOfThePolygonalShutter = [chance.choice((0, 1, 2**31 - 1, -(2**31)))] * 6
    file = io.BytesIO()
    ds.save_as(file)
    return file.getvalue()


def _lengths(content: bytes, chance: Chance) -> bytes:
    broken, at = bytearray(content), _elements(content)
    for start in chance.sample(at, k=min(len(at), chance.randint(1, 3))):
        large = chance.choice((0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0x80000000, 1 << 24, 0))
        if content[start + 4 : start + 6] in (b"SQ", b"OW", b"OB", b"UN"):
            broken[start + 8 : start + 12] = struct.pack("<I", large)
        else:
            broken[start + 6 : start + 8] = struct.pack("<H", large & 0xFFFF)
    return bytes(broken)


def _nest(content: bytes, chance: Chance) -> bytes:
    """Sequences in sequences, of undefined length, some never closed; explicit, little endian."""
    depth = chance.choice((3, 30, 300, 900, 1100, 5000, 40_000))
    tag = chance.choice((b"\x28\x00\x10\x30", b"\x08\x00\x15\x11", b"\x40\x00\x75\x02", b"\x09\x00\x10\x10"))
    opened = tag + b"SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    closed = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    nested = opened * depth + closed * (depth if chance.random() < 0.6 else chance.randrange(depth))
    at = _elements(content)
    place = chance.choice(at) if at else len(content)
    return content[:place] + nested + content[place:]


@cache
def _zeros(megabytes: int) -> bytes:
    packer, million = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS), bytes(1_000_000)
    return b"".join(packer.compress(million) for _ in range(megabytes)) + packer.flush()


def _bomb(content: bytes, chance: Chance) -> bytes:
    """Small files that claim or unpack to very much."""
    kind = chance.choice(("deflate", "frame", "rle"))
    if kind == "deflate":
        ds = _film(np.zeros((4, 4), np.uint16))
        head = _saved(ds, DeflatedExplicitVRLittleEndian)
        meta_end = 144 + int.from_bytes(head[140:144], "little")
        return head[:meta_end] + _zeros(chance.choice((20, 200, 1200)))
    broken = bytearray(content)
    side = struct.pack(">H", chance.choice((60000, 65535, 32767, 4)))
    for mark in (b"\xff\xc0\x00", b"\xff\xc3\x00", b"\xff\xf7\x00"):  # the size that a JPEG frame claims
        at = content.find(mark)
        if at >= 0:
            broken[at + 5 : at + 7] = side
            broken[at + 7 : at + 9] = side
    at = content.find(b"\xff\x4f\xff\x51")  # of a JPEG 2000 frame, its tiles, its resolution levels
    if at >= 0:
        field = chance.choice((8, 12, 24, 28))
        broken[at + field : at + field + 4] = struct.pack(">I", chance.choice((60000, 2**31 - 1, 2**32 - 1, 1)))
    if kind == "rle":
        start = content.find(b"\xfe\xff\x00\xe0", 1000)
        if start >= 0:
            broken[start + 8 : start + 8] = struct.pack("<16I", chance.choice((1, 15, 2**32 - 1)), *[64] * 15)
            broken += b"\x81\0" * 100_000
    return bytes(broken)


WAYS: dict[str, Change] = {
    "bytes": _flip, "cut": _cut, "spliced": _splice, "swapped": _swap,
    "absurd": _absurd, "nested": _nest, "bomb": _bomb,
}  # fmt: skip
