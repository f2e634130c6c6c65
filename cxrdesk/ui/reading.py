"""What happens: films are opened, decoded, shown, asked about; events find their film."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Radiograph, View
from cxrdesk.studies.settings import Settings
from cxrdesk.ui.asking import Asking
from cxrdesk.ui.background import Background
from cxrdesk.ui.kept_films import KeptFilms, decode, finish, look
from cxrdesk.ui.messages import Messages
from cxrdesk.ui.own_results import maps_of
from cxrdesk.ui.prefetch import Prefetch
from cxrdesk.ui.session import FilmState, Session
from cxrdesk.ui.stored_states import StoredStates
from cxrdesk.ui.viewer.loaded import LoadedFilm

if TYPE_CHECKING:  # see _find
    from cxrdesk.inference.events import Event
    from cxrdesk.inference.result import SaliencyResult
    from cxrdesk.studies.importers import Failure, ImportResult
    from cxrdesk.studies.study_answers import StudyAnswers


def _find(paths: list[Path]) -> tuple[ImportResult, dict[str, StudyAnswers], list[str]]:
    # Imported here: reading DICOM headers must not delay the window.
    from cxrdesk.studies import study_answers
    from cxrdesk.studies.importers import find_films

    found = find_films(paths)
    return found, *study_answers.find(found.films)


class Reading(QObject):
    """Keeps session, decoded films and jobs together; widgets only show what it says."""

    films_changed = Signal()
    """Films were added or closed, or one turned out to be unreadable."""
    film_shown = Signal()
    """Another film is the one on the screen: decoded, still being decoded, or unreadable."""
    first_look = Signal(object)
    """The film on the screen as it can be shown until it is decoded: a provisional `LoadedFilm`."""
    results_changed = Signal()
    """More is known about the film on the screen."""
    settings_changed = Signal()
    states_opened = Signal(object)
    """Presentation states for films that were open before: a list of (key of the film, `StateFile`)."""
    job_ended = Signal()

    def __init__(self, settings: Settings, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = Session()
        self.settings, self.messages = settings, messages
        self.shown: LoadedFilm | None = None
        self._decoded: LoadedFilm | None = None
        self.finding = 0
        self._map: tuple[str, str] | None = None
        self.kept = KeptFilms()
        self.stored_states = StoredStates()
        self._finder = Background(threads=1, parent=self)
        self._finder.done.connect(self._on_found)
        self._decoder = Background(threads=2, latest_only=True, parent=self)
        self._decoder.done.connect(self._on_decoded)
        self._decoder.refused.connect(self._on_refused)
        self.asking = Asking(self.session, self.kept, lambda: self.shown, lambda: self.settings.operating_point, self)
        self.asking.submitted.connect(self.results_changed)
        self.prefetch = Prefetch(self.session, self.kept, self)
        self._keeper = Background(threads=1, parent=self)
        self._keeper.refused.connect(self._on_not_kept)
        for source in (self._finder, self._decoder, self._keeper, self.asking, self.prefetch):
            source.broken.connect(self._on_broken)

    # Opening and showing

    def open(self, paths: list[Path]) -> None:
        """Find the films in files and folders, then show the first new one."""
        if paths:
            self.finding += 1
            self.films_changed.emit()
            self._finder.start("find", partial(_find, paths))

    def _on_found(self, _token: object, result: tuple[ImportResult, dict[str, StudyAnswers], list[str]]) -> None:
        found, said, told = result
        self.finding -= 1
        before, current = self.session.states, self.session.current
        self.stored_states.add(found.states)
        failures = [failure for failure in found.failures if not self._is_of_open_film(failure)]
        films = self.session.add(found.films, failures, said)
        self.stored_states.know_films(state.film for state in self.session.states if state.film is not None)
        for text in told:
            self.messages.warning(text, code="answers")
        for state in before:
            if self.session.state(state.key) is not state:  # another file under the same name
                self._forget(state)
        replaced = self.session.current is not current
        if replaced:
            self.shown = self._decoded = self._map = None
        for failure in failures:
            self.messages.error(failure.text, code=failure.code)
        self.films_changed.emit()
        if films:
            self.show(films[0].key)
        elif self.session.states and (replaced or current is None):
            self.show((self.session.current or self.session.states[0]).key)
        kept = [(state.key, state.film) for state in before if state.film and state not in films]
        if opened := [
            (key, file) for file in found.states for key, film in kept if self.stored_states.is_for(file, film)
        ]:
            self.states_opened.emit(opened)

    def _is_of_open_film(self, failure: Failure) -> bool:
        """Whether it is a presentation state that was opened after its film."""
        state = self.stored_states.at(failure.path) if failure.code == "state-without-film" else None
        open_ = {state.film.instance_uid for state in self.session.states if state.film is not None}
        return state is not None and not open_.isdisjoint(state.films)

    def _forget(self, state: FilmState) -> None:
        self.asking.give_up(state)
        self.asking.forget(state.key)
        self.kept.drop(state.key)

    def show(self, key: str) -> None:
        """Make a film the one on the screen."""
        state = self.session.show(key)
        self.asking.stop_asking()
        self._map = self.shown = self._decoded = None
        kept = self.kept.get(key)
        if state.film is not None and state.film.changed:
            # Header and pixels are read anew: it may be another patient's film.
            self.messages.warning(f"{state.film.path.name} was replaced by another file; it is read anew.")
            self.film_shown.emit()
            self.open([state.film.path])
        elif kept is not None:
            self.kept.used(key)
            self._put_on_screen(kept)
        else:
            if state.film is not None:
                self._decoder.start(key, partial(look, state.film, key))
            self.film_shown.emit()

    def show_frame(self, frame: int) -> None:
        """Show another frame of the film on the screen."""
        state = self.session.current
        if state is not None and state.film is not None and self.shown is not None:
            self._decoder.start(state.key, partial(decode, state.film, state.key, frame))

    def step(self, step: int) -> None:
        """Show the film that many rows further down."""
        if (state := self.session.neighbour(step)) is not None:
            self.show(state.key)

    def close_all(self) -> None:
        """Close all films."""
        for state in self.session.states:
            self.asking.give_up(state)
        self.asking.stop_asking()
        self.session.close_all()
        self.kept.clear()
        self.stored_states.clear()
        self.asking.forget_all()
        self.shown = self._decoded = self._map = None
        self.films_changed.emit()
        self.film_shown.emit()

    def _on_decoded(self, key: str, loaded: LoadedFilm) -> None:
        if self._decoder.stopping.is_set() or key not in {state.key for state in self.session.states}:
            return  # closed meanwhile, or all of it
        current = self.session.current
        wanted = current is not None and current.key == key
        if loaded.provisional:
            if wanted and self.shown is None and current is not None and current.film is not None:
                self.first_look.emit(loaded)
                self._decoder.start(key, partial(finish, current.film, loaded))
            return
        self.kept.keep(loaded)
        if wanted and (self.shown is None or self.shown.presentation.frame != loaded.presentation.frame):
            self._put_on_screen(loaded)

    def _put_on_screen(self, loaded: LoadedFilm) -> None:
        state = self.session.state(loaded.key)
        self.session.loaded(loaded.key, loaded.radiograph.digest)
        self._decoded = loaded
        self.shown = replace(loaded, radiograph=state.completed(loaded.radiograph))
        self.film_shown.emit()
        self.asking.dwell.start()

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
        kept = self.kept.get(state.key)
        if kept is None:
            assert state.film is not None
            kept = decode(state.film, state.key)
        return state.completed(kept.radiograph)

    # Asking and answering

    def run_again(self) -> None:
        """Ask about the film on the screen once more."""
        if self.session.current is not None:
            self.asking.request(self.session.current)

    def cancel(self, model_id: str | None = None) -> None:
        """Give up the job of the film on the screen, or one model of it."""
        state = self.session.current
        if state is not None:
            self.asking.give_up(state, model_id)

    def answer(self, *, age_years: float | None = None, view: View | None = None) -> None:
        """The reader said what the film does not say; it is asked about again."""
        state = self.session.current
        if state is None or self.shown is None or self._decoded is None:
            return
        said = self.session.answer(state.key, age_years=age_years, view=view)
        if state.film is not None:
            from cxrdesk.studies import study_answers

            self._keeper.start("answers", partial(study_answers.save, state.film, said))
        # From the film as it was decoded: an earlier answer is none of its own words.
        self.shown = replace(self.shown, radiograph=state.completed(self._decoded.radiograph))
        self.asking.request(state)

    def _on_not_kept(self, _token: object, error: UserError) -> None:
        self.messages.warning(f"Your answer holds until you close the film, but could not be kept: {error.text}")

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
        return self.hidden_of(self.state)

    def hidden_of(self, state: FilmState | None) -> bool:
        """Whether a film's results wait for the reader's impression of it."""
        return self.settings.read_first and (state is None or state.impression is None)

    @property
    def map_choice(self) -> tuple[str, str] | None:
        """(detector id, finding) whose map is to be seen: the reader's choice, else the first there is."""
        maps = self._maps()
        if self._map in maps:
            return self._map
        return next(iter(maps), None)

    def map_choice_of(self, state: FilmState) -> tuple[str, str] | None:
        """The same for the film of any pane: the map of the same finding, where the film on the screen has one."""
        if self.hidden_of(state):
            return None
        maps, chosen = maps_of(state, state.digest), self.map_choice
        return next(iter(maps), None) if chosen is None else chosen if chosen in maps else None

    def choose_map(self, choice: tuple[str, str]) -> None:
        """See another map."""
        self._map = choice
        self.results_changed.emit()

    def _maps(self) -> dict[tuple[str, str], SaliencyResult]:
        if self.state is None or self.hidden or self.shown is None:
            return {}
        return maps_of(self.state, self.state.digest)

    def change_settings(self, settings: Settings) -> None:
        """Use other settings from now on."""
        calls = settings.operating_point != self.settings.operating_point
        self.settings = settings
        self.settings_changed.emit()
        self.results_changed.emit()
        if calls:
            self.asking.ask()

    def stop(self) -> None:
        """Write what is not written yet, and end the threads."""
        self._keeper.wait()
        self._keeper.stop()
        self.prefetch.stop()
        self.asking.stop()
        self._finder.stop()
        self._decoder.stop()
