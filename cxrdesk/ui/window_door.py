"""Windows by key and by panel, for the chosen pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from cxrdesk.ui.theme import scaled
from cxrdesk.ui.viewer.presets import Preset, anatomical_presets, next_stored, stored_presets

if TYPE_CHECKING:  # the window imports this; the panel is not needed before the first film
    from cxrdesk.imaging.preprocess import Box
    from cxrdesk.imaging.voi import Voi
    from cxrdesk.ui.main_window import MainWindow
    from cxrdesk.ui.panels.giving_column import GivingColumn
    from cxrdesk.ui.panels.window_panel import WindowPanel
    from cxrdesk.ui.viewer.loaded import LoadedFilm
    from cxrdesk.ui.viewer.pyramid import Pyramid


_LIST_HEIGHT = 190
"""Screen pixels that are left to the list of studies and its heading where there is room."""
_PANEL_HEIGHT = 100
"""Screen pixels that the panel has at least; the rest of it scrolls."""
_GAMMA_STEP = 1.07


class WindowDoor:
    """Finds the presets of the film on the screen, once for each film."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.panel: WindowPanel | None = None
        self.area: GivingColumn | None = None
        self._before: list[int] = []
        self._told: tuple[object, ...] | None = None
        self._found: tuple[Pyramid, Voi, Box | None, list[Preset]] | None = None

    def choose(self, key: str) -> None:
        """A preset by its key; see `Preset`."""
        film = self._window.film
        if film.loaded is None or film.loaded.coloured:
            return
        if key == "next stored" and film.windowing is not None:
            film.use_voi(next_stored(film.loaded, film.windowing.voi))
            return
        preset = next((preset for preset in self.presets() if preset.key == key), None)
        if preset is not None:
            film.use_voi(preset.voi)

    def step_gamma(self, steps: int) -> None:
        """Gamma of the film on the screen by steps of which ten double it, nearly."""
        film = self._window.film
        if film.windowing is not None:
            film.set_gamma(film.windowing.gamma * _GAMMA_STEP**steps)

    def presets(self) -> list[Preset]:
        """All that can be chosen for the film on the screen."""
        loaded, lungs = self._window.film.loaded, self._window.film.lungs
        if loaded is None:
            return []
        default, found = loaded.windowing.default, self._found
        # A presentation state may leave a film's pixels as they are and bring a window.
        if found is None or found[0] is not loaded.pyramid or found[1] is not default or found[2] != lungs:
            found = self._found = (loaded.pyramid, default, lungs, _all(loaded, lungs))
        return found[3]

    def show_panel(self, on: bool) -> None:
        """Show or hide the panel under the list of studies; it is made when it is first shown."""
        if self.panel is None and on:
            self.panel = self._made()
        if self.area is None or self.area.isVisibleTo(self._window.side) == on:
            return
        side = self._window.side
        if on:
            self._before = side.sizes()
        self.area.setVisible(on)
        self._told = None
        self.refresh()
        QTimer.singleShot(0, self._window, self._make_room if on else self._give_back)  # once the splitter knows

    def _give_back(self) -> None:
        """Where the panels are the same as before it was opened, they are as high as they were."""
        side = self._window.side
        if [size > 0 for size in self._before] == [size > 0 for size in side.sizes()]:
            side.setSizes(self._before)

    def _make_room(self) -> None:
        """The panel whole if that can be, then a part of the list of studies; below it what is left, if not too little.

        What does not fit scrolls: no panel makes the window higher.
        """
        side, area = self._window.side, self.area
        if area is None or not area.isVisible():
            return
        studies, _, *below = side.sizes()
        measures = self._window.measuring.panel
        least = measures.minimumSizeHint().height() if measures is not None and measures.isVisible() else 0
        total = sum(side.sizes())
        panel = min(area.sizeHint().height(), total - least - self._window.studies.minimumSizeHint().height())
        listed = min(max(scaled(_LIST_HEIGHT), studies), total - least - panel)
        side.setSizes([listed, panel, *(total - panel - listed for _ in below)])

    def _made(self) -> WindowPanel:
        from cxrdesk.ui.panels.giving_column import GivingColumn
        from cxrdesk.ui.panels.window_panel import WindowPanel

        panel = WindowPanel()
        self.area = GivingColumn(panel, least=_PANEL_HEIGHT)
        self.area.setVisible(False)
        self._window.side.insertWidget(1, self.area)
        panel.voi_chosen.connect(lambda voi: self._window.film.use_voi(voi))
        panel.switches_chosen.connect(lambda switches: self._window.film.set_switches(switches))
        panel.gamma_chosen.connect(lambda gamma: self._window.film.set_gamma(gamma))
        panel.state_chosen.connect(self._choose_state)
        panel.refused.connect(lambda: QTimer.singleShot(0, self._window, self._show_refusal))  # once it has its place
        panel.entered.connect(lambda: self._window.film.setFocus())
        panel.given_up.connect(lambda text: self._window.reading.messages.warning(text))
        panel.planes_chosen.connect(lambda on: self._window.film.show_planes(on))
        return panel

    def _show_refusal(self) -> None:
        """Where the panel scrolls, it scrolls to what is wrong."""
        area, panel = self.area, self.panel
        if area is not None and panel is not None:
            area.ensureWidgetVisible(panel.refusal)

    def refresh(self) -> None:
        """Say how the film on the screen is windowed."""
        if self.panel is None or not self.panel.isVisibleTo(self._window):
            return
        film = self._window.film
        states = self._window.states
        names, chosen = states.names(), states.current_name
        now = (film.loaded, film.windowing, film.inverted, film.switches, film.planes_shown, film.lungs, *names, chosen)
        if self._told != now:
            self._told = now
            self.panel.show_film(film, self.presets())
            self.panel.show_states(names, chosen)

    def _choose_state(self, number: int) -> None:
        states = self._window.states
        states.choose(None if number == 0 else states.states()[number - 1])


def _all(loaded: LoadedFilm, lungs: Box | None) -> list[Preset]:
    return [*stored_presets(loaded), *anatomical_presets(loaded, lungs)]
