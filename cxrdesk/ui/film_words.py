"""Sentences about films, for the first picture on the screen: imports as little as it can; knows no Qt."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cxrdesk.imaging.radiograph import Projection, Radiograph, View

if TYPE_CHECKING:
    from cxrdesk.ui.session import Answers

PHANTOM_BADGE = "Phantom: simulated film"
_AGE = re.compile(r"(?P<number>\d{1,3}([.,]\d+)?)\s*(?P<unit>y|years?|m|months?|w|weeks?|d|days?)?")
_IN_A_YEAR = {"y": 1.0, "m": 12.0, "w": 365.25 / 7, "d": 365.25}
_OLDEST_YEARS = 125.0
ANSWERED = "as entered by the reader"
_PROJECTIONS = {
    Projection.AP: "AP",
    Projection.PA: "PA",
    Projection.LATERAL: "lateral",
    Projection.FRONTAL: "frontal (AP or PA not stated)",
}


def view_text(view: View) -> str:
    """``"Chest AP"``."""
    if view.body_part is None:
        return "View unknown"
    part = view.body_part.capitalize()
    return f"{part}, projection unknown" if view.projection is None else f"{part} {_PROJECTIONS[view.projection]}"


def age_text(age_years: float | None) -> str:
    """``"3 years"``, ``"7 months"``, ``"Age unknown"``."""
    if age_years is None:
        return "Age unknown"
    if age_years < 2:
        months = int(age_years * 12 + 1e-6)
        return f"{months} month" if months == 1 else f"{months} months"
    return f"{int(age_years + 1e-6)} years"


def parse_age(text: str) -> float | None:
    """Years from ``"3"``, ``"3.5 years"``, ``"7 months"``, ``"12 w"``; None for anything else or over 125 years."""
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        return None
    years = float(found["number"].replace(",", ".")) / _IN_A_YEAR[(found["unit"] or "y")[0]]
    return years if years <= _OLDEST_YEARS else None


def film_lines(radiograph: Radiograph, answers: Answers) -> list[str]:
    """Corner text: view, age, and what of it the reader entered."""
    view = view_text(radiograph.view) + (f" ({ANSWERED})" if answers.view is not None else "")
    age = age_text(radiograph.patient_age_years) + (f" ({ANSWERED})" if answers.age_years is not None else "")
    return [view, age]
