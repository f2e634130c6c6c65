"""What happens: films are opened, decoded, shown, asked about; events find their film."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Radiograph, View
from cxrdesk.studies.settings import Settings
from cxrdesk.ui.background import Background
from cxrdesk.ui.messages import Messages
from cxrdesk.ui.session import FilmState, Session
from cxrdesk.ui.viewer.loaded import LoadedFilm

if TYPE_CHECKING:  # see _find
    from cxrdesk.inference.events import Event
    from cxrdesk.inference.result import SaliencyResult
    from cxrdesk.studies.importers import Film, ImportResult

log = logging.getLogger(__name__)
_MOST_COMPANIONS = 8
"""Films of a study that are decoded for detectors over several films; a longer series is no study of radiographs."""
KEPT_MB = 512
"""Decoded films kept in memory, so that going back and forth does not decode again."""


class JobQueue(Protocol):
    """What is asked of the worker."""

    def submit(
        self, film: Radiograph, *, companions: tuple[Radiograph, ...] = (), operating_point: str = "balanced"
    ) -> int:
        """Queue a film; returns the job's number."""

    def cancel(self, job: int, model_id: str | None = None) -> None:
        """Give up a job, or one model of it."""


def _find(paths: list[Path]) -> ImportResult:
    # Imported here: reading DICOM headers must not delay the window.
    from cxrdesk.studies.importers import find_films

    return find_films(paths)


def _decode(film: Film, key: str) -> LoadedFilm:
    return LoadedFilm.of(key, film.load())


class Reading(QObject):
    """Keeps session, decoded films and jobs together; widgets only show what it says."""

    films_changed = Signal()
    """Films were added or closed, or one turned out to be unreadable."""
    film_shown = Signal()
    """Another film is the one on the screen: decoded, still being decoded, or unreadable."""
    results_changed = Signal()
    """More is known about the film on the screen."""
    settings_changed = Signal()
    job_ended = Signal()

    DWELL_MS = 200
    """A film is asked about once it has been on the screen for this long: paging through a study queues nothing."""

    PATIENCE_MS = 2000
    """How long a film waits for the others of its study; late ones are asked about once more, all together."""

    def __init__(self, settings: Settings, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = Session()
        self.settings, self.messages = settings, messages
        self.shown: LoadedFilm | None = None
        self._decoded: LoadedFilm | None = None
        self.finding = 0
        self._map: tuple[str, str] | None = None
        self._queue: JobQueue | None = None
        self._kept: OrderedDict[str, LoadedFilm] = OrderedDict()
        self._finder = Background(threads=1, parent=self)
        self._finder.done.connect(self._on_found)
        self._decoder = Background(threads=2, latest_only=True, parent=self)
        self._decoder.done.connect(self._on_decoded)
        self._decoder.refused.connect(self._on_refused)
        self._most_films = 1
        self._awaited: set[str] = set()
        self._unreadable: set[str] = set()
        self._gatherer = Background(threads=1, parent=self)
        self._gatherer.done.connect(self._on_gathered)
        self._gatherer.refused.connect(self._on_unreadable)
        for background in (self._finder, self._decoder, self._gatherer):
            background.broken.connect(self._on_broken)
        self._dwell = self._timer(self.DWELL_MS, self._ask)
        self._patience = self._timer(self.PATIENCE_MS, self._submit_shown)

    def _timer(self, interval_ms: int, call: Callable[[], None]) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(interval_ms)
        timer.timeout.connect(call)
        return timer

    # Opening and showing

    def open(self, paths: list[Path]) -> None:
        """Find the films in files and folders, then show the first new one."""
        if paths:
            self.finding += 1
            self.films_changed.emit()
            self._finder.start("find", partial(_find, paths))

    def _on_found(self, _token: object, found: ImportResult) -> None:
        self.finding -= 1
        before, current = self.session.states, self.session.current
        films = self.session.add(found.films, found.failures)
        for state in before:
            if self.session.state(state.key) is not state:  # another file under the same name
                self._forget(state)
        replaced = self.session.current is not current
        if replaced:
            self.shown = self._decoded = self._map = None
        for failure in found.failures:
            self.messages.error(failure.text, code=failure.code)
        self.films_changed.emit()
        if films:
            self.show(films[0].key)
        elif self.session.states and (replaced or current is None):
            self.show((self.session.current or self.session.states[0]).key)

    def _forget(self, state: FilmState) -> None:
        self._give_up(state)
        self._kept.pop(state.key, None)
        self._unreadable.discard(state.key)

    def show(self, key: str) -> None:
        """Make a film the one on the screen."""
        state = self.session.show(key)
        self._stop_asking()
        self._map = self.shown = self._decoded = None
        kept = self._kept.get(key)
        if state.film is not None and state.film.changed:
            # Header and pixels are read anew: it may be another patient's film.
            self.messages.warning(f"{state.film.path.name} was replaced by another file; it is read anew.")
            self.film_shown.emit()
            self.open([state.film.path])
        elif kept is not None:
            self._kept.move_to_end(key)
            self._put_on_screen(kept)
        else:
            if state.film is not None:
                self._decoder.start(key, partial(_decode, state.film, key))
            self.film_shown.emit()

    def step(self, step: int) -> None:
        """Show the film that many rows further down."""
        if (state := self.session.neighbour(step)) is not None:
            self.show(state.key)

    def close_all(self) -> None:
        """Close all films."""
        for state in self.session.states:
            self._give_up(state)
        self._stop_asking()
        self.session.close_all()
        self._kept.clear()
        self._unreadable.clear()
        self.shown = self._decoded = self._map = None
        self.films_changed.emit()
        self.film_shown.emit()

    def _on_decoded(self, key: str, loaded: LoadedFilm) -> None:
        if key not in {state.key for state in self.session.states}:
            return  # closed meanwhile
        self._keep(loaded)
        current = self.session.current
        if current is not None and current.key == key and self.shown is None:
            self._put_on_screen(loaded)

    def _put_on_screen(self, loaded: LoadedFilm) -> None:
        state = self.session.state(loaded.key)
        self.session.loaded(loaded.key, loaded.radiograph.digest)
        self._decoded = loaded
        self.shown = replace(loaded, radiograph=state.completed(loaded.radiograph))
        self.film_shown.emit()
        self._dwell.start()

    def _on_refused(self, key: str, error: UserError) -> None:
        state = next((state for state in self.session.states if state.key == key), None)
        if state is None or state.film is None:
            return
        from cxrdesk.studies.importers import Failure

        self.session.failed(key, Failure(path=state.film.path, code=error.code, text=error.text))
        self.messages.error(error.text, code=error.code)
        self.films_changed.emit()
        if self.session.current is state:
            self.film_shown.emit()

    def _on_broken(self, token: object, error: Exception) -> None:
        if token == "find":
            self.finding -= 1
            self.films_changed.emit()
        self.messages.error(
            f"cxrdesk made a mistake while reading a film ({type(error).__name__}); please report it.", code="bug"
        )

    def radiograph(self, state: FilmState) -> Radiograph:
        """A film's pixels with the reader's answers; decoded again where they are not in memory."""
        kept = self._kept.get(state.key)
        if kept is None:
            assert state.film is not None
            kept = _decode(state.film, state.key)
        return state.completed(kept.radiograph)

    def _keep(self, loaded: LoadedFilm) -> None:
        self._kept[loaded.key] = loaded
        self._kept.move_to_end(loaded.key)
        while len(self._kept) > 1 and sum(f.pyramid.nbytes for f in self._kept.values()) > KEPT_MB << 20:
            self._kept.popitem(last=False)

    # Asking and answering

    def connect_queue(self, queue: JobQueue, *, most_films: int = 1) -> None:
        """The worker is there; the film on the screen is asked about.

        Parameters
        ----------
        most_films : int
            How many films of a study any detector takes together.
        """
        self._queue, self._most_films = queue, most_films
        if self.shown is not None:
            self._dwell.start()

    def _ask(self) -> None:
        state = self.session.current
        if self._queue is None or self.shown is None or state is None:
            return
        if self.session.needs_job(state, self.settings.operating_point):
            self._request(state)

    def _stop_asking(self) -> None:
        self._dwell.stop()
        self._patience.stop()
        self._awaited.clear()
        self._gatherer.forget()

    def _request(self, state: FilmState) -> None:
        """Ask about the film on the screen, once the films beside it are decoded where a detector wants them."""
        missing = [
            other
            for other in self._others(state)
            if other.key not in self._kept and other.key not in self._unreadable and other.film is not None
        ]
        if not missing:
            self._submit(state)
            return
        self._awaited = {other.key for other in missing}
        self._gatherer.forget()
        for other in missing:
            if other.film is not None:
                self._gatherer.start(other.key, partial(_decode, other.film, other.key))
        self._patience.start()

    def _on_gathered(self, key: str, loaded: LoadedFilm) -> None:
        if key in {state.key for state in self.session.states}:
            self._keep(loaded)
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
        self._patience.stop()
        if self.session.current is not None:
            self._submit(self.session.current)

    def _submit(self, state: FilmState) -> None:
        if self._queue is None or self.shown is None or self.shown.key != state.key:
            return
        self._give_up(state)
        point = self.settings.operating_point
        job = self._queue.submit(self.shown.radiograph, companions=self._companions(state), operating_point=point)
        self.session.submitted(state.key, job, point)
        self.results_changed.emit()

    def _others(self, state: FilmState) -> list[FilmState]:
        """The other films of the same study, where a detector takes several; those next to it in the list first."""
        study = state.film.study if state.film is not None else None
        if study is None or self._most_films <= 1:
            return []
        states = self.session.states
        place = states.index(state)
        others = [
            (abs(index - place), other)
            for index, other in enumerate(states)
            if other is not state and other.film is not None and other.film.study == study
        ]
        return [other for _, other in sorted(others, key=lambda pair: pair[0])][:_MOST_COMPANIONS]

    def _companions(self, state: FilmState) -> tuple[Radiograph, ...]:
        """Those of them that are decoded."""
        return tuple(s.completed(self._kept[s.key].radiograph) for s in self._others(state) if s.key in self._kept)

    def _give_up(self, state: FilmState) -> None:
        if self._queue is not None and state.running and state.job is not None:
            self._queue.cancel(state.job)

    def run_again(self) -> None:
        """Ask about the film on the screen once more."""
        if self.session.current is not None:
            self._request(self.session.current)

    def cancel(self, model_id: str | None = None) -> None:
        """Give up the job of the film on the screen, or one model of it."""
        state = self.session.current
        if self._queue is not None and state is not None and state.running and state.job is not None:
            self._queue.cancel(state.job, model_id)

    def answer(self, *, age_years: float | None = None, view: View | None = None) -> None:
        """The reader said what the film does not say; it is asked about again."""
        state = self.session.current
        if state is None or self.shown is None or self._decoded is None:
            return
        self.session.answer(state.key, age_years=age_years, view=view)
        # From the film as it was decoded: an earlier answer is none of its own words.
        self.shown = replace(self.shown, radiograph=state.completed(self._decoded.radiograph))
        self._request(state)

    def commit_impression(self, text: str) -> None:
        """The reader's impression of the film on the screen; its results may be seen from now on."""
        if self.session.current is not None:
            self.session.commit_impression(self.session.current.key, text)
            self.results_changed.emit()

    def on_event(self, event: Event) -> None:
        """An event of the worker, in the window's thread."""
        from cxrdesk.inference.events import WorkerNotice

        if isinstance(event, WorkerNotice):
            self.messages.warning(event.text, code="worker")
            return
        state = self.session.receive(event)
        if state is None:
            return
        if state is self.session.current:
            self.results_changed.emit()
        if state.finished:
            self.job_ended.emit()

    # What may be seen

    @property
    def state(self) -> FilmState | None:
        """The film on the screen."""
        return self.session.current

    @property
    def hidden(self) -> bool:
        """Whether results wait for the reader's impression."""
        return self.settings.read_first and (self.state is None or self.state.impression is None)

    @property
    def map_choice(self) -> tuple[str, str] | None:
        """(detector id, finding) whose map is to be seen: the reader's choice, else the first there is."""
        maps = self._maps()
        if self._map in maps:
            return self._map
        return next(iter(maps), None)

    def choose_map(self, choice: tuple[str, str]) -> None:
        """See another map."""
        self._map = choice
        self.results_changed.emit()

    def saliency(self) -> SaliencyResult | None:
        """The chosen map of the film on the screen."""
        choice = self.map_choice
        return None if choice is None else self._maps()[choice]

    def _maps(self) -> dict[tuple[str, str], SaliencyResult]:
        if self.state is None or self.hidden or self.shown is None:
            return {}
        found = {}
        for detector in self.state.detectors.values():
            for finding in detector.findings:
                for saliency in finding.saliency:
                    # A detector over several films gives a map for each; only this film's own is drawn on it.
                    if detector.films[saliency.map.film] == self.state.digest:
                        found[detector.spec.id, finding.finding] = saliency
        return found

    def change_settings(self, settings: Settings) -> None:
        """Use other settings from now on."""
        calls = settings.operating_point != self.settings.operating_point
        self.settings = settings
        self.settings_changed.emit()
        self.results_changed.emit()
        if calls:
            self._ask()

    def stop(self) -> None:
        """End the threads."""
        self._stop_asking()
        self._gatherer.stop()
        self._finder.stop()
        self._decoder.stop()
