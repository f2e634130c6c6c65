"""Which films stand in the panes beside the one on the screen, linked to it or not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from PySide6.QtCore import QObject, QTimer, Signal

from cxrdesk.imaging.words import view_text
from cxrdesk.ui.messages import Messages
from cxrdesk.ui.reading import Reading
from cxrdesk.ui.session import FilmState
from cxrdesk.ui.viewer.compare import Beside
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.hanging import Hung, hang, other_side, prior, why_no_prior
from cxrdesk.ui.viewer.layout import LAYOUTS, ViewGrid
from cxrdesk.ui.viewer.linking import matched_windowing, shared_room_mm, why_not_to_scale
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.viewer.windowing import Windowing

Way = Literal["swipe", "blink"]
_NOT_TO_SCALE = "Not to the same scale"
_NOTHING = ("", "No film beside this one.\nClick here and choose one in the list.")


def hung(states: Sequence[FilmState]) -> list[Hung]:
    """What hanging asks of the open films; files that are none are left out.

    Films are one patient's only where identifier, name and birth date are all the same: a prior of somebody else is
    worse than none.
    """
    films = []
    for state in states:
        film = state.film
        if film is None or state.failure is not None:
            continue
        who = film.identity
        named = who.patient_id or who.name
        films.append(
            Hung(
                key=state.key,
                patient=(who.patient_id, who.name, who.birth_date) if named else None,
                study=film.study,
                day=film.study_date,
                projection=film.view.projection,
                body_part=film.view.body_part,
            )
        )
    return films


def film_words(state: FilmState, other: FilmState) -> str:
    """Which of two films it is, without saying whose: ``"Prior 2020-01-02 · Chest PA"``."""
    if state.film is None:
        return ""
    day, days = state.film.study_date, other.film.study_date if other.film is not None else None
    which = "Film"
    if day is not None and days is not None and day != days:
        which = "Prior" if day < days else "Current"
    return f"{which} {day.isoformat() if day is not None else 'without a date'} · {view_text(state.film.view)}"


class Panes(QObject):
    """Puts films into the panes of a grid; the film of the chosen pane is the reading's."""

    compared = Signal()
    """Swipe or blink was begun or is over."""

    BLINK_MS = 700

    def __init__(
        self,
        grid: ViewGrid,
        reading: Reading,
        put_caption: Callable[[FilmView, FilmState, LoadedFilm], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.grid, self._reading, self._put_caption = grid, reading, put_caption
        self.linked = True
        self._states: dict[FilmView, FilmState] = {}
        self._wanted: tuple[Way, FilmState, FilmState] | None = None
        self._carried: tuple[Geometry, Windowing | None] | None = None
        self._blinking = QTimer(self)
        self._blinking.setInterval(self.BLINK_MS)
        self._blinking.timeout.connect(self._blink)
        reading.prefetch.screen = lambda: (grid.pane.geometry_.viewport, grid.pane.devicePixelRatioF())
        grid.chosen.connect(self._on_chosen)
        grid.display_changed.connect(self._carry_over)
        grid.resized.connect(self._on_resized)
        reading.film_shown.connect(self._on_shown)
        reading.films_changed.connect(self._drop_closed)
        reading.prefetch.ready.connect(self._on_ready)

    @property
    def messages(self) -> Messages:
        """Where the reader is told."""
        return self._reading.messages

    def state(self, pane: FilmView) -> FilmState | None:
        """The film that a pane is for."""
        return self._states.get(pane)

    # Layouts

    def next_layout(self) -> None:
        """One film, two, four, and one again."""
        self.lay_out(LAYOUTS[(LAYOUTS.index(self.grid.layout_) + 1) % len(LAYOUTS)])

    def lay_out(self, layout: tuple[int, int]) -> None:
        """Another layout, hung by the protocol."""
        self.grid.arrange(*layout)
        current = self._reading.state
        if current is not None:
            self._hang(hang(hung(self._reading.session.states), current.key, panes=len(self.grid.panes)))

    def frontal_and_lateral(self) -> None:
        """The film on the screen with the one of its study from the other side."""
        self._pair(other_side, "No film of the same study from another side is open.")

    def current_and_prior(self) -> None:
        """The film on the screen with its prior."""
        films = hung(self._reading.session.states)
        self._pair(prior, why_no_prior(films, self._reading.state.key) if self._reading.state is not None else "")

    def _pair(self, find: Callable[[Sequence[Hung], str], Hung | None], none: str) -> None:
        current = self._reading.state
        if current is None:
            return
        other = find(hung(self._reading.session.states), current.key)
        if other is None:
            self.messages.info(none)
            return
        self.grid.arrange(1, 2)
        keys = [current.key, other.key]
        lateral_first = find is other_side and hung([current])[0].lateral
        self._hang(keys[::-1] if lateral_first else keys)

    def _hang(self, keys: Sequence[str | None]) -> None:
        session, current = self._reading.session, self._reading.state
        self._states = {
            pane: session.state(key) for pane, key in zip(self.grid.panes, keys, strict=True) if key is not None
        }
        keeping = next((pane for pane, state in self._states.items() if state is current), self.grid.panes[0])
        self.grid.choose(keeping)
        self._reading.prefetch.beside([state.key for pane, state in self._states.items() if pane is not keeping])
        for pane in self.grid.panes:
            if self._states.get(pane) is not current:
                self._fill(pane)
        if current is not None and self._states.get(keeping) is current and self._reading.shown is not None:
            self._show(keeping, self._reading.shown, current)
        elif keeping in self._states:
            self._reading.show(self._states[keeping].key)
        self._carry_over()

    def _fill(self, pane: FilmView) -> None:
        state = self._states.get(pane)
        loaded = self._reading.kept.get(state.key) if state is not None else None
        if state is None:
            pane.clear(*_NOTHING)
        elif loaded is None:
            pane.clear("Reading the film…", "")
        else:
            self._show(pane, loaded, state)

    def _show(self, pane: FilmView, loaded: LoadedFilm, state: FilmState) -> None:
        if pane.loaded is None or pane.loaded.own.pyramid is not loaded.pyramid:
            pane.show_film(loaded)
        self._put_caption(pane, state, loaded)
        self._carried = None

    def refresh_captions(self) -> None:
        """Other texts are wanted in the corners."""
        for pane, state in self._states.items():
            if pane.loaded is not None:
                self._put_caption(pane, state, pane.loaded)

    # What the reading says

    def _on_chosen(self) -> None:
        for pane in self.grid.others:
            pane.compare(None)
        self._stop_comparing()
        state = self._states.get(self.grid.pane)
        if state is not None and state is not self._reading.state:
            self._reading.show(state.key)
        self._share_scale()

    def _on_shown(self) -> None:
        state = self._reading.state
        if state is not None:
            self._states[self.grid.pane] = state
        self._stop_comparing()
        self._reading.prefetch.around()
        self._carried = None

    def _on_ready(self, key: str) -> None:
        for pane in self.grid.others:
            state = self._states.get(pane)
            if state is not None and state.key == key and pane.loaded is None:
                self._fill(pane)
        self._carry_over()
        if self._wanted is not None and self._wanted[1].key == key:
            self._begin_comparing()

    def _drop_closed(self) -> None:
        """A film that was closed, or whose file is another one now, leaves its pane."""
        open_ = set(self._reading.session.states)
        for pane in list(self._states):
            if self._states[pane] not in open_:
                del self._states[pane]
                if pane is not self.grid.pane:
                    pane.clear(*_NOTHING)
        self._share_scale()

    # Linked panes

    def link(self, on: bool) -> None:
        """Carry window, zoom and place over to the other panes."""
        self.linked, self._carried = on, None
        self._carry_over()

    def _on_resized(self) -> None:
        """Panes of one row may differ by a pixel: films in them are fitted to one scale all the same."""
        self._carried = None
        self._carry_over()

    def _share_scale(self) -> None:
        """The chosen film fits with all that are shown to its scale; those that cannot be say so."""
        pane = self.grid.pane
        linked = [other for other in self.grid.others if other.loaded is not None] if self.linked else []
        if pane.loaded is not None:
            beside = [pane.beside.geometry(pane.geometry_)] if pane.beside is not None else []
            pane.leave_room(shared_room_mm(pane.geometry_, [*(other.geometry_ for other in linked), *beside]))
        for one in self.grid.panes:
            differs = one in linked and pane.loaded is not None and why_not_to_scale(pane.geometry_, one.geometry_)
            one.note_scale(_NOT_TO_SCALE if differs else "")
            if one is not pane and one not in linked:
                one.leave_room(None)

    def _carry_over(self) -> None:
        self._share_scale()
        pane = self.grid.pane
        now = (pane.geometry_, pane.windowing)
        if not self.linked or pane.loaded is None or pane.windowing is None or now == self._carried:
            return
        self._carried = now
        for other in self.grid.others:
            if other.windowing is not None:
                other.show_as(pane.geometry_, matched_windowing(pane.windowing, other.windowing))

    # Swipe and blink

    def compare(self, way: Way, on: bool) -> None:
        """Show the prior, or where there is none the other film beside this one, in this film's place."""
        current = self._reading.state
        if not on:
            if self.comparing == way:
                self._stop_comparing()
            return
        other = self._compared_with(current) if current is not None else None
        if current is None or other is None:
            if current is not None:
                missing = why_no_prior(hung(self._reading.session.states), current.key)
                self.messages.info(
                    f"There is nothing to {way} with. {missing} Open one, or choose Two films in the menu Layout and"
                    " put a film into the other pane."
                )
            self.compared.emit()
            return
        self._wanted = (way, other, current)
        if other.key in self._reading.kept:
            self._begin_comparing()
        else:
            beside = [state.key for pane, state in self._states.items() if pane is not self.grid.pane]
            self._reading.prefetch.beside([other.key, *beside])

    @property
    def comparing(self) -> Way | None:
        """What goes on in the chosen pane."""
        return self.grid.pane.beside.way if self.grid.pane.beside is not None else None

    def _compared_with(self, current: FilmState) -> FilmState | None:
        session = self._reading.session
        older = prior(hung(session.states), current.key)
        if older is not None:
            return session.state(older.key)
        beside = [self._states[pane] for pane in self.grid.others if pane in self._states]
        return next((state for state in beside if state is not current), None)

    def _begin_comparing(self) -> None:
        assert self._wanted is not None
        (way, other, current), self._wanted = self._wanted, None
        loaded = self._reading.kept.get(other.key)
        if loaded is not None and self._reading.state is current and self._reading.shown is not None:
            words = film_words(other, current)
            whose = [film.patient for film in hung([current, other])]
            if len(whose) < 2 or None in whose or whose[0] != whose[1]:
                words = f"Not known to be the same patient · {words}"
            pane = self.grid.pane
            why_not = why_not_to_scale(pane.geometry_, loaded.fitted(pane.geometry_.viewport))
            if why_not:
                words += f" · {_NOT_TO_SCALE}: {why_not}"
            pane.compare(Beside(loaded, words, way, film_words(current, other)))
            if way == "blink":
                self._blinking.start()
            else:
                self._blinking.stop()
        self.compared.emit()

    def _stop_comparing(self) -> None:
        self._wanted = None
        self._blinking.stop()
        if self.grid.pane.beside is not None:
            self.grid.pane.compare(None)
        self.compared.emit()

    def _blink(self) -> None:
        pane = self.grid.pane
        if pane.beside is not None:
            pane.beside.lit = not pane.beside.lit
            pane.update()
