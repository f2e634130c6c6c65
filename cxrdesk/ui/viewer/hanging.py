"""Which films hang where: the newest frontal film left, its prior right; knows no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from cxrdesk.imaging.radiograph import Projection


@dataclass(frozen=True, kw_only=True)
class Hung:
    """What hanging asks of a film in the list.

    Parameters
    ----------
    key : str
    patient : object
        Equal for films of one patient; None where nothing says whose film it is: such a film has neither prior nor
        companion.
    study : object
        Equal for films of one study; None where the film names none.
    day : date or None
        Study Date (0008,0020).
    projection : Projection or None
    body_part : str or None
    """

    key: str
    patient: object = None
    study: object = None
    day: date | None = None
    projection: Projection | None = None
    body_part: str | None = None

    @property
    def lateral(self) -> bool:
        """Whether it is seen from the side; a film whose view is unknown counts as frontal."""
        return self.projection is Projection.LATERAL


def prior(films: Sequence[Hung], key: str) -> Hung | None:
    """The newest older film of the same patient from the same side, or None.

    Films without a date are never taken for older, nor those of another body part.
    """
    film = _find(films, key)
    if film is None or film.patient is None or film.day is None:
        return None
    older = [
        other
        for other in films
        if other.patient == film.patient
        and other.day is not None
        and other.day < film.day
        and other.lateral == film.lateral
        and _same_part(film, other)
    ]
    return max(older, key=_newness, default=None)


def other_side(films: Sequence[Hung], key: str) -> Hung | None:
    """The film of the same study from the other side: the lateral of a frontal film, or None."""
    film = _find(films, key)
    if film is None or film.study is None:
        return None
    found = [
        other
        for other in films
        if other.study == film.study
        and other.patient == film.patient
        and other.lateral != film.lateral
        and _same_part(film, other)
    ]
    return found[0] if found else None


def newest_frontal(films: Sequence[Hung], key: str) -> Hung | None:
    """The newest frontal film of the patient whose film `key` is; the first in the list of one day.

    Where nobody says whose film it is, it is the film itself.
    """
    film = _find(films, key)
    if film is None or film.patient is None:
        return film
    frontal = [
        other for other in films if other.patient == film.patient and not other.lateral and _same_part(film, other)
    ]
    return max(frontal, key=_newness, default=film)


def hang(films: Sequence[Hung], key: str, *, panes: int) -> list[str | None]:
    """Keys of the films for each pane, from left to right and from top to bottom; None leaves one empty.

    Parameters
    ----------
    films : sequence of Hung
        In the list's order.
    key : str
        The film on the screen: it says whose films hang.
    panes : int
        1: the film itself. 2: the newest frontal film and its prior, or where it has none its lateral. 4: both, and
        under each its lateral.
    """
    if panes == 1:
        return [key]
    first = newest_frontal(films, key)
    if first is None:
        return [key, *[None] * (panes - 1)]
    before = prior(films, first.key)
    side = other_side(films, first.key)
    if panes == 2:
        hung = [first, before or side]
    else:
        hung = [first, before, side, other_side(films, before.key) if before is not None else None]
    keys = [film.key if film is not None else None for film in hung]
    if key not in keys and None in keys:
        keys[keys.index(None)] = key  # the film on the screen does not vanish while there is room
    return keys


def _find(films: Sequence[Hung], key: str) -> Hung | None:
    return next((film for film in films if film.key == key), None)


def _newness(film: Hung) -> date:
    return film.day or date.min


def _same_part(one: Hung, other: Hung) -> bool:
    return one.body_part is None or other.body_part is None or one.body_part == other.body_part
