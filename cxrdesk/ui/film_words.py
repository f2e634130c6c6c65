"""Sentences about films, for the first picture on the screen: imports as little as it can; knows no Qt."""

from __future__ import annotations

import re
from collections.abc import Collection

from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Voi, Window
from cxrdesk.imaging.words import age_text, view_text

PHANTOM_BADGE = "Phantom: simulated film"
_AGE = re.compile(r"(?P<number>\d{1,3}([.,]\d+)?)\s*(?P<unit>y|years?|m|months?|w|weeks?|d|days?)?")
_IN_A_YEAR = {"y": 1.0, "m": 12.0, "w": 365.25 / 7, "d": 365.25}
_OLDEST_YEARS = 125.0
ANSWERED = "as entered by the reader"


def parse_age(text: str) -> float | None:
    """Years from ``"3"``, ``"3.5 years"``, ``"7 months"``, ``"12 w"``; None for anything else or over 125 years."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        return None
    years = float(found["number"].replace(",", ".")) / _IN_A_YEAR[(found["unit"] or "y")[0]]
    return years if years <= _OLDEST_YEARS else None


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
