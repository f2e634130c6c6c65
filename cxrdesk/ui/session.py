"""Which films are open, which one is shown, and whose results are whose; knows no Qt.

Results are kept by film and given out only for the film that is shown: a result's digest must be that of the film's
pixels, and its job the film's latest.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cxrdesk.imaging.answers import Answers, Asked
from cxrdesk.imaging.radiograph import Radiograph, View

if TYPE_CHECKING:  # reading DICOM headers is imported by the thread that does it, after the window is up
    from cxrdesk.inference.events import Event, Progress
    from cxrdesk.inference.result import DetectorResult, MaskResult, Question
    from cxrdesk.studies.importers import Failure, Film
    from cxrdesk.studies.study_answers import StudyAnswers

log = logging.getLogger(__name__)


@dataclass(eq=False)
class FilmState:
    """All that is known about one open film.

    Parameters
    ----------
    key : str
        Names the film within this session; never logged.
    film : Film or None
        None where the file is no film; `failure` says why.
    failure : Failure or None
    digest : str or None
        Of the film's pixels; None until it was decoded.
    answers : Answers
        What the reader said.
    answered : frozenset of str
        What of it the film does not say itself: the rest changed nothing.
    job : int or None
        The latest one; events of others are not this film's results any more.
    asked : tuple
        Operating point and answers that the job was submitted with.
    impression : str or None
        The line that the reader committed.
    """

    key: str
    film: Film | None = None
    failure: Failure | None = None
    digest: str | None = None
    answers: Answers = field(default_factory=Answers)
    answered: frozenset[Asked] = frozenset()
    job: int | None = None
    asked: tuple[str, Answers] | None = None
    finished: bool = False
    masks: dict[str, MaskResult] = field(default_factory=dict)
    detectors: dict[str, DetectorResult] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    impression: str | None = None

    def completed(self, radiograph: Radiograph) -> Radiograph:
        """The film's pixels with what the reader said of it."""
        completed, self.answered = self.answers.applied(radiograph)
        return completed

    @property
    def running(self) -> bool:
        """Whether a job of this film has yet to end."""
        return self.job is not None and not self.finished

    @property
    def question(self) -> Question | None:
        """The one question whose answer would let more run: age before view."""
        if self.asked is not None and self.asked[1] != self.answers:
            return None  # answered on another film of the study: this one is about to be looked at again
        results: tuple[MaskResult | DetectorResult, ...] = (*self.masks.values(), *self.detectors.values())
        asked = set()
        for result in results:
            questions = {reason.question for reason in result.reasons}
            if None not in questions:  # where there are other reasons, no answer would help
                asked |= questions
        order: tuple[Question, ...] = ("age", "view")
        return next((question for question in order if question in asked), None)


@dataclass(frozen=True, kw_only=True, eq=False)
class FilmResults:
    """What a report needs of one film."""

    key: str
    path: Path
    film: Film
    digest: str | None
    answered: frozenset[Asked]
    masks: tuple[MaskResult, ...]
    detectors: tuple[DetectorResult, ...]
    impression: str | None


class Session:
    """The open films, in the order of the study list."""

    def __init__(self) -> None:
        self._states: dict[str, FilmState] = {}
        self._jobs: dict[int, str] = {}
        self._said: dict[str, StudyAnswers] = {}
        self.current: FilmState | None = None

    @property
    def states(self) -> list[FilmState]:
        """Films and files that are none, in their order."""
        return list(self._states.values())

    def state(self, key: str) -> FilmState:
        """The film of that key; KeyError if it is not open."""
        return self._states[key]

    def add(
        self, films: Iterable[Film], failures: Iterable[Failure] = (), said: Mapping[str, StudyAnswers] | None = None
    ) -> list[FilmState]:
        """Append what is not open yet; the films that were named are returned, in their order.

        Parameters
        ----------
        said : mapping of str to StudyAnswers
            What was answered of their studies before, by `study_key`; what was answered since counts more.
        """
        self._said = {**(said or {}), **self._said}
        named = []
        for film in films:
            key = os.path.realpath(film.path)
            known = self._states.get(key)
            # Another file under the same name may be another patient's: nothing is kept of the first.
            if known is None or known.film is None or known.film.on_disk != film.on_disk:
                self._put(FilmState(key=key, film=film, answers=self._answers(film)))
            named.append(self._states[key])
        for failure in failures:
            key = os.path.realpath(failure.path)
            known = self._states.get(key)
            if known is None or (known.film is not None and known.film.changed):
                self._put(FilmState(key=key, failure=failure))
        return named

    def _put(self, state: FilmState) -> None:
        known = self._states.get(state.key)
        if known is not None:
            self._drop_results(known)
            if self.current is known:
                self.current = state
        self._states[state.key] = state

    def close_all(self) -> None:
        """Forget all films and their results."""
        self._states.clear()
        self._jobs.clear()
        self._said.clear()
        self.current = None

    def show(self, key: str) -> FilmState:
        """Make a film the one on the screen."""
        self.current = self._states[key]
        return self.current

    def neighbour(self, step: int) -> FilmState | None:
        """The film `step` places further in the list, or None at its end."""
        states = self.states
        if not states:
            return None
        index = states.index(self.current) + step if self.current is not None else 0
        return states[index] if 0 <= index < len(states) else None

    def loaded(self, key: str, digest: str) -> None:
        """A film was decoded; results of other pixels (a file that changed on the disk) are dropped."""
        state = self._states[key]
        if state.digest is not None and state.digest != digest:
            self._drop_results(state)
            state.job, state.asked, state.impression = None, None, None
            # Another frame of the same file is of the same patient; what a view was said of it does not hold.
            film = state.film
            age = self._answers(film).age_years if film is not None and not film.changed else None
            state.answers, state.answered = Answers(age_years=age), frozenset()
        state.digest, state.failure = digest, None

    def failed(self, key: str, failure: Failure) -> None:
        """A film could not be decoded."""
        state = self._states[key]
        self._drop_results(state)
        state.job, state.asked, state.digest, state.failure = None, None, None, failure

    def needs_job(self, state: FilmState, operating_point: str) -> bool:
        """Whether what is known was not asked for as it would be asked now."""
        return state.digest is not None and state.asked != (operating_point, state.answers)

    def forget_asked(self) -> None:
        """Every film needs a job again; results stay until then."""
        for state in self._states.values():
            state.asked = None

    def submitted(self, key: str, job: int, operating_point: str) -> None:
        """A job replaces all results of the film."""
        state = self._states[key]
        self._drop_results(state)
        state.job, state.asked = job, (operating_point, state.answers)
        self._jobs[job] = key

    def receive(self, event: Event) -> FilmState | None:
        """Keep what an event says with its film; the film is returned if its results changed."""
        from cxrdesk.inference.events import DetectorDone, JobDone, MaskDone, Progress

        state = self._states.get(self._jobs.get(event.job, ""))
        if state is None or state.job != event.job:
            return None  # closed, or asked again since
        match event:
            case Progress():
                state.progress[event.model_id] = event
            case MaskDone() if event.result.film == state.digest:
                state.masks[event.result.spec.id] = event.result
            case DetectorDone() if state.digest in event.result.films:
                state.detectors[event.result.spec.id] = event.result
            case JobDone():
                state.finished = True
                self._jobs.pop(event.job)
            case MaskDone() | DetectorDone():
                log.error("a result of other pixels than its film's was dropped")
                return None
            case _:
                return None
        return state

    def commit_impression(self, key: str, text: str) -> None:
        """Keep the reader's impression; ValueError if it says nothing."""
        if not text.strip():
            raise ValueError("an impression says something")
        self._states[key].impression = " ".join(text.split())

    def answer(self, key: str, *, age_years: float | None = None, view: View | None = None) -> StudyAnswers:
        """Keep what the reader said, an age for all films of the study; None leaves the earlier answer.

        Returns
        -------
        StudyAnswers
            All that is known of the study now.
        """
        from cxrdesk.studies.study_answers import StudyAnswers, study_key

        film = self._states[key].film
        if film is None:
            raise ValueError("nothing is asked about what is no film")
        said = self._said.get(study_key(film), StudyAnswers())
        if age_years is not None:
            said = replace(said, age_years=age_years)
        if view is not None:
            said = said.with_view(film, view)
        self._said[study_key(film)] = said
        for state in self._states.values():
            if state.film is not None and study_key(state.film) == study_key(film):
                state.answers = said.of(state.film)
        return said

    def _answers(self, film: Film) -> Answers:
        if not self._said:
            return Answers()
        from cxrdesk.studies.study_answers import study_key

        said = self._said.get(study_key(film))
        return said.of(film) if said is not None else Answers()

    @property
    def running(self) -> bool:
        """Whether any film's job has yet to end."""
        return any(state.running for state in self._states.values())

    def results(self) -> list[FilmResults]:
        """Every film whose results are complete, in the order of the list."""
        return [
            FilmResults(
                key=state.key,
                path=state.film.path,
                film=state.film,
                digest=state.digest,
                answered=state.answered,
                masks=tuple(state.masks.values()),
                detectors=tuple(state.detectors.values()),
                impression=state.impression,
            )
            for state in self._states.values()
            if state.film is not None and state.job is not None and state.finished
        ]

    def _drop_results(self, state: FilmState) -> None:
        if state.job is not None:
            self._jobs.pop(state.job, None)
        state.masks, state.detectors, state.progress, state.finished = {}, {}, {}, False
