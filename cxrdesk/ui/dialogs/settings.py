"""What the clinic and the reader choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.studies.settings import CORNER_TEXTS, Settings
from cxrdesk.ui.corner_words import ITEMS
from cxrdesk.ui.dialogs.sizes import fit_size
from cxrdesk.ui.panels.pieces import ScrollColumn, label
from cxrdesk.ui.words import finding_name

_THEMES = (
    ("Dark", "dark"),
    ("Light", "light"),
    ("High contrast", "contrast"),
    ("High contrast, light", "contrast-light"),
    ("As the system", "system"),
)
_TEXT_SIZES = (("Normal", "normal"), ("Large", "large"), ("Largest", "largest"))
_MASK_STYLES = (("Outline", "outline"), ("Tint", "tint"))
_MAP_STYLES = (("Colours", "colour"), ("Contours", "contours"))
_DEVICES = (
    ("Automatic", "auto"),
    ("Processor (CPU)", "cpu"),
    ("NVIDIA (CUDA)", "cuda"),
    ("Apple (MPS)", "mps"),
    ("Intel (XPU)", "xpu"),
)


class SettingsDialog(QDialog):
    """Edits a copy; `settings` gives it back."""

    def __init__(self, settings: Settings, findings: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle("Settings")
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.tabBar().setAccessibleName("Pages of the settings")
        self.tabs.addTab(self._reading(findings), "&Reading")
        self.tabs.addTab(self._display(), "&Display")
        self.tabs.addTab(self._application(), "&Application")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("primary", "true")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        buttons.setContentsMargins(0, 0, 16, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 14)
        column.addWidget(self.tabs, 1)
        column.addWidget(buttons)
        fit_size(self, 560, 520)

    def _reading(self, findings: Sequence[str]) -> ScrollColumn:
        page, column = _page()
        self.read_first = _check("Read first", "Hide every result until an impression is committed.", column)
        self.read_first.setChecked(self._settings.read_first)
        column.addSpacing(8)
        column.addWidget(label("Prevalence in this clinic", "heading"))
        text = "Predictive values are shown only for findings whose share among your own patients is entered here."
        column.addWidget(label(text, "muted"))
        self.prevalence = {key: _share(self._settings.prevalence.get(key)) for key in findings}
        shares = QFormLayout()
        for key, field in self.prevalence.items():
            field.setAccessibleName(f"Prevalence of {finding_name(key)} in percent")
            shares.addRow(finding_name(key), field)
        column.addLayout(shares)
        if not self.prevalence:
            column.addWidget(label("No detector is installed."))
        column.addStretch(1)
        return page

    def _display(self) -> ScrollColumn:
        page, column = _page()
        settings = self._settings
        self.theme = _choice(_THEMES, settings.theme)
        self.text_size = _choice(_TEXT_SIZES, settings.text_size)
        self.mask_style = _choice(_MASK_STYLES, settings.mask_style)
        self.map_style = _choice(_MAP_STYLES, settings.map_style)
        form = QFormLayout()
        form.addRow("&Theme", self.theme)
        form.addRow("Te&xt", self.text_size)
        form.addRow("&Lungs", self.mask_style)
        form.addRow("&Saliency maps", self.map_style)
        column.addLayout(form)
        column.addSpacing(8)
        column.addWidget(label("In the corners of a film", "heading"))
        self.corners: dict[str, QCheckBox] = {}
        grid = QGridLayout()
        for number, (key, name) in enumerate(ITEMS.items()):
            box = self.corners[key] = QCheckBox(name)
            box.setChecked(key in settings.corner_texts)
            grid.addWidget(box, number // 2, number % 2)
        column.addLayout(grid)
        told = "Turned or flipped films say so whatever is chosen here."
        column.addWidget(label(told, "muted"))
        self.mask_names = _check("Mask names", "No name, identifier or birth date is shown or exported.", column)
        self.mask_names.setChecked(settings.mask_names)
        column.addStretch(1)
        return page

    def _application(self) -> ScrollColumn:
        page, column = _page()
        settings = self._settings
        self.device = _choice(_DEVICES, settings.device)
        self.timeout = QDoubleSpinBox()
        self.timeout.setRange(1, 3600)
        self.timeout.setDecimals(0)
        self.timeout.setSuffix(" s")
        self.timeout.setValue(settings.film_timeout_s)
        form = QFormLayout()
        form.addRow("&Compute on", self.device)
        form.addRow("&Longest time for one film", self.timeout)
        column.addLayout(form)
        self.compiled = _check(
            "Compile networks", "Once for each, so that they score faster on this processor.", column
        )
        self.compiled.setChecked(settings.compiled)
        column.addWidget(label("Device and time apply from the next job on.", "muted"))
        column.addStretch(1)
        return page

    def settings(self) -> Settings:
        """The settings as edited; keys that this dialog does not show are kept."""
        prevalence = {key: share for key, share in self._settings.prevalence.items() if key not in self.prevalence}
        for key, field in self.prevalence.items():
            if field.value() > 0:
                prevalence[key] = round(field.value() / 100, 6)
        unknown = [key for key in self._settings.corner_texts if key not in ITEMS]
        wanted = [key for key, box in self.corners.items() if box.isChecked()]
        return replace(
            self._settings,
            read_first=self.read_first.isChecked(),
            theme=self.theme.currentData(),
            text_size=self.text_size.currentData(),
            mask_style=self.mask_style.currentData(),
            map_style=self.map_style.currentData(),
            mask_names=self.mask_names.isChecked(),
            corner_texts=_in_order(wanted) + tuple(unknown),
            device=self.device.currentData(),
            compiled=self.compiled.isChecked(),
            film_timeout_s=self.timeout.value(),
            prevalence=prevalence,
        )


def _in_order(wanted: Sequence[str]) -> tuple[str, ...]:
    """As the defaults are written: an unchanged choice is an equal one."""
    return (*(key for key in CORNER_TEXTS if key in wanted), *(key for key in wanted if key not in CORNER_TEXTS))


def _page() -> tuple[ScrollColumn, QVBoxLayout]:
    inner = QWidget()
    column = QVBoxLayout(inner)
    column.setContentsMargins(20, 14, 20, 12)
    column.setSpacing(9)
    return ScrollColumn(inner), column


def _check(name: str, told: str, column: QVBoxLayout) -> QCheckBox:
    """A box whose explanation wraps below it: a box's own text does not."""
    box = QCheckBox(name)
    box.setAccessibleDescription(told)
    column.addWidget(box)
    column.addWidget(label(told, "muted"))
    return box


def _share(share: float | None) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setDecimals(1)
    field.setRange(0, 99.9)
    field.setSuffix(" %")
    field.setSpecialValueText("Not entered")  # at 0
    field.setValue(0 if share is None else share * 100)
    return field


def _choice(options: tuple[tuple[str, str], ...], current: str) -> QComboBox:
    box = QComboBox()
    for text, value in options:
        box.addItem(text, value)
    if box.findData(current) < 0:
        box.addItem(current, current)  # a device with an index, entered by hand in the file
    box.setCurrentIndex(box.findData(current))
    return box
