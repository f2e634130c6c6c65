"""Asks the detectors about the film on the screen, with the films beside it that they want to see."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.ui.background import Background
from cxrdesk.ui.kept_films import KeptFilms, decode
from cxrdesk.ui.session import FilmState, Session
from cxrdesk.ui.viewer.loaded import LoadedFilm

_MOST_COMPANIONS = 8
"""Films of a study that are decoded for detectors over several films; a longer series is no study of radiographs."""


class JobQueue(Protocol):
    """What is asked of the worker."""

    def submit(
        self, film: Radiograph, *, companions: tuple[Radiograph, ...] = (), operating_point: str = "balanced"
    ) -> int:
        """Queue a film; returns the job's number."""

    def cancel(self, job: int, model_id: str | None = None) -> None:
        """Give up a job, or one model of it."""


class Asking(QObject):
    """Submits jobs for one film at a time.

    Parameters
    ----------
    session : Session
    kept : KeptFilms
    shown : callable
        Gives the film on the screen, with the reader's answers; None while there is none.
    point : callable
        Gives the key of the operating point that calls are made at.
    """

    submitted = Signal()
    """The film on the screen has a new job."""
    broken = Signal(object, object)
    """Token and exception of a fault of ours."""

    DWELL_MS = 200
    """A film is asked about once it has been on the screen for this long: paging through a study queues nothing."""

    PATIENCE_MS = 2000
    """How long a film waits for the others of its study; late ones are asked about once more, all together."""

    def __init__(
        self,
        session: Session,
        kept: KeptFilms,
        shown: Callable[[], LoadedFilm | None],
        point: Callable[[], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._kept, self._shown, self._point = session, kept, shown, point
        self._queue: JobQueue | None = None
        self._most_films = 1
        self._awaited: set[str] = set()
        self._unreadable: set[str] = set()
        self._gatherer = Background(threads=1, parent=self)
        self._gatherer.done.connect(self._on_gathered)
        self._gatherer.refused.connect(self._on_unreadable)
        self._gatherer.broken.connect(self.broken)
        self.dwell = self._timer(self.DWELL_MS, self.ask)
        self.patience = self._timer(self.PATIENCE_MS, self._submit_shown)

    def _timer(self, interval_ms: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(call)
        return timer

    def connect_queue(self, queue: JobQueue, *, most_films: int = 1) -> None:
        """The worker is there; the film on the screen is asked about.

        Parameters
        ----------
        most_films : int
            How many films of a study any detector takes together.
        """
        self._queue, self._most_films = queue, most_films
        if self._shown() is not None:
            self.dwell.start()

    def ask(self) -> None:
        """Ask about the film on the screen, unless that was done already."""
        state = self._session.current
        if self._queue is None or self._shown() is None or state is None:
            return
        if self._session.needs_job(state, self._point()):
            self.request(state)

    def stop_asking(self) -> None:
        """Another film comes: what was not submitted yet will not be."""
        self.dwell.stop()
        self.patience.stop()
        self._awaited.clear()
        self._gatherer.forget()

    def forget(self, key: str) -> None:
        """Another file stands under that name."""
        self._unreadable.discard(key)

    def forget_all(self) -> None:
        """All films were closed."""
        self._unreadable.clear()

    def request(self, state: FilmState) -> None:
        """Ask about the film on the screen, once the films beside it are decoded where a detector wants them."""
        missing = [
            other
            for other in self.others(state)
            if other.key not in self._kept and other.key not in self._unreadable and other.film is not None
        ]
        if not missing:
            self._submit(state)
            return
        self._awaited = {other.key for other in missing}
        self._gatherer.forget()
        for other in missing:
            if other.film is not None:
                self._gatherer.start(other.key, partial(decode, other.film, other.key))
        self.patience.start()

    def _on_gathered(self, key: str, loaded: LoadedFilm) -> None:
        if key in {state.key for state in self._session.states}:
            self._kept.keep(loaded)
            self._arrived(key)

    def _on_unreadable(self, key: str, _error: UserError) -> None:
        self._unreadable.add(key)  # told when its own turn comes
        self._arrived(key)

    def _arrived(self, key: str) -> None:
        if key not in self._awaited:
            return  # another film is on the screen
        self._awaited.discard(key)
        if not self._awaited:
            self._submit_shown()

    def _submit_shown(self) -> None:
        self.patience.stop()
        if self._session.current is not None:
            self._submit(self._session.current)

    def _submit(self, state: FilmState) -> None:
        shown = self._shown()
        if self._queue is None or shown is None or shown.key != state.key or not shown.for_detectors:
            return
        self.give_up(state)
        point = self._point()
        job = self._queue.submit(shown.radiograph, companions=self._companions(state), operating_point=point)
        self._session.submitted(state.key, job, point)
        self.submitted.emit()

    def others(self, state: FilmState) -> list[FilmState]:
        """The other films of the same study, where a detector takes several; those next to it in the list first."""
        study = state.film.study if state.film is not None else None
        if study is None or self._most_films <= 1:
            return []
        states = self._session.states
        place = states.index(state)
        others = [
            (abs(index - place), other)
            for index, other in enumerate(states)
            if other is not state and other.film is not None and other.film.study == study
        ]
        return [other for _, other in sorted(others, key=lambda pair: pair[0])][:_MOST_COMPANIONS]

    def _companions(self, state: FilmState) -> tuple[Radiograph, ...]:
        """Those of them that are decoded."""
        kept = ((other, self._kept.get(other.key)) for other in self.others(state))
        return tuple(
            other.completed(loaded.radiograph) for other, loaded in kept if loaded is not None and loaded.for_detectors
        )

    def give_up(self, state: FilmState, model_id: str | None = None) -> None:
        """Cancel a film's job, or one model of it, where one is running."""
        if self._queue is not None and state.running and state.job is not None:
            self._queue.cancel(state.job, model_id)

    def stop(self) -> None:
        """End the thread."""
        self.stop_asking()
        self._gatherer.stop()
