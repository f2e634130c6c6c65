"""Decoded films in memory: going back and forth does not decode again."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from cxrdesk.ui.viewer.loaded import LoadedFilm

if TYPE_CHECKING:  # reading DICOM headers must not delay the window
    from cxrdesk.studies.importers import Film

KEPT_MB = 512
"""Decoded films kept in memory together; one alone is kept whatever its size."""


def look(film: Film, key: str) -> LoadedFilm:
    """Read what can be shown soonest; for a thread.

    Raises
    ------
    FilmError
        As `Film.open`.
    """
    return LoadedFilm.opened(key, film.look(), provisional=True)


def finish(film: Film, loaded: LoadedFilm) -> LoadedFilm:
    """Read what a first look left out; for a thread.

    Raises
    ------
    FilmError
        As `Film.open`.
    """
    return decode(film, loaded.key) if loaded.presentation.reduced else loaded.finished()


def decode(film: Film, key: str, frame: int = 0) -> LoadedFilm:
    """Read a film's pixels; for a thread.

    Raises
    ------
    FilmError
        As `Film.open`.
    """
    return LoadedFilm.opened(key, film.open(frame))


class KeptFilms:
    """The films used last."""

    def __init__(self) -> None:
        self._films: OrderedDict[str, LoadedFilm] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._films

    @property
    def keys(self) -> list[str]:
        """Keys of the films kept, the one used last at the end."""
        return list(self._films)

    def get(self, key: str) -> LoadedFilm | None:
        """A film, or None where it has to be decoded."""
        return self._films.get(key)

    def used(self, key: str) -> None:
        """A film was looked at: it is the last to go."""
        self._films.move_to_end(key)

    def keep(self, loaded: LoadedFilm, *, guessed: bool = False) -> None:
        """Keep a film; those used longest ago make room.

        Parameters
        ----------
        guessed : bool
            Whether nobody asked for it yet: it is kept only where there is room without the film used last going.
        """
        last = next(reversed(self._films), None)
        self._films[loaded.key] = loaded
        self._films.move_to_end(loaded.key)
        if guessed and last is not None:
            self._films.move_to_end(last)
        while len(self._films) > 1 and sum(f.pyramid.nbytes for f in self._films.values()) > KEPT_MB << 20:
            self._films.popitem(last=False)

    def drop(self, key: str) -> None:
        """Keep a film no longer."""
        self._films.pop(key, None)

    def clear(self) -> None:
        """Keep none."""
        self._films.clear()
