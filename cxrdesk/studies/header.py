"""A DICOM file's header as rows of text, private and nested elements too; what names a person can be masked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_description, keyword_for_tag, private_dictionary_description
from pydicom.tag import BaseTag

from cxrdesk.imaging.dicom_file import read_file
from cxrdesk.imaging.dicom_values import UNREADABLE
from cxrdesk.imaging.notices import collect_warnings
from cxrdesk.imaging.words import printable
from cxrdesk.studies.profile import taken_out

MASKED = "(masked)"
_MOST_ROWS = 50_000
_MOST_DEPTH = 40
_LONGEST = 100_000
"""Characters of one value; longer ones are tables, of which the start says enough."""
_SHOWN_BYTES = 32

_DATED = ("DA", "DT", "TM")
_NOT_OF_THE_FILM = re.compile(r"Class|TransferSyntax|CodingScheme|Context|MappingResource|Template")
"""UIDs that are the standard's or a maker's: the same in thousands of films."""
_OF_PATIENTS = (0x0010, 0x0038)
_FREE_TEXT = frozenset({"LT", "ST", "UT", "UC", "UN"})
_BROKEN = (*UNREADABLE, RecursionError, OSError)
"""What pydicom raises of a value that it reads only when it is asked for; OSError of a sequence that ends early."""
_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True, kw_only=True)
class HeaderRow:
    """One element.

    Parameters
    ----------
    tag : str
        ``"0010,0010"``.
    name : str
        Of the dictionary, or the private creator's; ``"Private"`` where nobody knows it.
    vr : str
    value : str
        In full; several values stand with a backslash between them, as in the file.
    depth : int
        How many sequences it lies in.
    """

    tag: str
    name: str
    vr: str
    value: str = field(repr=False)
    depth: int = 0


@dataclass(frozen=True, kw_only=True, repr=False)
class Header:
    """All rows of a file, in its order, twice: as they are, and with what names a person masked."""

    rows: tuple[HeaderRow, ...]
    masked: tuple[HeaderRow, ...]
    cut: bool = False
    """Whether there are more than could be listed."""


def read_header_rows(path: Path) -> Header:
    """Read a file's header, up to its pixel data.

    Raises
    ------
    FilmError
        ``not-dicom`` for pictures and other files, ``truncated``, ``missing-file`` and the like.
    """
    ds = read_file(path, stop_before_pixels=True)
    with collect_warnings():
        persons = _words_of_persons(ds)
        rows: list[HeaderRow] = []
        masked: list[HeaderRow] = []
        cut = False
        for row, hidden in _walk(ds):
            if len(rows) == _MOST_ROWS:
                cut = True
                break
            rows.append(row)
            masked.append(replace(row, value=MASKED) if hidden or _tells(row.value, persons) else row)
    return Header(rows=tuple(rows), masked=tuple(masked), cut=cut)


def _walk(ds: Dataset) -> Iterator[tuple[HeaderRow, bool]]:
    yield from _elements(ds.file_meta, 0, hidden=False)
    yield from _elements(ds, 0, hidden=False)


def _elements(ds: Dataset, depth: int, *, hidden: bool) -> Iterator[tuple[HeaderRow, bool]]:
    for tag in sorted(ds.keys()):
        told = f"{tag.group:04X},{tag.element:04X}"
        try:
            element = ds[tag]
            name, vr = _name(ds, tag), str(element.VR)
            inner = element.value if vr == "SQ" else None
            value = f"{len(inner)} item{'' if len(inner) == 1 else 's'}" if inner is not None else _text(element)
        except _BROKEN:
            yield HeaderRow(tag=told, name=_name(ds, tag), vr="", value="(cannot be read)", depth=depth), False
            continue
        covered = hidden or _names_somebody(tag, vr)
        yield HeaderRow(tag=told, name=name, vr=vr, value=value, depth=depth), covered and inner is None and value != ""
        if inner is None or depth == _MOST_DEPTH:
            continue
        for number, item in enumerate(inner, start=1):
            yield HeaderRow(tag="FFFE,E000", name=f"Item {number}", vr="", value="", depth=depth + 1), False
            yield from _elements(item, depth + 2, hidden=covered)


def _name(ds: Dataset, tag: BaseTag) -> str:
    if tag.is_private_creator:
        return "Private creator"
    try:
        if tag.is_private:
            creator = ds.private_creators(tag.group)
            block = tag.element >> 8
            own = next((name for name in creator if ds.private_block(tag.group, name).block_start >> 8 == block), "")
            return f"Private: {private_dictionary_description(tag, own)}"
        return dictionary_description(tag)
    except _BROKEN:
        return "Private" if tag.is_private else "Not in the dictionary"


def _text(element: DataElement) -> str:
    value = element.value
    if value is None:
        return ""
    if isinstance(value, bytes | bytearray):
        start = value[:_SHOWN_BYTES].hex(" ")
        return f"{len(value)} bytes: {start}{' …' if len(value) > _SHOWN_BYTES else ''}" if value else ""
    several = isinstance(value, list | tuple) or element.VM > 1
    text = "\\".join(str(part) for part in value) if several else str(value)
    return printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _names_somebody(tag: BaseTag, vr: str) -> bool:
    """Whether an element may say who somebody is, or which film it is: by the profile, and what is like it since."""
    if tag.is_private_creator:
        return False
    if vr == "PN" or vr in _DATED or taken_out(tag):
        return True
    keyword = keyword_for_tag(tag)
    if vr == "UI":
        return not _NOT_OF_THE_FILM.search(keyword)
    return vr in _FREE_TEXT or tag.group in _OF_PATIENTS


def _words_of_persons(ds: Dataset) -> tuple[str, ...]:
    """Words of the names and the identifier that the file gives, to be found again wherever else they stand."""
    words: set[str] = set()
    for keyword in ("PatientName", "PatientID", "OtherPatientNames", "PatientBirthName"):
        try:
            value = ds.get(keyword)
        except _BROKEN:
            continue
        words.update(word.casefold() for word in _WORD.findall(str(value or "")))
    return tuple(sorted(words))


def _tells(value: str, words: tuple[str, ...]) -> bool:
    folded = value.casefold()
    return any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", folded) for word in words)
