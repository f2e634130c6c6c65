"""Bytes of a DICOM file to a dataset (PS3.10)."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pydicom
from pydicom import Dataset
from pydicom.dataset import FileDataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from cxrdesk.imaging.dicom_values import UNREADABLE
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.files import BoundedFile, open_file
from cxrdesk.imaging.notices import collect_warnings

_MOST_INFLATED_BYTES = 300_000_000
"""Above the largest film of 16 bits; it is held in memory, and its pixels are copied out of it."""
_MOST_READS = 300_000
"""Two for most elements, 2 s of a busy machine: a header has some hundred, the index of 10,000 pictures fewer."""
_UNDEFINED_LENGTH = 0xFFFFFFFF
_PIXEL_DATA_GROUP = 0x7FE0
_PIXELS = (0x7FE00010, 0x7FE00009, 0x7FE00008)
"""Pixel Data, and those of doubles and floats."""


def looks_like_dicom(head: bytes) -> bool:
    """Whether a file that starts with `head` (132 bytes or more) is DICOM, also one without preamble.

    Files older than PS3.10 start with their first element: group 0002 or 0008 in either byte order, a low number.
    """
    if head[128:132] == b"DICM":
        return True
    little, big = (int.from_bytes(head[0:2], order) for order in ("little", "big"))
    element = int.from_bytes(head[2:4], "little" if little in (2, 8) else "big")
    return len(head) >= 16 and (little in (2, 8) or big in (2, 8)) and element <= 0xFF


def read_file(path: Path, *, stop_before_pixels: bool, check: Callable[[Dataset], None] | None = None) -> Dataset:
    """Read a DICOM file, tolerant of what the standard forbids and pydicom can read.

    Parameters
    ----------
    path : Path
    stop_before_pixels : bool
        Whether to read the header alone.
    check : callable or None
        Called with the header before pixel data are read, which do not follow where it raises.

    Returns
    -------
    Dataset
        With ``file_meta.TransferSyntaxUID``, also where the file has none.

    Raises
    ------
    FilmError
        ``not-dicom``, ``truncated``, ``too-large`` and those of `open_file`.
    """
    with open_file(path) as file:
        elements = _Elements(file)
        with collect_warnings() as warned:
            head = file.read(144)
            if not looks_like_dicom(head):
                raise FilmError("not-dicom", f"{path.name} is not a DICOM file; choose a film.")
            file.seek(0)
            ds = _parsed(lambda: _header(elements, path.name), path.name)
        _complete(ds, elements, warned, path.name)
        if check is not None:
            check(ds)
        if stop_before_pixels:
            return ds
        with collect_warnings() as warned:  # the file stands where its pixel data start
            implicit, little = map(bool, ds.original_encoding)
            ds.update(_parsed(lambda: read_dataset(cast(BinaryIO, elements), implicit, little), path.name))
        _complete(ds, elements, warned, path.name)
        return ds


class _DeflatedError(Exception):
    """pydicom asks for all that is left, which it does to inflate it whole."""


class _Elements:
    """A file as pydicom reads it, an element at a time: it ends after more of them than any film has.

    A file full of zeros, or a small one that inflates to them, would else keep pydicom busy for minutes.
    """

    def __init__(self, file: BoundedFile) -> None:
        self._file, self._reads = file, 0

    @property
    def too_many(self) -> bool:
        """Whether it ended for that."""
        return self._reads > _MOST_READS

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes."""
        if size is None or size < 0:
            raise _DeflatedError
        self._reads += 1
        return b"" if self.too_many else self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As of any file."""
        return self._file.tell()

    def inflate(self, name: str) -> None:
        """Go on with what the rest of the file inflates to (PS3.5 A.5)."""
        self._file = BoundedFile(_inflated(self._file, name))


def _header(elements: _Elements, name: str) -> Dataset:
    """Up to the pixel data, where the file stands then."""
    try:
        return pydicom.dcmread(cast(BinaryIO, elements), stop_before_pixels=True, force=True)
    except _DeflatedError:
        end = elements.tell()
    elements.seek(0)
    meta = pydicom.dcmread(io.BytesIO(elements.read(end)), force=True)
    elements.inflate(name)
    dataset = read_dataset(cast(BinaryIO, elements), False, True, stop_when=lambda tag, _vr, _length: tag in _PIXELS)
    ds = FileDataset("", dataset, meta.preamble, meta.file_meta, is_implicit_VR=False, is_little_endian=True)
    ds.set_original_encoding(False, True, dataset.original_character_set)
    return ds


def _parsed(parse: Callable[[], Dataset], name: str) -> Dataset:
    try:
        return parse()
    except (*UNREADABLE, zlib.error, RecursionError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # the disk's, not pydicom's own for a sequence that ends early
        raise FilmError("truncated", f"{name} is broken or ends early; copy or send it again.") from error


def _complete(ds: Dataset, elements: _Elements, warned: list[str], name: str) -> None:
    """Refuse what was cut, and say the transfer syntax where the file does not."""
    if elements.too_many:
        raise FilmError("corrupt", f"{name} holds more elements than any film has; copy or send the file again.")
    if not ds or _cut(ds) or any("End of file" in text or "nexpected end" in text for text in warned):
        raise FilmError("truncated", f"{name} ends early; copy or send the file again.")
    if "TransferSyntaxUID" not in ds.file_meta:
        implicit, little = ds.original_encoding
        ds.file_meta.TransferSyntaxUID = (
            ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        )


def _cut(ds: Dataset) -> bool:
    """Whether the last element has fewer bytes than it says; pydicom reads those without a word.

    Pixel Data are left to the pixel reader, which knows how many bytes are needed.
    """
    tag = max(ds.keys())
    element = ds.get_item(tag, keep_deferred=True)
    length, value = getattr(element, "length", None), getattr(element, "value", None)
    if tag >> 16 == _PIXEL_DATA_GROUP or length in (None, _UNDEFINED_LENGTH) or not isinstance(value, bytes):
        return False
    return len(value) < int(length)


def _inflated(file: BoundedFile, name: str) -> io.BytesIO:
    """What is left of a file, inflated as far as a film can be large."""
    inflater, inflated = zlib.decompressobj(-zlib.MAX_WBITS), io.BytesIO()
    chunk = file.read(1 << 16)
    while chunk and not inflater.eof:
        inflated.write(inflater.decompress(chunk, 1 << 24))
        if inflated.tell() > _MOST_INFLATED_BYTES:
            megabytes = inflated.tell() // 10**6
            raise FilmError("too-large", f"{name} inflates to over {megabytes} MB, too large for a film.")
        chunk = inflater.unconsumed_tail or file.read(1 << 16)
    return inflated
