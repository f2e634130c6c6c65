"""The file of ranges that randomisation draws from, and what of another such file cannot be drawn from."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.resources import resource

_SHIPPED = "phantom/randomisation.toml"
_PARTS = ("habitus", "exposure", "film")


@dataclass(frozen=True)
class Ranges:
    """One variant of the file.

    Parameters
    ----------
    habitus, exposure, film : mapping
        As in the file: pairs are ranges, numbers are probabilities, tables with ``choices`` are drawn from.
    """

    habitus: Mapping[str, Any]
    exposure: Mapping[str, Any]
    film: Mapping[str, Any]


@cache
def load_ranges(variant: str, path: Path | None = None) -> Ranges:
    """Read a variant, from the file that ships or from another of the same form.

    Raises
    ------
    UserError
        ``unknown-name`` for a variant that the file has not; ``bad-ranges`` for a file that cannot be read, or, naming
        the key, for a value that is missing, of another form than the shipped one, or far outside of what was tried.
    """
    file = path or resource(_SHIPPED)
    try:
        known = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError("bad-ranges", f"The ranges in {file.name} cannot be read: {error}.") from None
    if variant not in known:
        raise UserError("unknown-name", f"{file.name} has no variant {variant!r}; it has {', '.join(sorted(known))}.")
    widest = tomllib.loads(resource(_SHIPPED).read_text(encoding="utf-8"))["strong"]
    parts = known[variant] if isinstance(known[variant], dict) else {}
    for part in _PARTS:
        given = parts.get(part)
        values = given if isinstance(given, dict) else {}
        if missing := set(widest[part]) - set(values):
            text = f"{variant}.{part} in {file.name} lacks {', '.join(sorted(missing))}."
            raise UserError("bad-ranges", text)
        if unknown := set(values) - set(widest[part]):
            text = f"{variant}.{part} in {file.name} has {', '.join(sorted(unknown))}, which nothing draws from."
            raise UserError("bad-ranges", text)
        for name, shipped in widest[part].items():
            if wanted := _unfit(values[name], shipped):
                text = f"{variant}.{part}.{name} in {file.name} must be {wanted}."
                raise UserError("bad-ranges", text)
    return Ranges(*(parts[part] for part in _PARTS))


def _unfit(value: Any, shipped: Any) -> str:
    """What a value must be instead; empty where it will do."""
    if isinstance(shipped, dict):
        choices = value.get("choices") if isinstance(value, dict) and len(value) == 1 else None
        fits = isinstance(choices, list) and bool(choices) and all(isinstance(item, str) for item in choices)
        return "" if fits else 'a table of choices that are strings, as { choices = ["R", "L"] }'
    if isinstance(shipped, list):
        low, high = bounds(*shipped)
        pair = isinstance(value, list) and len(value) == 2 and all(_is_number(item) for item in value)
        fits = pair and low <= value[0] <= value[1] <= high
        return "" if fits else f"a pair of numbers within {low:g} to {high:g}, the smaller one first"
    return "" if _is_number(value) and 0 <= value <= 1 else "a probability, a number from 0 to 1"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def bounds(low: float, high: float) -> tuple[float, float]:
    """How far a file's range may reach, by the shipped strong one: its width again, and never to another sign."""
    width = high - low
    return (low - width if low < 0 else low / 4), high + width
