"""A film's view and age in words, the same in window, reports and reasons."""

from __future__ import annotations

from unicodedata import category

from cxrdesk.imaging.radiograph import Projection, View

_PROJECTIONS = {
    Projection.AP: "AP",
    Projection.PA: "PA",
    Projection.LATERAL: "lateral",
    Projection.FRONTAL: "frontal",
}

_UNSAFE = frozenset({"Cc", "Cn", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows, so that a name reads otherwise than it is."""
_LONGEST = 500


def view_words(view: View) -> str:
    """``"chest AP"``, for within a sentence; ``"chest, projection unknown"``, ``"view unknown"``."""
    if view.body_part is None:
        return "view unknown"
    if view.projection is None:
        return f"{view.body_part}, projection unknown"
    return f"{view.body_part} {_PROJECTIONS[view.projection]}"


def view_text(view: View) -> str:
    """``"Chest AP"``, standing by itself."""
    told = view_words(view)
    stated = "" if view.projection is not Projection.FRONTAL or view.body_part is None else " (AP or PA not stated)"
    return told[0].upper() + told[1:] + stated


def age_text(age_years: float | None) -> str:
    """``"3 years"``, ``"7 months"``, ``"Age unknown"``."""
    if age_years is None:
        return "Age unknown"
    if age_years < 2:
        months = int(age_years * 12 + 1e-6)
        return f"{months} month" if months == 1 else f"{months} months"
    return f"{int(age_years + 1e-6)} years"


def age_range_text(age_years: tuple[float, float]) -> str:
    """``"from 6 months to under 3 years"``: the smallest age and the first that is too old; ``"under 18 years"``."""
    youngest, too_old = age_years
    end = f"under {_age_words(too_old)}"
    if youngest <= 0:
        return end
    start = _age_words(youngest)
    number, unit = start.split()
    return f"from {number if unit[0] == end.split()[-1][0] else start} to {end}"


def _age_words(years: float) -> str:
    """Whole years, else months."""
    if years.is_integer():
        return "1 year" if years == 1 else f"{years:.0f} years"
    return f"{years * 12:.3g} months"


def printable(text: str) -> str:
    """Text that any screen can take: file names need not be valid text, nor free of control and direction marks."""
    if text.isprintable():  # most are, and a panel shows a hundred of them with every film
        return text
    return "".join(_escaped(c) if c != "\n" and (category(c) in _UNSAFE or c in _TURNING) else c for c in text)


def _escaped(c: str) -> str:
    if "\udc80" <= c <= "\udcff":  # a byte of a name that is not UTF-8 (PEP 383)
        return f"\\x{ord(c) - 0xDC00:02x}"
    return f"\\x{ord(c):02x}"


def shown_text(text: str) -> str:
    """A plugin's words in one line of at most 500 characters that can be printed."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"
