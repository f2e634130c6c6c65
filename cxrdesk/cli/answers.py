"""What the user says of films that do not say it themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cxrdesk.imaging.answers import Answers, Asked, age_contradicts, view_contradicts
from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.imaging.radiograph import Projection, Radiograph
from cxrdesk.imaging.words import view_words

OLDEST_YEARS = 130.0


@dataclass(frozen=True, kw_only=True)
class GivenAnswers(Answers):
    """Age and view from the command line.

    A film that says something else is not analysed: either the wrong film was named or the wrong answer given, and a
    score under either would mislead.
    """

    def __post_init__(self) -> None:
        if self.age_years is not None and not 0 <= self.age_years <= OLDEST_YEARS:
            raise UserError("usage", f"--age is the patient's age in years, 0 to {OLDEST_YEARS:g}.")

    def checked(self, film: Radiograph, name: str) -> tuple[Radiograph, frozenset[Asked]]:
        """The film with what it lacks, and what that was.

        Raises
        ------
        FilmError
            ``age-contradicts`` or ``view-contradicts``, if the film says something else.
        """
        if self.age_years is not None and age_contradicts(film.patient_age_years, self.age_years):
            said = f"{name} says {film.patient_age_years:.3g} years, --age says {self.age_years:g}"
            raise FilmError("age-contradicts", f"{said}; check which is right, or leave --age out.")
        if self.view is not None and view_contradicts(film.view, self.view):
            told = f"{name} says {view_words(film.view)}, --view says {view_words(self.view)}"
            raise FilmError("view-contradicts", f"{told}; check which is right, or leave --view out.")
        return self.applied(film)


def parse_answers(age: float | None, view: str | None) -> GivenAnswers:
    """The answers that the options give.

    Raises
    ------
    UserError
        ``usage``, if one is none.
    """
    from cxrdesk.api.spec import parse_view

    if age is not None and math.isnan(age):
        raise UserError("usage", "--age is the patient's age in years, for instance 3 or 0.5.")
    parsed = None
    if view is not None:
        try:
            parsed = parse_view(view)
        except ValueError:
            parsed = None
        if parsed is None or parsed.projection is None or not (parsed.body_part or "").isalpha():
            sides = ", ".join(projection.value for projection in Projection)
            text = f"--view is a body part and a projection ({sides}), for instance chest-ap, not {view!r}."
            raise UserError("usage", text)
    return GivenAnswers(age_years=age, view=parsed)
