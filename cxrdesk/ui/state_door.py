"""Presentation states that came with the film on the screen: listed, shown, and taken off again."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from cxrdesk.imaging.errors import UserError
from cxrdesk.ui.background import Background
from cxrdesk.ui.stored_states import NO_STATE
from cxrdesk.ui.viewer.windowing import AS_STORED

if TYPE_CHECKING:  # the window imports this; few films come with a state
    from cxrdesk.imaging.gsps import Graphic, View
    from cxrdesk.studies.states import StateFile
    from cxrdesk.ui.main_window import MainWindow
    from cxrdesk.ui.viewer.film_view import FilmView
    from cxrdesk.ui.viewer.loaded import LoadedFilm
    from cxrdesk.ui.viewer.state_layer import StateLayer
    from cxrdesk.ui.viewer.state_view import StateView


_LINE = "Presentation state "
_NEAR = 0.01
"""Film pixels: a file keeps points with 32 bits."""


def _alike(one: Graphic, other: Graphic) -> bool:
    return (
        one.kind == other.kind
        and len(one.points) == len(other.points)
        and all(math.dist(a, b) < _NEAR for a, b in zip(one.points, other.points, strict=True))
    )


def _changed(pane: FilmView, shown: StateView) -> bool:
    """Whether window, gamma, polarity, turn or tables are others than the state's; where the film lies is no matter."""
    stated, seen, view = shown.loaded.windowing, pane.windowing, shown.view
    return (
        seen is None
        or seen.voi is not stated.voi
        or (seen.gamma, pane.inverted) != (stated.gamma, view.inverted)
        or (pane.geometry_.rotation, pane.geometry_.flipped) != (view.rotation, view.flipped)
        or pane.switches != AS_STORED
        or not pane.planes_shown
    )


def _were(count: int) -> str:
    return "A presentation state was" if count == 1 else f"{count} presentation states were"


class StateDoor(QObject):
    """What the window does about stored presentation states; one is for the film and the frame that it names alone."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._shown: dict[FilmView, StateView] = {}
        self._chosen: dict[FilmView, StateFile | None] = {}
        self._told: set[str] = set()
        self._reader: Background | None = None

    def follow(self) -> None:
        """Follow the reading, after the window does."""
        self._window.reading.film_shown.connect(self._on_film)
        self._window.reading.settings_changed.connect(self._on_settings)
        self._window.reading.states_opened.connect(self._on_opened)
        self._window.grid.display_changed.connect(self._on_display)

    def states(self) -> list[StateFile]:
        """Those for the film on the screen and its frame."""
        reading = self._window.reading
        state, shown = reading.state, reading.shown
        if state is None or state.film is None or shown is None or shown.coloured:
            return []
        return reading.stored_states.for_film(state.film, frame=shown.presentation.frame)

    def names(self) -> list[str]:
        """What they are called, in their order."""
        state = self._window.reading.state
        if state is None or state.film is None:
            return []
        naming = self._window.naming
        return [naming.stored_state(state.film, file, number) for number, file in enumerate(self.states(), start=1)]

    @property
    def current(self) -> StateFile | None:
        """The one that the film on the screen is shown by."""
        film = self._window.film
        return self._shown[film].file if self._is_on(film) else None

    def _is_on(self, film: FilmView) -> bool:
        shown, loaded = self._shown.get(film), film.loaded
        return shown is not None and loaded is not None and loaded.plain is not None and loaded.key == shown.loaded.key

    @property
    def current_name(self) -> str:
        """What it is called; empty for none."""
        current, states = self.current, self.states()
        return self.names()[states.index(current)] if current in states else ""

    def lines_in(self, pane: FilmView) -> tuple[str, ...]:
        """By which state a pane's film is shown, and whether the reader changed it since; empty for none.

        Lines of their own: a long label, which is cut at its end, hides no change.
        """
        if not self._is_on(pane):
            return ()
        shown = self._shown[pane]
        state = self._window.session.state(shown.loaded.key)
        assert state.film is not None  # a state was read for it
        name = self._window.naming.words(state.film, shown.file.label or shown.file.path.stem)
        return (f"{_LINE}{name}", *(["(changed)"] if _changed(pane, shown) else ()))

    def _on_display(self) -> None:
        """What the state says of gray levels or of the turn is not what is seen any more, or is again."""
        for pane in self._shown:
            corners, lines = pane.corners, self.lines_in(pane)
            at = next((n for n, text in enumerate(corners.upper_right) if text.startswith(_LINE)), None)
            if lines and at is not None and corners.upper_right[at:] != lines:
                pane.set_corners(replace(corners, upper_right=(*corners.upper_right[:at], *lines)))

    def ask(self) -> None:
        """A menu of the states of the film on the screen, at its upper left."""
        film = self._window.film
        menu = self._menu()
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(film.mapToGlobal(QPoint(film.width() // 4, film.height() // 6)))

    def _menu(self) -> QMenu:
        menu, group = QMenu("Presentation states", self._window), QActionGroup(self)
        menu.setAccessibleName("Presentation states of this film")
        files, current = self.states(), self.current
        if not files:
            menu.addAction("No presentation state was opened with this film").setEnabled(False)
            return menu
        for name, file in zip((NO_STATE, *self.names()), (None, *files), strict=True):
            action = QAction(name.replace("&", "&&"), menu)
            action.setCheckable(True)
            action.setChecked(file is current)
            action.triggered.connect(lambda _on=False, file=file: self.choose(file))
            group.addAction(action)
            menu.addAction(action)
            if file is current:
                menu.setActiveAction(action)
        group.setParent(menu)
        return menu

    def choose(self, file: StateFile | None) -> None:
        """Show the film on the screen by a state, or by itself."""
        film, state = self._window.film, self._window.reading.state
        self._chosen[film] = file
        if file is None:
            self._leave(film)
        elif film.loaded is not None and not film.loaded.provisional and state is not None and state.film is not None:
            from cxrdesk.ui.viewer.state_view import state_view

            self._threads().start((film, film.loaded.own), partial(state_view, file, state.film, film.loaded))

    def _threads(self) -> Background:
        if self._reader is None:
            self._reader = Background(threads=1, latest_only=True, parent=self)
            self._reader.done.connect(self._on_read)
            self._reader.refused.connect(self._on_refused)
            self._reader.broken.connect(self._on_broken)
        return self._reader

    def _on_read(self, token: tuple[FilmView, LoadedFilm], shown: StateView) -> None:
        from cxrdesk.ui.viewer.state_view import area_geometry

        film, own = token
        if film.loaded is None or film.loaded.own.pyramid is not own.pyramid:
            return  # another film or frame stands there now
        if self._chosen.get(film) is not shown.file:
            return  # another choice was made while it was read
        self._shown[film] = shown
        geometry = area_geometry(film.geometry_, shown.view, ratio=film.devicePixelRatioF())
        film.dress(shown.loaded, self._layer(shown), geometry, inverted=shown.view.inverted)
        self._window.refresh_display()
        if shown.left_out:
            text = f"The presentation state is shown, but for this: {'; '.join(shown.left_out)}."
            self._window.reading.messages.warning(text, code="presentation-state")

    def _layer(self, shown: StateView) -> StateLayer:
        from cxrdesk.ui.viewer.state_layer import StateLayer

        state = self._window.session.state(shown.loaded.key)
        assert state.film is not None  # a state was read for it
        return StateLayer(
            self._without_own(shown.view), shown.loaded.radiograph.shape, partial(self._window.naming.words, state.film)
        )

    def _without_own(self, view: View) -> View:
        """The state without what is drawn on the film itself: a state of ours repeats the reader's drawings."""
        board = self._window.measuring.board
        if board is None or board.subject is None:
            return view
        from cxrdesk.ui.viewer.tools.graphics import graphics

        lines, texts = graphics(board.items, board.subject)
        return replace(
            view,
            graphics=tuple(one for one in view.graphics if not any(_alike(one, own) for own in lines)),
            texts=tuple(one for one in view.texts if one.text not in {own.text for own in texts}),
        )

    def _leave(self, film: FilmView) -> None:
        self._shown.pop(film, None)
        if film.loaded is not None and film.loaded.plain is not None:
            film.dress(film.loaded.plain, None, film.geometry_.upright().fit())
            self._window.refresh_display()

    def _on_refused(self, _token: object, error: UserError) -> None:
        naming, text = self._window.naming, error.text
        for file in self.states() if naming.masked else ():
            text = text.replace(file.path.name, "The presentation state")
        self._window.reading.messages.error(naming.sentence(text), code=error.code)

    def _on_broken(self, _token: object, error: Exception) -> None:
        text = f"cxrdesk made a mistake with a presentation state ({type(error).__name__}); please report it."
        self._window.reading.messages.error(text, code="bug")

    def _on_film(self) -> None:
        """Another film or frame is on the screen: a state of the one before is not for it, unless it says so."""
        film, shown = self._window.film, self._window.reading.shown
        before = self._shown.get(film)
        if shown is None or (before is not None and before.loaded.key != shown.key):
            self._shown.pop(film, None)
            before = None
        if shown is None:
            return
        if before is not None and film.loaded is not None and film.loaded.plain is None:
            del self._shown[film]
            if before.file in self.states():
                self.choose(before.file)
            else:
                self._window.reading.messages.info("The presentation state is not for this frame and was taken off.")
        elif shown.key not in self._told and (count := len(self.states())):
            self._told.add(shown.key)
            many = "A presentation state is" if count == 1 else f"{count} presentation states are"
            self._window.reading.messages.info(f"{many} stored with this film: {self._where()}.")

    def _where(self) -> str:
        key = self._window.action("states").shortcut().toString()
        return f"Window, Presentation state ({key})"

    def _on_opened(self, opened: list[tuple[str, StateFile]]) -> None:
        """States for films that were open before: told, and nothing shown by them until the reader chooses one."""
        current, loaded = self._window.reading.state, self._window.reading.shown
        ours = [file for key, file in opened if loaded is not None and key == loaded.key]
        others = list(dict.fromkeys(key for key, _ in opened if current is None or key != current.key))
        told = []
        if ours and loaded is not None:
            where = self._where()
            if any(file in ours for file in self.states()):
                self._told.add(loaded.key)
            else:
                where = "no state is shown on a colour picture" if loaded.coloured else "another frame has to be seen"
            told.append(f"{_were(len(ours))} opened for this film, which is shown as before: {where}.")
        if others:
            named = self._window.naming.file(self._window.session.state(others[0]))
            films = named if len(others) == 1 else f"{len(others)} other films that are open"
            count = sum(key in others for key, _ in opened)
            told.append(f"{_were(count)} opened for {films}: show that film, then {self._where()}.")
        if told:  # a film that is still being decoded is told of when it is shown
            self._window.reading.messages.info(" ".join(told))
        self._window.windows.refresh()

    def _on_settings(self) -> None:
        """Names are masked, or shown again."""
        for film, shown in self._shown.items():
            if self._is_on(film):
                film.state_layer = self._layer(shown)
                film.update()

    def stop(self) -> None:
        """End the thread."""
        if self._reader is not None:
            self._reader.stop()
