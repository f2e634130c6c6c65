"""Bytes of a DICOM file to a dataset (PS3.10)."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

import pydicom
from pydicom import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from cxrdesk.imaging.dicom_values import UNREADABLE
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.files import BoundedFile, open_file
from cxrdesk.imaging.notices import collect_warnings

_MOST_INFLATED_BYTES = 500_000_000
_UNDEFINED_LENGTH = 0xFFFFFFFF
_PIXEL_DATA_GROUP = 0x7FE0


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
        with collect_warnings() as warned:
            head = file.read(144)
            if not looks_like_dicom(head):
                raise FilmError("not-dicom", f"{path.name} is not a DICOM file; choose a film.")
            _refuse_inflating(head, file, path.name)
            file.seek(0)
            ds = _parsed(lambda: pydicom.dcmread(file, stop_before_pixels=True, force=True), path.name)
        _complete(ds, warned, path.name)
        if check is not None:
            check(ds)
        if stop_before_pixels:
            return ds
        with collect_warnings() as warned:
            if ds.file_meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:  # inflated whole, each time
                file.seek(0)
                ds = _parsed(lambda: pydicom.dcmread(file, force=True), path.name)
            else:  # the file stands where its pixel data start
                implicit, little = map(bool, ds.original_encoding)
                ds.update(_parsed(lambda: read_dataset(cast(BinaryIO, file), implicit, little), path.name))
        _complete(ds, warned, path.name)
        return ds


def _parsed(parse: Callable[[], Dataset], name: str) -> Dataset:
    try:
        return parse()
    except (*UNREADABLE, zlib.error, RecursionError) as error:
        raise FilmError("truncated", f"{name} is broken or ends early; copy or send it again.") from error


def _complete(ds: Dataset, warned: list[str], name: str) -> None:
    """Refuse what was cut, and say the transfer syntax where the file does not."""
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


def _refuse_inflating(head: bytes, file: BoundedFile, name: str) -> None:
    """Deflated datasets are inflated whole by pydicom (PS3.5 A.5): see first to how much."""
    if head[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        return
    meta = file.read(min(int.from_bytes(head[140:144], "little"), 65536))
    if DeflatedExplicitVRLittleEndian.encode() not in meta:
        return
    inflater, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
    chunk = file.read(1 << 16)
    try:
        while chunk and not inflater.eof:
            total += len(inflater.decompress(chunk, 1 << 24))
            if total > _MOST_INFLATED_BYTES:
                raise FilmError("too-large", f"{name} inflates to over {total // 10**6} MB, too large for a film.")
            chunk = inflater.unconsumed_tail or file.read(1 << 16)
    except zlib.error as error:
        raise FilmError("truncated", f"{name} is broken or ends early; copy or send it again.") from error
