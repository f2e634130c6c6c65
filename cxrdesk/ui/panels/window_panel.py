"""Window by numbers and by name, the histogram with the window drawn in, and a switch for each table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.imaging.voi import Voi, VoiFunction, Window
from cxrdesk.ui.panels.pieces import label
from cxrdesk.ui.theme import colours
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.histogram import Histogram, histogram
from cxrdesk.ui.viewer.presets import Preset
from cxrdesk.ui.viewer.windowing import Switches

_CURVES = (
    ("Linear", VoiFunction.LINEAR_EXACT),
    ("Sigmoid", VoiFunction.SIGMOID),
)
_BY_HAND = "By hand"


class HistogramView(QWidget):
    """Counts as columns, on a scale of square roots; over them the gray level of each value as a line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._histogram: Histogram | None = None
        self._voi: Voi | None = None
        self._turned = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Histogram of the film with its window")

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(200, 78)

    def show_values(self, counts: Histogram | None, voi: Voi | None, *, turned: bool) -> None:
        """Draw a film's values and its window; `turned` where larger values are shown darker."""
        self._histogram, self._voi, self._turned = counts, voi, turned
        self.update()

    def levels(self) -> np.ndarray | None:
        """Gray level 0..1 at each bin's middle; None while there is nothing to draw."""
        if self._histogram is None or self._voi is None:
            return None
        shown = self._histogram
        middles = shown.low + (np.arange(len(shown.counts)) + 0.5) * (shown.high - shown.low) / len(shown.counts)
        levels = self._voi.apply(middles.astype(np.float32))
        return 1 - levels if self._turned else levels

    def paintEvent(self, event: QPaintEvent) -> None:
        """Columns, then the line."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colours().ground))
        levels = self.levels()
        if self._histogram is None or levels is None:
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # The air around a body would else be the one peak, and all of the body a flat line.
        tallest = max(float(np.sort(self._histogram.counts)[-len(self._histogram.counts) // 20]), 1.0)
        heights = np.sqrt(np.minimum(self._histogram.counts / tallest, 1.0))
        width, height = self.width() / len(heights), self.height() - 4.0
        outline = [QPointF(0, self.height())]
        for number, share in enumerate(heights.tolist()):
            top = self.height() - share * height
            outline += [QPointF(number * width, top), QPointF((number + 1) * width, top)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours().muted).darker(150))
        painter.drawPolygon(QPolygonF([*outline, QPointF(self.width(), self.height())]))
        painter.setPen(QPen(QColor(colours().accent), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        line = [
            QPointF((number + 0.5) * width, self.height() - 2 - level * height) for number, level in enumerate(levels)
        ]
        painter.drawPolyline(QPolygonF(line))
        painter.end()


class WindowPanel(QWidget):
    """Shows how a film is windowed, and says what the reader wants instead."""

    voi_chosen = Signal(object)
    switches_chosen = Signal(object)
    planes_chosen = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._film: object = None
        self._histogram: Histogram | None = None
        self._presets: list[Preset] = []
        self._filling = False
        self.histogram = HistogramView()
        self.center, self.width_ = self._number("Window center"), self._number("Window width")
        self.presets, self.curve = QComboBox(), QComboBox()
        self.presets.setAccessibleName("Window by name")
        self.curve.setAccessibleName("Curve of the window")
        for box in (self.presets, self.curve):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
        self.curve.addItems([name for name, _ in _CURVES])
        self.tables = {
            "modality": self._switch("Modality LUT", "Rescale or modality LUT; off: stored values"),
            "voi": self._switch("Window or VOI LUT", "Off: the whole range of values"),
            "presentation": self._switch("Presentation LUT", "Polarity as the film states it; off: larger is brighter"),
        }
        self.planes = self._switch("Overlay planes", "Graphics that the file brings (60xx)")
        self.planes.toggled.connect(self._planes_edited)
        self._lay_out()
        self.presets.activated.connect(self._preset_chosen)
        self.curve.activated.connect(self._numbers_edited)
        for number in (self.center, self.width_):
            number.valueChanged.connect(self._numbers_edited)
        for switch in self.tables.values():
            switch.toggled.connect(self._switches_edited)

    def _lay_out(self) -> None:
        heading = label("Window", "heading")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 12, 10)
        column.setSpacing(6)
        column.addWidget(heading)
        column.addWidget(self.histogram)
        grid = QGridLayout()
        grid.setSpacing(6)
        for row, (text, widget) in enumerate(
            (("Preset", self.presets), ("Center", self.center), ("Width", self.width_), ("Curve", self.curve))
        ):
            name = QLabel(text)
            name.setBuddy(widget)
            grid.addWidget(name, row, 0)
            grid.addWidget(widget, row, 1)
        grid.setColumnStretch(1, 1)
        column.addLayout(grid)
        for switch in (*self.tables.values(), self.planes):
            column.addWidget(switch)

    def _number(self, name: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setAccessibleName(name)
        box.setDecimals(1)
        box.setRange(-1e7, 1e7)
        box.setKeyboardTracking(False)
        box.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        box.setMinimumWidth(80)
        return box

    def _switch(self, text: str, tip: str) -> QCheckBox:
        box = QCheckBox(text)
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
        if self._film is not loaded.pyramid:
            self._film, self._histogram = loaded.pyramid, histogram(loaded)
        if [preset.name for preset in self._presets] != [preset.name for preset in presets]:
            self.presets.clear()
            self.presets.addItems([preset.name for preset in presets])
        self._presets = presets
        index = next((number for number, preset in enumerate(presets) if preset.voi is windowing.voi), -1)
        self.presets.setCurrentIndex(index)
        self.presets.setPlaceholderText(_BY_HAND)
        window = windowing.window
        self.center.setValue(window.center)
        self.width_.setMinimum(1.0 if window.function is VoiFunction.LINEAR else 0.1)
        self.width_.setValue(window.width)
        self.curve.setCurrentIndex(int(window.function is VoiFunction.SIGMOID))
        for key, box in self.tables.items():
            box.setChecked(getattr(film.switches, key))
        self.planes.setVisible(bool(loaded.presentation.overlays))
        self.planes.setChecked(film.planes_shown)
        turned = (windowing.dark_up and film.switches.presentation) != film.inverted
        self.histogram.show_values(self._histogram, film.voi, turned=turned)
        self._filling = False

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

    def _switches_edited(self) -> None:
        if not self._filling:
            on = {key: box.isChecked() for key, box in self.tables.items()}
            self.switches_chosen.emit(replace(Switches(), **on))

    def _planes_edited(self, on: bool) -> None:
        if not self._filling:
            self.planes_chosen.emit(on)
