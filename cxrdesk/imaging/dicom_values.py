"""Reading single attributes of files that may break the standard."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from decimal import InvalidOperation

from pydicom import Dataset
from pydicom.datadict import dictionary_description, tag_for_keyword
from pydicom.errors import BytesLengthException
from pydicom.tag import Tag

UNREADABLE = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    EOFError,
    InvalidOperation,
    BytesLengthException,
    struct.error,
)
"""What pydicom raises for values that it cannot make sense of."""


def attribute_name(keyword: str) -> str:
    """``"Window Center (0028,1050)"`` for ``"WindowCenter"``."""
    number = tag_for_keyword(keyword)
    if number is None:
        raise KeyError(keyword)
    tag = Tag(number)
    return f"{dictionary_description(tag)} ({tag.group:04X},{tag.element:04X})"


def values(ds: Dataset, keyword: str, notes: list[str]) -> list[object]:
    """All values of an attribute; empty where absent, empty or unreadable (the last is noted)."""
    try:
        value = ds.get(keyword)
        if value is None or value == "":
            return []
        if isinstance(value, str | bytes) or not isinstance(value, Sequence):
            return [value]
        return list(value)
    except UNREADABLE:
        notes.append(f"{attribute_name(keyword)} cannot be read and was ignored")
        return []


def numbers(ds: Dataset, keyword: str, notes: list[str]) -> list[float]:
    """Values as finite floats; empty where absent or where one of them is no number (noted)."""
    found = values(ds, keyword, notes)
    try:
        result = [float(value) for value in found]  # type: ignore[arg-type]  # TypeError is what we ask for
    except UNREADABLE:
        result = [math.nan]
    if all(map(math.isfinite, result)):
        return result
    notes.append(f"{attribute_name(keyword)} is no number and was ignored")
    return []


def number(ds: Dataset, keyword: str, notes: list[str]) -> float | None:
    """Read the first value as a finite float, or None."""
    found = numbers(ds, keyword, notes)
    return found[0] if found else None


def integer(ds: Dataset, keyword: str, notes: list[str]) -> int | None:
    """Read the first value as an int, or None."""
    found = number(ds, keyword, notes)
    return None if found is None else int(found)


def text(ds: Dataset, keyword: str, notes: list[str]) -> str | None:
    """Read the first value as stripped text, or None where absent or empty."""
    found = values(ds, keyword, notes)
    return (str(found[0]).strip() or None) if found else None


def items(ds: Dataset, keyword: str, notes: list[str]) -> list[Dataset]:
    """Items of a sequence; empty where absent or not a sequence."""
    return [item for item in values(ds, keyword, notes) if isinstance(item, Dataset)]
