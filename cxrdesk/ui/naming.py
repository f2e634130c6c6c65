"""What films and their patients are called on the screen and in what leaves it; masked, they are numbered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import normalize

from cxrdesk.imaging.words import printable, view_text
from cxrdesk.ui.session import FilmState

if TYPE_CHECKING:  # importing it costs what the window has no time for
    from cxrdesk.studies.importers import Film, PatientIdentity
    from cxrdesk.studies.states import StateFile

NOT_NAMED = "Patient not named"
_WORD = re.compile(r"[^\W_]{2,}|[^\x00-\x7f\W_]")
"""Of a name: also short ones, and single signs of scripts that write names with one."""


class Naming:
    """Names of the open films.

    Parameters
    ----------
    states : sequence of FilmState
        All open films: patients are numbered in their order.
    masked : bool
        Whether names, identifiers, birth dates and names of files stay hidden.
    """

    def __init__(self, states: Sequence[FilmState], *, masked: bool) -> None:
        self.masked = masked
        self._states = states
        self._files = {state.key: number for number, state in enumerate(states, start=1)}
        people = dict.fromkeys(_person(state.film.identity) for state in states if state.film is not None)
        people.pop((None, None), None)
        self._people = {person: number for number, person in enumerate(people, start=1)}

    def patient(self, film: Film) -> str:
        """``"Jane Doe"``; ``"Patient 2"``; the same where the file gives none."""
        person = _person(film.identity)
        if self.masked:
            return f"Patient {self._people[person]}" if person in self._people else NOT_NAMED
        return printable(" ".join((film.identity.name or "").replace("^", " ").split())) or NOT_NAMED

    def study(self, film: Film) -> tuple[str, str]:
        """Patient, and identifier and date, as the head of a study."""
        told = [] if self.masked or not film.identity.patient_id else [film.identity.patient_id]
        if film.study_date is not None:
            told.append(film.study_date.isoformat())
        return self.patient(film), " · ".join(told)

    def film(self, state: FilmState) -> tuple[str, str]:
        """The two lines of a film's row."""
        if state.failure is not None:
            return self.file(state), self.failure(state)
        assert state.film is not None  # what is no film has a failure
        if state.film.modality is None:
            return self.file(state), "Picture"
        told = [state.film.modality, self.description(state.film) or ("" if self.masked else state.film.path.name)]
        return view_text(state.film.view), " · ".join(filter(None, told))

    def file(self, state: FilmState) -> str:
        """Name of the file."""
        return f"File {self._files[state.key]}" if self.masked else _path(state).name

    def failure(self, state: FilmState) -> str:
        """Why a file cannot be shown."""
        assert state.failure is not None
        return self.sentence(state.failure.text)

    def sentence(self, text: str) -> str:
        """A sentence that may name files."""
        if self.masked:
            for state in self._states:
                text = re.sub(rf"(?<!\w){re.escape(_path(state).name)}(?!\w)", self.file(state), text)
        return text

    def stored_state(self, film: Film, state: StateFile, number: int) -> str:
        """Label, time and creator of a film's presentation state; masked, neither creator nor a word of the patient."""
        label = self.words(film, state.label) if state.label else "Not labelled"
        when = f"{state.created:%Y-%m-%d %H:%M}" if state.created is not None else ""
        told = (f"{number}", label, when, "" if self.masked else state.creator)
        return " · ".join(filter(None, told))

    def words(self, film: Film, text: str) -> str:
        """A text that somebody wrote about a film; masked, none that holds a word of the patient's name or number."""
        return "(masked)" if self.masked and _names(film, text) else printable(text)

    def description(self, film: Film) -> str:
        """What the film says of itself; masked, nothing that holds a word of the patient's name or identifier."""
        if self.masked:
            if film.modality is None:
                return ""  # a picture is described by its file's name, which may be the patient's
            if _names(film, film.description):
                return ""
        return printable(film.description)


def _person(who: PatientIdentity) -> tuple[str | None, str | None]:
    return who.name, who.patient_id


def _names(film: Film, text: str) -> bool:
    said = _folded(text)
    spoken = set(_WORD.findall(said))
    words = {word for part in _person(film.identity) for word in _WORD.findall(_folded(part or ""))}
    # Many scripts leave no space between words: there a name may stand within another one.
    return any(word in spoken or (not word.isascii() and word in said) for word in words)


def _folded(text: str) -> str:
    """Without the difference of cases, and of letters that are written in several ways."""
    return normalize("NFKC", text).casefold()


def _path(state: FilmState) -> Path:
    found = state.film if state.film is not None else state.failure
    assert found is not None
    return found.path
