"""Sentences about films, for the first picture on the screen: imports as little as it can; knows no Qt."""

from __future__ import annotations

import re
from collections.abc import Collection

from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Voi, Window
from cxrdesk.imaging.words import age_text, view_text

PHANTOM_BADGE = "Phantom: simulated film"
_AGE = re.compile(r"(?P<number>\d{1,3}([.,]\d+)?)\s*(?P<unit>[a-z]*)", re.ASCII)
_UNITS = ("years", "yrs", "months", "mos", "weeks", "wks", "days")
"""Any beginning of them will do: half a word is what stands there while it is typed."""
_IN_A_YEAR = {"y": 1.0, "m": 12.0, "w": 365.25 / 7, "d": 365.25}
_OLDEST_YEARS = 125.0
ANSWERED = "as entered by the reader"
MAP_UNIT = (
    "On its scale, shares of a reference: 1 is as strong as only one point in a hundred was on films that the detector"
    " was tried on and that have the finding. It is no probability."
)


def parse_age(text: str) -> float | None:
    """Years from ``"3"``, ``"3.5 years"``, ``"7 months"``, ``"12 w"``; None for anything else or over 125 years."""
    years = _years(text)
    return years if years is not None and years <= _OLDEST_YEARS else None


def age_problem(text: str) -> str:
    """Why that is no age, for beside the field; empty where it is one, or where it is only begun."""
    begun = text.strip().removesuffix(".").removesuffix(",")
    if not begun or parse_age(begun) is not None:
        return ""
    if _years(begun) is not None or begun.isdecimal():
        return f"No patient is over {_OLDEST_YEARS:.0f} years old. For months write “7 months”, for weeks “12 w”."
    return "That is no age. Write years as 3 or 3.5, months as “7 months”, weeks as “12 w”."


def _years(text: str) -> float | None:
    """Years however many; None where that is no number with its unit."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None or not any(unit.startswith(found["unit"]) for unit in _UNITS):
        return None
    return float(found["number"].replace(",", ".")) / _IN_A_YEAR[(found["unit"] or "y")[0]]


def film_lines(radiograph: Radiograph, answered: Collection[str]) -> list[str]:
    """Corner text: view, age, and what of it the reader entered (``"age"``, ``"view"``)."""
    view = view_text(radiograph.view) + (f" ({ANSWERED})" if "view" in answered else "")
    age = age_text(radiograph.patient_age_years) + (f" ({ANSWERED})" if "age" in answered else "")
    return [view, age]


def window_words(voi: Voi) -> str:
    """``"Window center 2048, width 4096"``; the name of a VOI LUT, which has neither."""
    if isinstance(voi, Window):
        return f"Window center {voi.center:.0f}, width {voi.width:.0f}"
    return f"VOI LUT {voi.explanation}".rstrip()


def gamma_words(gamma: float) -> str:
    """``"gamma 1.20"``; empty for none."""
    return "" if gamma == 1 else f"gamma {gamma:.2f}"


def zoom_words(scale: float) -> str:
    """``"Zoom 94 %"``, of pixels of the film on pixels of the screen."""
    return f"Zoom {scale * 100:.0f}\u00a0%"
