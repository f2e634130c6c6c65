"""What the reader says of a film that the film does not say itself. An answer fills gaps and overrules nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from cxrdesk.imaging.radiograph import Projection, Radiograph, View

Asked = Literal["age", "view"]
_FRONTAL = (Projection.AP, Projection.PA, Projection.FRONTAL)


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Age and view of one film; None where nothing was said."""

    age_years: float | None = None
    view: View | None = None

    def applied(self, film: Radiograph) -> tuple[Radiograph, frozenset[Asked]]:
        """The film with what it lacks filled in, and what that was; an answer that contradicts the film is left out."""
        answered: set[Asked] = set()
        if self.age_years is not None and film.patient_age_years is None:
            film = replace(film, patient_age_years=self.age_years)
            answered.add("age")
        better = film.view if self.view is None else completed_view(film.view, self.view)
        if better != film.view:
            film = replace(film, view=better)
            answered.add("view")
        return film, frozenset(answered)


def age_contradicts(film_years: float | None, said_years: float) -> bool:
    """Whether a film's age cannot be the one that was said: people say whole years that are over, files tell days."""
    if film_years is None:
        return False
    return math.floor(film_years) != math.floor(said_years) and abs(film_years - said_years) > 0.5


def view_contradicts(film: View, said: View) -> bool:
    """Whether a film's view, as far as it is known, cannot be the one that was said; frontal may be AP or PA."""
    if film.body_part is not None and said.body_part is not None and film.body_part != said.body_part:
        return True
    if film.projection is None or said.projection is None or film.projection == said.projection:
        return False
    both = (film.projection, said.projection)
    return not (all(side in _FRONTAL for side in both) and Projection.FRONTAL in both)


def completed_view(film: View, said: View) -> View:
    """The film's view with its gaps filled, or as it is where the answer contradicts it.

    A frontal film whose side is not stated takes the side that was said.
    """
    if view_contradicts(film, said):
        return film
    projection = film.projection
    if projection is None or (projection is Projection.FRONTAL and said.projection is not None):
        projection = said.projection
    return View(body_part=film.body_part or said.body_part, projection=projection)
