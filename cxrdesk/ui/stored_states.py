"""Presentation states that were found with the open films; knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # reading DICOM headers must not delay the window
    from cxrdesk.studies.importers import Film
    from cxrdesk.studies.states import StateFile


NO_STATE = "None: as stored"


class StoredStates:
    """Which states there are for which film."""

    def __init__(self) -> None:
        self._states: dict[Path, StateFile] = {}
        self._doubled: frozenset[str] = frozenset()

    def know_films(self, films: Iterable[Film]) -> None:
        """The films that are open: where two studies use one SOP Instance UID, a state is for that of its own study."""
        studies: dict[str, set[str | None]] = {}
        for film in films:
            if film.instance_uid:
                studies.setdefault(film.instance_uid, set()).add(film.study_uid)
        self._doubled = frozenset(uid for uid, found in studies.items() if len(found) > 1)

    def add(self, states: Iterable[StateFile]) -> None:
        """Keep what was found; a file that was found before is as it is now."""
        self._states.update({state.path: state for state in states})

    def clear(self) -> None:
        """All films are closed."""
        self._states.clear()

    def at(self, path: Path) -> StateFile | None:
        """The state in that file."""
        return self._states.get(path)

    def is_for(self, state: StateFile, film: Film) -> bool:
        """Whether a state is for any frame of a film."""
        own = film.instance_uid not in self._doubled or state.study_uid == film.study_uid
        return own and film.instance_uid in state.films

    def for_film(self, film: Film, *, frame: int = 0) -> list[StateFile]:
        """States that refer to a frame of a film, the oldest first."""
        found = [
            state
            for state in self._states.values()
            if self.is_for(state, film) and state.refers(film.instance_uid, frame=frame)
        ]
        return sorted(found, key=lambda state: (state.created or datetime.min, state.path))
