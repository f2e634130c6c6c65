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

    The film on the screen is always among them, and of a film and its prior the newer one is left.

    Parameters
    ----------
    films : sequence of Hung
        In the list's order.
    key : str
        The film on the screen: it says whose films hang.
    panes : int
        1: the film itself. 2: the film and its prior; where it has none, the film that it is the prior of, or the one
        from the other side. 4: the newest frontal film and its prior, or this film and its own, and under each its
        lateral; what is left empty is filled with the patient's other films, the newest first.
    """
    film = _find(films, key)
    if panes == 1 or film is None or film.patient is None:
        return [key, *[None] * (panes - 1)]
    if panes == 2:
        return [film.key if film is not None else None for film in _pair(films, film)]
    newest = newest_frontal(films, key)
    hung = _filled(films, _four(films, newest)) if newest is not None else []
    if film not in hung:
        own = film if not film.lateral else other_side(films, key) or film
        hung = _filled(films, _four(films, own))
    return [film.key if film is not None else None for film in hung]


def _filled(films: Sequence[Hung], hung: Sequence[Hung | None]) -> list[Hung | None]:
    """Other films of the patient in the empty places, the newest first."""
    first = next(film for film in hung if film is not None)
    others = [film for film in films if film.patient == first.patient and film not in hung and _same_part(first, film)]
    rest = iter(sorted(others, key=_newness, reverse=True))
    return [film if film is not None else next(rest, None) for film in hung]


def _pair(films: Sequence[Hung], film: Hung) -> list[Hung | None]:
    older, newer = prior(films, film.key), _later(films, film)
    if older is not None or newer is None:
        side = other_side(films, film.key)
        return [side, film] if older is None and side is not None and film.lateral else [film, older or side]
    return [newer, film]


def _four(films: Sequence[Hung], first: Hung) -> list[Hung | None]:
    newer, older = _pair(films, first)
    if older is None or newer is None or older.lateral != newer.lateral:
        newer, older = first, None
    return [newer, older, *(other_side(films, film.key) if film is not None else None for film in (newer, older))]


def _later(films: Sequence[Hung], film: Hung) -> Hung | None:
    """The film that `film` is the prior of."""
    return next((other for other in films if prior(films, other.key) is film), None)


def why_no_prior(films: Sequence[Hung], key: str) -> str:
    """A sentence for who looks for the prior of a film that has none."""
    film = _find(films, key)
    if film is None or film.patient is None:
        return "This film does not say whose it is, so none can be its prior."
    if film.day is None:
        return "This film has no study date, so none can be its prior."
    return "No older film of this patient from the same side is open."


def _find(films: Sequence[Hung], key: str) -> Hung | None:
    return next((film for film in films if film.key == key), None)


def _newness(film: Hung) -> date:
    return film.day or date.min


def _same_part(one: Hung, other: Hung) -> bool:
    return one.body_part is None or other.body_part is None or one.body_part == other.body_part
