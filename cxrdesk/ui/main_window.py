"""The window: study list, film, findings. It arranges; `cxrdesk.ui.reading` decides."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QToolBar, QVBoxLayout, QWidget

from cxrdesk.studies.settings import Settings
from cxrdesk.ui.accessible import install as install_roles
from cxrdesk.ui.actions import ACTIONS
from cxrdesk.ui.bars import bind, fill_menus, fill_tool_bar, make_actions
from cxrdesk.ui.corner_words import corner_content
from cxrdesk.ui.dialog_door import DialogDoor
from cxrdesk.ui.file_door import FileDoor
from cxrdesk.ui.film_menu import open_film_menu
from cxrdesk.ui.film_notes import film_notes, no_results
from cxrdesk.ui.frame_bar import FrameBar
from cxrdesk.ui.handlers import Handlers, layout_handlers, view_handlers, window_handlers
from cxrdesk.ui.keymap import keys_in_force
from cxrdesk.ui.layering import Layering
from cxrdesk.ui.measuring import Measuring, measure_handlers
from cxrdesk.ui.messages import MessageBar
from cxrdesk.ui.naming import Naming
from cxrdesk.ui.panels.findings import FindingsPanel, Models
from cxrdesk.ui.panels.study_list import StudyList
from cxrdesk.ui.panes import Panes
from cxrdesk.ui.plugin_door import PluginDoor
from cxrdesk.ui.plugin_work import PluginWork
from cxrdesk.ui.reading import Reading
from cxrdesk.ui.session import FilmState, Session
from cxrdesk.ui.state_door import StateDoor
from cxrdesk.ui.status_line import StatusLine
from cxrdesk.ui.theme import panel_width
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.layout import ViewGrid
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.window_door import WindowDoor

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.ui.picture_door import PictureDoor

_SIZE = (1366, 768)
_EMPTY = (
    "Drop films or a folder here",
    "or press Ctrl+O to open files, Ctrl+Shift+O to open a folder.\nDICOM, PNG, JPEG and TIFF.",
)


class MainWindow(QMainWindow):
    """One reading room."""

    settings_edited = Signal(object)
    """The reader changed settings that are to be kept."""
    closed = Signal()

    def __init__(self, reading: Reading, plugin_work: PluginWork) -> None:
        super().__init__()
        install_roles()
        self.reading = reading
        self.plugins = PluginDoor(self, plugin_work, reading.messages)
        self.registry: Registry | None = None
        self._masked, self._shortcuts = reading.settings.mask_names, reading.settings.shortcuts
        self.setWindowTitle("cxrdesk")
        self.setAcceptDrops(True)
        self.grid = ViewGrid()
        self.frames = FrameBar()
        self.panes = Panes(self.grid, reading, self._dress, self)
        self.studies = StudyList()
        self.side = QSplitter(Qt.Orientation.Vertical)
        self.side.addWidget(self.studies)
        self.measuring = Measuring(reading, self.grid, self.side)
        self.findings = FindingsPanel()
        self.status = StatusLine(self.statusBar())
        self.layering = Layering(reading)
        self.files = FileDoor(self, reading)
        self.dialogs = DialogDoor(self, reading, self.use)
        self.windows = WindowDoor(self)
        self.states = StateDoor(self)
        self.actions_ = make_actions(self, self._handlers())
        self.measuring.watch(self.actions_)
        bind(self.actions_, keys_in_force(reading.settings.shortcuts))
        fill_menus(self.menuBar(), self.actions_)
        tools = QToolBar("Tools")
        tools.setObjectName("tools")
        tools.setMovable(False)
        tools.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        fill_tool_bar(tools, self.actions_)
        self.addToolBar(tools)
        self._lay_out()
        self._connect()
        self.actions_["mask"].setChecked(True)
        self.actions_["saliency"].setChecked(True)
        self._check_settings()
        self.actions_["link"].setChecked(True)
        self.resize(*_SIZE)
        self.film.clear(*_EMPTY)
        self._refresh_actions()
        self.film.setFocus()

    @property
    def film(self) -> FilmView:
        """The chosen pane: the film that results and actions are for."""
        return self.grid.pane

    @property
    def session(self) -> Session:
        """The open films and their results."""
        return self.reading.session

    @cached_property
    def pictures(self) -> PictureDoor:
        """Copies, saves and prints what is seen."""
        from cxrdesk.ui.picture_door import PictureDoor
        from cxrdesk.ui.snapshot import Scene

        scene, masked = lambda: Scene.of(self.grid, self.grid.panes), lambda: self.reading.settings.mask_names
        return PictureDoor(self, self.reading.messages, scene, masked)

    def finish_pictures(self) -> None:
        """Save and print to the end what was begun."""
        if "pictures" in self.__dict__:  # made when they are first asked for
            self.pictures.work.finish()

    @property
    def naming(self) -> Naming:
        """What films and patients are called now."""
        return Naming(self.session.states, masked=self.reading.settings.mask_names)

    def _lay_out(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.grid, 1)
        column.addWidget(self.frames)
        self.bar = MessageBar(self.grid, middle)
        split = QSplitter(Qt.Orientation.Horizontal)
        for widget, stretch in ((self.side, 0), (middle, 1), (self.findings, 0)):
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, stretch)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(1)
        left, right = panel_width(230), panel_width(372)
        split.setSizes([left, _SIZE[0] - left - right, right])
        self.setCentralWidget(split)

    def _connect(self) -> None:
        reading, findings = self.reading, self.findings
        reading.messages.posted.connect(
            lambda message: self.bar.show_message(replace(message, text=self.naming.sentence(message.text)))
        )
        reading.films_changed.connect(self._refresh_list)
        reading.film_shown.connect(self._show_film)
        reading.first_look.connect(self._show_first_look)
        self.frames.chosen.connect(reading.show_frame)
        reading.results_changed.connect(self._refresh_results)
        reading.settings_changed.connect(self._refresh_settings)
        self.measuring.follow()
        self.states.follow()
        self.studies.chosen.connect(self._choose)
        self.grid.step_requested.connect(reading.step)
        self.grid.display_changed.connect(lambda: self.status.show_film(self.film))
        self.grid.display_changed.connect(self.windows.refresh)
        self.grid.menu_requested.connect(partial(open_film_menu, self))
        self.panes.compared.connect(self._refresh_checks)
        findings.age_given.connect(lambda age: reading.answer(age_years=age))
        findings.view_given.connect(lambda view: reading.answer(view=view))
        findings.impression_committed.connect(reading.commit_impression)
        findings.cancel_requested.connect(reading.cancel)
        findings.run_requested.connect(reading.run_again)
        findings.map_chosen.connect(self._choose_map)
        findings.operating_point_chosen.connect(lambda name: self.edit(operating_point=name))
        findings.opacity_changed.connect(lambda opacity: self.edit(saliency_opacity=opacity))

    def _handlers(self) -> Handlers:
        parts = (window_handlers, view_handlers, layout_handlers, measure_handlers)
        return {name: call for part in parts for name, call in part(self).items()}

    def set_registry(self, registry: Registry) -> None:
        """Say what is installed."""
        self.registry = registry
        for door in (self.files, self.dialogs):
            door.registry = registry
        self.plugins.set_registry(registry)
        models = Models(segmenters=tuple(registry.segmenters), detectors=tuple(registry.detectors))
        points, wanted = models.operating_points, self.reading.settings.operating_point
        if points and wanted not in points:
            text = f"No installed detector has the operating point {wanted!r} of the settings; {points[0]!r} is used."
            self.reading.messages.warning(text, code="settings")
            self.reading.change_settings(replace(self.reading.settings, operating_point=points[0]))
        self.findings.set_models(models, self.reading.settings.operating_point)
        count = len(registry.failures)
        if count:
            plugins = "One plugin" if count == 1 else f"{count} plugins"
            self.reading.messages.warning(f"{plugins} could not be listed; Help, Plugins says why.", code="plugins")
        self._refresh_results()

    def restyle(self) -> None:
        """Show everything in the colours of another theme and in another size of text."""
        self.grid.restyle()
        self.studies.view.doItemsLayout()
        self.bar.restyle()
        self.findings.restyle()
        self._refresh_results()
        for widget in self.findChildren(QWidget):
            widget.update()

    # What the reading says

    def _refresh_list(self) -> None:
        self.studies.show_states(self.session.states, self.reading.state, self.naming)
        self._refresh_actions()
        if self.reading.state is None:
            self._show_film()
        if not self.session.states and not self.reading.finding:
            self.bar.clear()  # what was said of films that are closed must not stand over another patient's

    def _show_film(self) -> None:
        """The film of the session onto the screen, or what stands in its place."""
        state, loaded = self.reading.state, self.reading.shown
        if loaded is not None:
            # A pane that is chosen again shows its film as the reader left it.
            on_screen = self.film.loaded
            same = on_screen is not None and on_screen.key == loaded.key
            if not same or on_screen is None:
                self.film.show_film(loaded)
            elif on_screen.own.pyramid is not loaded.pyramid or on_screen.provisional:
                # A first look is sharpened, and frames of a film are shown alike; a file read anew is another film.
                several = on_screen.presentation.frames > 1
                (self.film.sharpen if on_screen.provisional or several else self.film.show_film)(loaded)
        elif state is None:
            self.film.clear(*(("Looking for films…", "") if self.reading.finding else _EMPTY))
        elif state.failure is not None:
            self.film.clear("This film cannot be shown", self.naming.failure(state))
        else:
            self.film.clear("Reading the film…", "")
        self._refresh_checks()
        self.frames.show_film(loaded)
        self.studies.select(state)
        self._refresh_actions()
        self._refresh_results()

    def _show_first_look(self, loaded: LoadedFilm) -> None:
        """What can be seen of the film before it is decoded; nothing else is done with it."""
        if self.reading.state is not None:
            self.film.show_film(loaded)
            self._dress(self.film, self.reading.state, loaded)

    def _refresh_results(self) -> None:
        reading = self.reading
        loaded, state = reading.shown, reading.state
        if loaded is not None and state is not None:
            if self.film.loaded is not None and self.film.loaded.own.radiograph is not loaded.radiograph:
                self.film.update_film(loaded.radiograph)
            self._dress(self.film, state, loaded)
        shown = state if loaded is not None else None
        self.findings.show_state(
            shown,
            reading.settings,
            hidden=reading.hidden,
            chosen=self._visible_map(),
            note=no_results(self.registry, state, loaded),
            about=film_notes(loaded.radiograph, loaded.presentation) if loaded is not None else (),
        )
        self.refresh_layers()
        self._refresh_actions()

    def _dress(self, pane: FilmView, state: FilmState, loaded: LoadedFilm) -> None:
        """What lies over the film of a pane: words in its corners, outlines and map."""
        content = corner_content(state, loaded.radiograph, loaded.presentation, self.reading.settings, self.naming)
        if lines := self.states.lines_in(pane):
            content = replace(content, upper_right=(*content.upper_right, *lines))
        pane.set_corners(content)
        self._put_layers(pane, state)

    def _put_layers(self, pane: FilmView, state: FilmState | None) -> None:
        outlines, saliency = (self.actions_[key].isChecked() for key in ("mask", "saliency"))
        self.layering.put_over(pane, state, outlines=outlines, saliency=saliency)

    def refresh_display(self) -> None:
        """The chosen pane's film is shown by a presentation state, or not any more."""
        self._refresh_checks()
        state, loaded = self.reading.state, self.reading.shown
        if state is not None and loaded is not None:
            self._dress(self.film, state, loaded)

    def _refresh_checks(self) -> None:
        """Actions that are on or off say how the chosen pane is shown."""
        comparing = self.panes.comparing
        for key, on in (
            ("invert", self.film.inverted),
            ("magnify", self.film.magnifying),
            ("swipe", comparing == "swipe"),
            ("blink", comparing == "blink"),
        ):
            self.actions_[key].setChecked(on)

    def _visible_map(self) -> tuple[str, str] | None:
        return self.reading.map_choice if self.actions_["saliency"].isChecked() else None

    def refresh_layers(self) -> None:
        """Outlines and map as the reader wants to see them, on each pane's film its own."""
        for pane in self.grid.panes:
            self._put_layers(pane, self.panes.state(pane))

    def _refresh_settings(self) -> None:
        settings = self.reading.settings
        self.findings.show_operating_point(settings.operating_point)
        if self._shortcuts != settings.shortcuts:  # a slider changes settings at every step
            self._shortcuts = settings.shortcuts
            bind(self.actions_, keys_in_force(settings.shortcuts))
        self._check_settings()
        if self._masked != settings.mask_names:
            self._masked = settings.mask_names
            self.bar.clear()  # its sentences may name files
            self._refresh_list()
        self.panes.refresh_captions()

    def _check_settings(self) -> None:
        """Actions that switch a setting, as it stands."""
        settings = self.reading.settings
        for key, on in (
            ("mask_names", settings.mask_names),
            ("tint", settings.mask_style == "tint"),
            ("contours", settings.map_style == "contours"),
        ):
            self.actions_[key].setChecked(on)

    def _refresh_actions(self) -> None:
        shown, state = self.reading.shown is not None, self.reading.state
        for spec in ACTIONS:
            if spec.film:
                self.actions_[spec.key].setEnabled(shown)
        self.actions_["cancel"].setEnabled(state is not None and state.running)
        self.actions_["close"].setEnabled(bool(self.session.states))
        self.actions_["report"].setEnabled(bool(self.session.states))
        self.actions_["previous"].setEnabled(self.session.neighbour(-1) is not None)
        self.actions_["next"].setEnabled(self.session.neighbour(1) is not None)

    # What the reader does

    def _choose(self, key: str) -> None:
        if self.reading.state is None or self.reading.state.key != key:
            self.reading.show(key)

    def _choose_map(self, detector: str, finding: str) -> None:
        choice = (detector, finding)
        shown = self._visible_map() == choice
        self.actions_["saliency"].setChecked(not shown)
        self.reading.choose_map(choice)

    def edit(self, **changes: Any) -> None:
        """Some settings that the reader changed."""
        self.use(replace(self.reading.settings, **changes))

    def use(self, settings: Settings) -> None:
        """Settings that the reader changed."""
        if settings != self.reading.settings:
            self.reading.change_settings(settings)
            self.settings_edited.emit(settings)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files and folders may be dropped anywhere."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped; a plugin's package is looked at first."""
        event.acceptProposedAction()
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        self.reading.open(self.plugins.take(paths))

    def closeEvent(self, event: QCloseEvent) -> None:
        """The application ends what runs."""
        self.closed.emit()
        event.accept()

    def action(self, key: str) -> QAction:
        """An action of the table."""
        return self.actions_[key]
