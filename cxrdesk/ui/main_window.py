"""The window: study list, film, findings. It arranges; `cxrdesk.ui.reading` decides."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QMainWindow, QSplitter, QToolBar, QVBoxLayout, QWidget

from cxrdesk import DISCLAIMER
from cxrdesk.imaging.errors import UserError
from cxrdesk.studies.settings import Settings
from cxrdesk.ui import film_words
from cxrdesk.ui.actions import fill_menus, fill_tool_bar, make_actions
from cxrdesk.ui.messages import MessageBar
from cxrdesk.ui.panels.findings import FindingsPanel, Models
from cxrdesk.ui.panels.pieces import ElidedLabel
from cxrdesk.ui.panels.study_list import StudyList, study_title
from cxrdesk.ui.plugin_door import PluginDoor
from cxrdesk.ui.plugin_work import PluginWork
from cxrdesk.ui.reading import Reading
from cxrdesk.ui.session import Session
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.layers import MaskLayer, SaliencyLabel, SaliencyLayer
from cxrdesk.ui.viewer.overlays import mask_box

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.imaging.preprocess import Box
    from cxrdesk.inference.result import MaskResult, SaliencyResult

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
        self.reading = reading
        self.plugins = PluginDoor(self, plugin_work, reading.messages)
        self.registry: Registry | None = None
        self._layers: tuple[tuple[object, ...], MaskLayer | None, SaliencyLayer | None] | None = None
        self._on_screen: str | None = None
        self.setWindowTitle("cxrdesk")
        self.setAcceptDrops(True)
        self.film = FilmView()
        self.studies = StudyList()
        self.findings = FindingsPanel()
        self.bar = MessageBar()
        self.actions_ = make_actions(self, self._handlers())
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
        self.resize(*_SIZE)
        self.film.clear(*_EMPTY)
        self._refresh_actions()
        self.film.setFocus()

    @property
    def session(self) -> Session:
        """The open films and their results."""
        return self.reading.session

    def _lay_out(self) -> None:
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.film, 1)
        split = QSplitter(Qt.Orientation.Horizontal)
        for widget, stretch in ((self.studies, 0), (middle, 1), (self.findings, 0)):
            split.addWidget(widget)
            split.setStretchFactor(split.count() - 1, stretch)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(1)
        split.setSizes([230, _SIZE[0] - 230 - 372, 372])
        self.setCentralWidget(split)
        status = self.statusBar()
        status.setSizeGripEnabled(False)
        self.window_label, self.zoom_label, self.value_label = ElidedLabel(), ElidedLabel(), ElidedLabel()
        for widget in (self.window_label, self.zoom_label, self.value_label):
            status.addWidget(widget)
        disclaimer = QLabel(DISCLAIMER)
        disclaimer.setProperty("role", "disclaimer")
        self.disclaimer = disclaimer
        status.addPermanentWidget(disclaimer)

    def _connect(self) -> None:
        reading, findings = self.reading, self.findings
        reading.messages.posted.connect(self.bar.show_message)
        reading.films_changed.connect(self._refresh_list)
        reading.film_shown.connect(self._show_film)
        reading.results_changed.connect(self._refresh_results)
        reading.settings_changed.connect(self._refresh_settings)
        self.studies.chosen.connect(self._choose)
        self.film.step_requested.connect(reading.step)
        self.film.display_changed.connect(self._refresh_status)
        findings.age_given.connect(lambda age: reading.answer(age_years=age))
        findings.view_given.connect(lambda view: reading.answer(view=view))
        findings.impression_committed.connect(reading.commit_impression)
        findings.cancel_requested.connect(reading.cancel)
        findings.run_requested.connect(reading.run_again)
        findings.map_chosen.connect(self._choose_map)
        findings.operating_point_chosen.connect(lambda name: self._edit(operating_point=name))
        findings.opacity_changed.connect(lambda opacity: self._edit(saliency_opacity=opacity))

    def _handlers(self) -> dict[str, Callable[..., object]]:
        film, reading = self.film, self.reading
        return {
            "open": self._open_files,
            "open_folder": self._open_folder,
            "report": self._ask_report,
            "close": reading.close_all,
            "settings": self._settings,
            "quit": self.close,
            "previous": lambda: reading.step(-1),
            "next": lambda: reading.step(1),
            "run": reading.run_again,
            "cancel": reading.cancel,
            "fit": film.fit,
            "actual": film.actual_size,
            "zoom_in": lambda: film.zoom(1),
            "zoom_out": lambda: film.zoom(-1),
            "invert": film.invert,
            "reset": film.reset_window,
            "mask": self._refresh_layers,
            "saliency": self._refresh_layers,
            "focus_list": lambda: self.studies.view.setFocus(Qt.FocusReason.ShortcutFocusReason),
            "focus_film": lambda: self.film.setFocus(Qt.FocusReason.ShortcutFocusReason),
            "focus_findings": self._focus_findings,
            "plugins": self.plugins.open_panel,
            "keys": self._keys,
            "about": self._about,
        }

    def set_registry(self, registry: Registry) -> None:
        """Say what is installed."""
        self.registry = registry
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
        """Show everything in the colours of another theme."""
        self.bar.restyle()
        self.findings.restyle()
        self._refresh_results()
        for widget in self.findChildren(QWidget):
            widget.update()

    # What the reading says

    def _refresh_list(self) -> None:
        self.studies.show_states(self.session.states, self.reading.state)
        self._refresh_actions()
        if self.reading.state is None:
            self._show_film()

    def _show_film(self) -> None:
        """The film of the session onto the screen, or what stands in its place."""
        state, loaded = self.reading.state, self.reading.shown
        self._layers = None
        if loaded is not None:
            self.film.show_film(loaded)
        elif state is None:
            self.film.clear(*(("Looking for films…", "") if self.reading.finding else _EMPTY))
        elif state.failure is not None:
            self.film.clear("This film cannot be shown", state.failure.text)
        else:
            self.film.clear("Reading the film…", "")
        self.actions_["invert"].setChecked(False)
        self.studies.select(state)
        self._refresh_actions()
        self._refresh_results()

    def _refresh_results(self) -> None:
        reading = self.reading
        loaded, state = reading.shown, reading.state
        if loaded is not None and state is not None:
            if self.film.loaded is not None and self.film.loaded.radiograph is not loaded.radiograph:
                self.film.update_film(loaded.radiograph)
            badge = film_words.PHANTOM_BADGE if loaded.radiograph.source == "phantom" else None
            patient = [study_title(state.film)[0]] if state.film is not None else []
            self.film.set_caption([*patient, *film_words.film_lines(loaded.radiograph, state.answered)], badge)
        shown = state if loaded is not None else None
        self.findings.show_state(
            shown, reading.settings, hidden=reading.hidden, chosen=self._visible_map(), note=self._note()
        )
        self._refresh_layers()
        self._refresh_actions()

    def _note(self) -> str:
        if self.registry is None:
            return "Looking for installed detectors…" if self.reading.state is not None else ""
        if not self.registry.detectors and not self.registry.segmenters:
            return "No detector is installed. Help, Plugins lists what was found."
        if self.reading.state is None:
            return "Results appear here once a film is open."
        return "No detector can look at this file." if self.reading.state.failure is not None else ""

    def _visible_map(self) -> tuple[str, str] | None:
        return self.reading.map_choice if self.actions_["saliency"].isChecked() else None

    def _refresh_layers(self) -> None:
        reading, state = self.reading, self.reading.state
        masks: tuple[MaskResult, ...] = ()
        saliency = None
        if reading.shown is not None and state is not None and not reading.hidden:
            if self.actions_["mask"].isChecked():
                masks = tuple(result for result in state.masks.values() if result.mask is not None)
            if self.actions_["saliency"].isChecked():
                saliency = reading.saliency()
        wanted = (*masks, saliency)
        if self._layers is None or self._layers[0] != wanted:
            mask_layer = MaskLayer(list(masks)) if masks else None
            self._layers = (wanted, mask_layer, self._saliency_layer(saliency))
        self.film.set_layers(self._layers[1], self._layers[2], reading.settings.saliency_opacity, self._lungs())

    def _lungs(self) -> Box | None:
        """The box around the lungs, whether or not their outline is shown."""
        state = self.reading.state
        for result in state.masks.values() if state is not None else ():
            if result.mask is not None and result.mask.structure == "lungs":
                return mask_box(result.mask.values)
        return None

    def _saliency_layer(self, saliency: SaliencyResult | None) -> SaliencyLayer | None:
        choice, state = self.reading.map_choice, self.reading.state
        if saliency is None or choice is None or state is None:
            return None
        from cxrdesk.ui import words

        spec = state.detectors[choice[0]].spec
        label = SaliencyLabel(
            title=f"{words.finding_name(choice[1])}: {spec.name}", evidence=words.evidence_badge(spec.evidence)
        )
        return SaliencyLayer(saliency, label)

    def _refresh_settings(self) -> None:
        self.findings.show_operating_point(self.reading.settings.operating_point)

    def _refresh_actions(self) -> None:
        shown, state = self.reading.shown is not None, self.reading.state
        for key in ("fit", "actual", "zoom_in", "zoom_out", "invert", "reset", "run"):
            self.actions_[key].setEnabled(shown)
        self.actions_["cancel"].setEnabled(state is not None and state.running)
        self.actions_["close"].setEnabled(bool(self.session.states))
        self.actions_["report"].setEnabled(bool(self.session.states))
        self.actions_["previous"].setEnabled(self.session.neighbour(-1) is not None)
        self.actions_["next"].setEnabled(self.session.neighbour(1) is not None)

    def _refresh_status(self) -> None:
        film = self.film
        if film.loaded is None or film.windowing is None:
            for widget in (self.window_label, self.zoom_label, self.value_label):
                widget.clear()
            return
        window = film.windowing.window
        self.window_label.setText(f"Window center {window.center:.0f}, width {window.width:.0f}")
        self.zoom_label.setText(f"Zoom {film.geometry_.scale * film.devicePixelRatioF() * 100:.0f} %")
        if film.cursor_pixel is None:
            self.value_label.clear()
        else:
            row, col = film.cursor_pixel
            radiograph = film.loaded.radiograph
            value = float(radiograph.modality_lut.apply(radiograph.stored[row : row + 1, col : col + 1])[0, 0])
            self.value_label.setText(f"Value {value:.6g} at row {row}, column {col}")

    # What the reader does

    def _choose(self, key: str) -> None:
        if self.reading.state is None or self.reading.state.key != key:
            self.reading.show(key)

    def _choose_map(self, detector: str, finding: str) -> None:
        choice = (detector, finding)
        shown = self._visible_map() == choice
        self.actions_["saliency"].setChecked(not shown)
        self.reading.choose_map(choice)

    def _edit(self, **changes: Any) -> None:
        self._use(replace(self.reading.settings, **changes))

    def _use(self, settings: Settings) -> None:
        if settings != self.reading.settings:
            self.reading.change_settings(settings)
            self.settings_edited.emit(settings)

    def _open_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(self, "Open films", "", "All files (*)")
        self.reading.open([Path(name) for name in names])

    def _open_folder(self) -> None:
        if name := QFileDialog.getExistingDirectory(self, "Open a folder of films"):
            self.reading.open([Path(name)])

    def _ask_report(self) -> None:
        dialog = QFileDialog(self, "Save the report of all films")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("JSON (*.json)")
        dialog.setDefaultSuffix("json")
        dialog.selectFile("cxrdesk-report.json")
        dialog.fileSelected.connect(lambda name: self.save_report(Path(name)))
        dialog.open()

    def save_report(self, path: Path) -> None:
        """Write what is known about all films as JSON at `path`, and as a table beside it."""
        from cxrdesk.ui.export import report_content, save

        reading = self.reading
        try:
            export = report_content(self.session, reading.settings, self.registry, reading.radiograph)
            saved = save(export.content, path)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else "input/output error"
            reading.messages.error(f"The report could not be saved in {path.parent} ({reason}); choose another folder.")
            return
        except UserError as error:
            reading.messages.error(error.text, code=error.code)
            return
        text = f"The report was saved as {' and '.join(file.name for file in saved)}."
        if export.left_out:
            reading.messages.warning(f"{text} Left out: {', '.join(export.left_out)}.")
        else:
            reading.messages.info(text)

    def _focus_findings(self) -> None:
        self.findings.focus_first()

    def _settings(self) -> None:
        from cxrdesk.ui.dialogs.settings import SettingsDialog

        findings = self.registry.detectors if self.registry is not None else []
        dialog = SettingsDialog(
            self.reading.settings, sorted({key for spec in findings for key in spec.findings}), self
        )
        dialog.accepted.connect(lambda: self._use(dialog.settings()))
        dialog.open()

    def _keys(self) -> None:
        from cxrdesk.ui.dialogs.about import KeysDialog

        KeysDialog(self).open()

    def _about(self) -> None:
        from cxrdesk.ui.dialogs.about import AboutDialog

        AboutDialog(self).open()

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
