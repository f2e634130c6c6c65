"""Window by numbers and by name, the histogram with the window drawn in, and a switch for each table."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.imaging.gamma import LEAST_GAMMA, MOST_GAMMA
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import VoiFunction, Window
from cxrdesk.ui.panels.histogram_view import HistogramView
from cxrdesk.ui.panels.number_field import NumberField
from cxrdesk.ui.panels.pieces import label
from cxrdesk.ui.panels.whole_words import WordsBox, WordsSwitch
from cxrdesk.ui.stored_states import NO_STATE
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.histogram import Histogram, histogram
from cxrdesk.ui.viewer.presets import Preset
from cxrdesk.ui.viewer.windowing import Switches, Windowing, seen_voi

_CURVES = (
    ("Linear", VoiFunction.LINEAR_EXACT),
    ("Sigmoid", VoiFunction.SIGMOID),
)
_BY_HAND = "By hand"
_LARGEST = 1e7
_NARROWEST = 0.1


def table_words(key: str, radiograph: Radiograph, windowing: Windowing, *, on: bool) -> str:
    """What one of a film's tables is, or that it is left out: ``"Modality: slope 2, intercept -500"``."""
    if key == "modality":
        lut = radiograph.modality_lut
        identity = (lut.slope, lut.intercept) == (1.0, 0.0)
        told = "none" if identity else f"slope {lut.slope:g}, intercept {lut.intercept:g}"
        told = told if lut.table is None else f"table of {len(lut.table)}"
        return f"Modality LUT: {told if on else 'off'}"
    if key == "voi":
        voi = windowing.voi
        told = voi.function.value.replace("_", " ").lower() if isinstance(voi, Window) else "table"
        return f"Window or VOI LUT: {told if on else 'off'}"
    told = "inverse" if radiograph.inverted else "identity"
    return f"Presentation LUT: {told if on else 'off'}"


class WindowPanel(QWidget):
    """Shows how a film is windowed, and says what the reader wants instead."""

    voi_chosen = Signal(object)
    switches_chosen = Signal(object)
    planes_chosen = Signal(bool)
    gamma_chosen = Signal(float)
    state_chosen = Signal(int)
    """Number of the presentation state in the list, from 1; 0 for none."""
    refused = Signal()
    """`refusal` says why what was entered is no number."""
    entered = Signal()
    """A number was typed to its end."""
    given_up = Signal(str)
    """What was typed and left is no number."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._film: object = None
        self._histogram: Histogram | None = None
        self._presets: list[Preset] = []
        self._filling = False
        self.histogram = HistogramView()
        self.center = NumberField("Center", least=-_LARGEST, most=_LARGEST)
        self.width_ = NumberField("Width", least=_NARROWEST, most=_LARGEST)
        for field, name in ((self.center, "center"), (self.width_, "width")):
            field.setAccessibleName(f"Window {name}")
            field.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.gamma = NumberField("Gamma", least=LEAST_GAMMA, most=MOST_GAMMA, decimals=2)
        self.gamma.setSingleStep(0.05)
        self.gamma.setToolTip("Above 1 the middle of the grays is brighter; black and white stay")
        self.no_gamma = QToolButton()
        self.no_gamma.setText("Reset gamma")
        self.no_gamma.setAccessibleName("Reset gamma")
        self.no_gamma.setToolTip("No gamma; the window stays")
        self._state_name = QLabel("Presentation state")
        self.refusal = label("", "problem")
        self.refusal.setVisible(False)
        self.presets, self.curve, self.states = WordsBox(), WordsBox(), WordsBox()
        self.presets.setAccessibleName("Window by name")
        self.curve.setAccessibleName("Curve of the window")
        self.states.setAccessibleName("Presentation state that the film is shown by")
        self.curve.addItems([name for name, _ in _CURVES])
        self.tables = {
            "modality": self._switch("", "Rescale or modality LUT; off: stored values"),
            "voi": self._switch("", "Window or VOI LUT; off: the whole range of values"),
            "presentation": self._switch("", "Polarity as the film states it, and gamma; off: larger is brighter"),
        }
        self.planes = self._switch("Overlay planes", "Graphics that the file brings (60xx)")
        self.planes.toggled.connect(self._planes_edited)
        self._lay_out()
        self.states.activated.connect(self.state_chosen)
        self.presets.activated.connect(self._preset_chosen)
        self.curve.activated.connect(self._numbers_edited)
        for number in (self.center, self.width_):
            number.valueChanged.connect(self._numbers_edited)
        self.gamma.valueChanged.connect(self._gamma_edited)
        self.no_gamma.clicked.connect(lambda: self.gamma.setValue(1.0))
        for number in (self.center, self.width_, self.gamma):
            number.refused.connect(partial(self._refuse, number))
            number.accepted.connect(lambda: self.refusal.setVisible(False))
            number.entered.connect(self.entered)
            number.given_up.connect(self.given_up)
        for switch in self.tables.values():
            switch.toggled.connect(self._switches_edited)

    def _lay_out(self) -> None:
        heading = label("Window", "heading")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 12, 10)
        column.setSpacing(6)
        column.addWidget(heading)
        column.addWidget(self.histogram)
        column.addWidget(self._state_name)
        column.addWidget(self.states)
        self._state_name.setBuddy(self.states)
        grid = self._grid = QGridLayout()
        self._rows: dict[QWidget, int] = {}
        grid.setSpacing(6)
        for row, (text, widget) in enumerate(
            (
                ("Preset", self.presets),
                ("Center", self.center),
                ("Width", self.width_),
                ("Curve", self.curve),
                ("Gamma", self.gamma),
            )
        ):
            name = QLabel(text)
            name.setBuddy(widget)
            grid.addWidget(name, 2 * row, 0)  # a refusal stands in the row below
            grid.addWidget(widget, 2 * row, 1)
            self._rows[widget] = 2 * row
        grid.addWidget(self.no_gamma, grid.rowCount() + 1, 1, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.refusal, grid.rowCount(), 0, 1, 2)
        column.addLayout(grid)
        for switch in (*self.tables.values(), self.planes):
            column.addWidget(switch)

    def _switch(self, text: str, tip: str) -> WordsSwitch:
        box = WordsSwitch(text)
        box.setToolTip(tip)
        box.setChecked(True)
        return box

    def show_film(self, film: FilmView, presets: list[Preset]) -> None:
        """Say how a film is windowed.

        Parameters
        ----------
        presets : list of Preset
            What can be chosen for it.
        """
        loaded, windowing = film.loaded, film.windowing
        self.setEnabled(loaded is not None and not loaded.coloured)
        if loaded is None or windowing is None:
            self._film = self._histogram = None
            self.histogram.show_values(None, None, turned=False)
            return
        self._filling = True
        counted = (loaded.pyramid, loaded.radiograph.modality_lut)
        if self._film != counted:
            self._film, self._histogram = counted, histogram(loaded)
        if [preset.name for preset in self._presets] != [preset.name for preset in presets]:
            self.presets.clear()
            self.presets.addItems([preset.name for preset in presets])
        self._presets = presets
        index = next((number for number, preset in enumerate(presets) if preset.voi is windowing.voi), -1)
        self.presets.setCurrentIndex(index)
        self.presets.setPlaceholderText(_BY_HAND)
        window = windowing.window
        self.center.setValue(window.center)
        self.width_.setValue(window.width)
        self.gamma.setValue(windowing.gamma)
        self.refusal.setVisible(False)  # each field holds a number again
        self.curve.setCurrentIndex(int(window.function is VoiFunction.SIGMOID))
        for key, box in self.tables.items():
            box.setChecked(getattr(film.switches, key))
            box.say(table_words(key, loaded.radiograph, windowing, on=box.isChecked()))
        self.planes.setVisible(bool(loaded.presentation.overlays))
        self.planes.setChecked(film.planes_shown)
        turned = (windowing.dark_up and film.switches.presentation) != film.inverted
        voi = seen_voi(loaded.radiograph, windowing, film.switches, inverted=film.inverted)
        self.histogram.show_values(self._histogram, voi, turned=turned)
        self._filling = False

    def show_states(self, names: list[str], chosen: str) -> None:
        """Say which presentation states there are for the film, and by which it is shown; empty for none."""
        for widget in (self._state_name, self.states):
            widget.setVisible(bool(names))
        wanted = [NO_STATE, *names]
        if [self.states.itemText(row) for row in range(self.states.count())] != wanted:
            self.states.clear()
            self.states.addItems(wanted)
        self.states.setCurrentIndex(names.index(chosen) + 1 if chosen in names else 0)

    def _preset_chosen(self, index: int) -> None:
        self.voi_chosen.emit(self._presets[index].voi)

    def _numbers_edited(self) -> None:
        if self._filling:
            return
        function = _CURVES[self.curve.currentIndex()][1]
        window = Window(
            center=self.center.value(), width=self.width_.value(), function=function, explanation="set by hand"
        )
        self.voi_chosen.emit(window)

    def _gamma_edited(self, gamma: float) -> None:
        if not self._filling:
            self.gamma_chosen.emit(gamma)

    def _refuse(self, field: NumberField, sentence: str) -> None:
        self._grid.removeWidget(self.refusal)
        self._grid.addWidget(self.refusal, self._rows[field] + 1, 0, 1, 2)
        self.refusal.setText(sentence)
        self.refusal.setVisible(True)
        self.refused.emit()

    def _switches_edited(self) -> None:
        if not self._filling:
            on = {key: box.isChecked() for key, box in self.tables.items()}
            self.switches_chosen.emit(replace(Switches(), **on))

    def _planes_edited(self, on: bool) -> None:
        if not self._filling:
            self.planes_chosen.emit(on)
