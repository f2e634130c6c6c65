"""Specs as plain JSON and back: what a process says that ran a stranger's code is believed in type and size alone."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from cxrdesk.imaging.words import printable

LONGEST_TEXT = 10_000
MOST_ITEMS = 10_000
MOST_VALUES = 50_000
"""Of one text: reading JSON lets no other thread run, and the screen waits for what has a million empty lists."""


def parsed(text: bytes | bytearray) -> Any:
    """JSON of a process that ran a stranger's code; ValueError or RecursionError if it is none, or has too many values.

    Commas and opening brackets within strings count too.
    """
    if sum(text.count(mark) for mark in (b",", b"[", b"{")) > MOST_VALUES:
        raise ValueError("it holds too many values")
    return json.loads(text)


def encoded(value: Any) -> Any:
    """A frozen dataclass of ours as JSON types."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: encoded(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [encoded(item) for item in value]
    if isinstance(value, dict):
        return {str(key): encoded(item) for key, item in value.items()}
    return value


def decoded(kind: Any, value: Any) -> Any:
    """The value of type `kind` that `encoded` made JSON of.

    Parameters
    ----------
    kind : type
        As an annotation names it: a dataclass, an enumeration, Path, str, int, float, bool, None, a tuple, a dict of
        str, or a union of these.

    Raises
    ------
    ValueError
        If it is of another type, too large, or refused by the dataclass's own checks.
    """
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _one_of(get_args(kind), value)
    if origin is tuple:
        return _tuple(get_args(kind), value)
    if origin is dict:
        _expect(isinstance(value, dict) and len(value) <= MOST_ITEMS, kind, value)
        inner = get_args(kind)[1]
        return {_text(key): decoded(inner, item) for key, item in value.items()}
    if kind is NoneType:
        _expect(value is None, kind, value)
        return None
    if kind is bool:
        _expect(isinstance(value, bool), kind, value)
        return value
    if kind in (int, float):
        good = not isinstance(value, bool) and isinstance(value, int if kind is int else (int, float))
        _expect(good and -1e300 < value < 1e300 and math.isfinite(value), kind, value)
        return kind(value)
    if kind is str:
        return _text(value)
    if kind is Path:
        return Path(_text(value))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(_text(value))
    return _made(kind, value)


def _made(kind: Any, value: Any) -> Any:
    _expect(isinstance(value, dict), kind, value)
    hints = _hints(kind)
    known = {item.name: item for item in fields(kind)}
    if unknown := value.keys() - known.keys():
        raise ValueError(f"a {kind.__name__} has no {_shown(sorted(map(str, unknown))[0])}")
    absent = [name for name, item in known.items() if name not in value and _needed(item)]
    if absent:
        raise ValueError(f"a {kind.__name__} lacks {absent[0]}")
    try:
        return kind(**{name: decoded(hints[name], item) for name, item in value.items()})
    except (TypeError, AttributeError, KeyError, OverflowError) as error:
        # Its own checks may stumble over what no author would write.
        raise ValueError(f"not a {kind.__name__}: {error}") from error


def _needed(item: Any) -> bool:
    return item.default is MISSING and item.default_factory is MISSING


@functools.cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _one_of(kinds: tuple[Any, ...], value: Any) -> Any:
    if value is None and NoneType in kinds:
        return None
    return decoded(next(kind for kind in kinds if kind is not NoneType), value)


def _tuple(kinds: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    _expect(isinstance(value, list) and len(value) <= MOST_ITEMS, tuple, value)
    if kinds[1:] == (Ellipsis,):
        return tuple(decoded(kinds[0], item) for item in value)
    _expect(len(value) == len(kinds), tuple, value)
    return tuple(decoded(kind, item) for kind, item in zip(kinds, value, strict=True))


def _text(value: Any) -> str:
    _expect(isinstance(value, str) and len(value) <= LONGEST_TEXT, str, value)
    # Most of it is plain: that is known sooner than character by character.
    _expect((value.isascii() and value.isprintable()) or printable(value) == value, str, value)
    return str(value)


def _expect(good: bool, kind: Any, value: Any) -> None:
    if not good:
        raise ValueError(f"{_shown(value)} is no {getattr(kind, '__name__', kind)}")


def _shown(value: Any) -> str:
    return ascii(value)[:60] if isinstance(value, (str, int, float, bool, NoneType)) else f"a {type(value).__name__}"
