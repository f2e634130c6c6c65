"""What the user says of films that do not say it themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cxrdesk.imaging.errors import FilmError, UserError

if TYPE_CHECKING:
    from cxrdesk.imaging.radiograph import Radiograph, View
    from cxrdesk.inference.result import Question

OLDEST_YEARS = 130.0


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Age and view from the command line.

    A film that says something else is not analysed: either the wrong film was named or the wrong answer given, and a
    score under either would mislead.
    """

    age_years: float | None = None
    view: View | None = None

    def __post_init__(self) -> None:
        if self.age_years is not None and not 0 <= self.age_years <= OLDEST_YEARS:
            raise UserError("usage", f"--age is the patient's age in years, 0 to {OLDEST_YEARS:g}.")

    def applied(self, film: Radiograph, name: str) -> tuple[Radiograph, frozenset[Question]]:
        """The film with what it lacks, and what that was.

        Raises
        ------
        FilmError
            ``age-contradicts`` or ``view-contradicts``, if the film says something else.
        """
        answered: set[Question] = set()
        if self.age_years is not None:
            if film.patient_age_years is None:
                film = replace(film, patient_age_years=self.age_years)
                answered.add("age")
            elif not _same_age(film.patient_age_years, self.age_years):
                said = f"{name} says {film.patient_age_years:.3g} years, --age says {self.age_years:g}"
                raise FilmError("age-contradicts", f"{said}; check which is right, or leave --age out.")
        if self.view is not None:
            if _contradicts(film.view, self.view):
                told = f"{name} says {_view_words(film.view)}, --view says {_view_words(self.view)}"
                raise FilmError("view-contradicts", f"{told}; check which is right, or leave --view out.")
            if (better := _completed(film.view, self.view)) != film.view:
                film = replace(film, view=better)
                answered.add("view")
        return film, frozenset(answered)


def parse_answers(age: float | None, view: str | None) -> Answers:
    """The answers that the options give.

    Raises
    ------
    UserError
        ``usage``, if one is none.
    """
    from cxrdesk.api.spec import parse_view
    from cxrdesk.imaging.radiograph import Projection

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
    return Answers(age_years=age, view=parsed)


def _same_age(film_years: float, said_years: float) -> bool:
    # People say whole years that are over; a file may tell days.
    return math.floor(film_years) == math.floor(said_years) or abs(film_years - said_years) <= 0.5


def _contradicts(film: View, said: View) -> bool:
    if film.body_part is not None and film.body_part != said.body_part:
        return True
    return (
        film.projection is not None
        and said.projection is not None
        and film.projection != said.projection
        and not (_is_frontal(film) and _is_frontal(said) and "frontal" in (film.projection, said.projection))
    )


def _completed(film: View, said: View) -> View:
    from cxrdesk.imaging.radiograph import Projection

    side = film.projection
    if side is None or side is Projection.FRONTAL:
        side = said.projection
    return replace(film, body_part=film.body_part or said.body_part, projection=side)


def _is_frontal(view: View) -> bool:
    return view.projection in ("ap", "pa", "frontal")


def _view_words(view: View) -> str:
    return "-".join(word for word in (view.body_part, view.projection) if word)
