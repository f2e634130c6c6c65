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
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.studies.settings import Settings
from cxrdesk.ui.panels.pieces import label
from cxrdesk.ui.words import finding_name

_THEMES = (("Dark", "dark"), ("Light", "light"), ("As the system", "system"))
_DEVICES = (
    ("Automatic", "auto"),
    ("Processor (CPU)", "cpu"),
    ("NVIDIA (CUDA)", "cuda"),
    ("Apple (MPS)", "mps"),
    ("Intel (XPU)", "xpu"),
)


_MOST_ROWS_HEIGHT = 240


class SettingsDialog(QDialog):
    """Edits a copy; `settings` gives it back."""

    def __init__(self, settings: Settings, findings: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setWindowTitle("Settings")
        self.setMinimumWidth(520)
        self.read_first = QCheckBox("Read first: hide every result until an impression is committed")
        self.read_first.setChecked(settings.read_first)
        self.theme = _choice(_THEMES, settings.theme)
        self.device = _choice(_DEVICES, settings.device)
        self.compiled = QCheckBox("Compile networks once, so that they score faster on this processor")
        self.compiled.setChecked(settings.compiled)
        self.timeout = QDoubleSpinBox()
        self.timeout.setRange(1, 3600)
        self.timeout.setDecimals(0)
        self.timeout.setSuffix(" s")
        self.timeout.setValue(settings.film_timeout_s)
        self.prevalence = {key: self._prevalence(settings.prevalence.get(key)) for key in findings}
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(10)
        column.addWidget(label("Reading", "heading"))
        column.addWidget(self.read_first)
        column.addSpacing(6)
        column.addWidget(label("Prevalence in this clinic", "heading"))
        column.addWidget(
            label(
                "Predictive values are shown only for findings whose share among your own patients is entered here.",
                "muted",
            )
        )
        rows = QWidget()
        shares = QFormLayout(rows)
        shares.setContentsMargins(0, 0, 0, 0)
        for key, field in self.prevalence.items():
            shares.addRow(finding_name(key), field)
        area = QScrollArea()  # some detectors look for very many findings
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(rows)
        area.setFixedHeight(min(rows.sizeHint().height(), _MOST_ROWS_HEIGHT))
        column.addWidget(area)
        if not self.prevalence:
            column.addWidget(label("No detector is installed."))
        column.addSpacing(6)
        column.addWidget(label("Application", "heading"))
        rest = QFormLayout()
        rest.addRow("Theme", self.theme)
        rest.addRow("Compute on", self.device)
        rest.addRow("Longest time for one film", self.timeout)
        column.addLayout(rest)
        column.addWidget(self.compiled)
        column.addWidget(label("Device and time apply from the next job on.", "muted"))
        column.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setProperty("primary", "true")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    def _prevalence(self, share: float | None) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setDecimals(1)
        field.setRange(0, 99.9)
        field.setSuffix(" %")
        field.setSpecialValueText("Not entered")  # at 0
        field.setValue(0 if share is None else share * 100)
        return field

    def settings(self) -> Settings:
        """The settings as edited; keys that this dialog does not show are kept."""
        prevalence = {key: share for key, share in self._settings.prevalence.items() if key not in self.prevalence}
        for key, field in self.prevalence.items():
            if field.value() > 0:
                prevalence[key] = round(field.value() / 100, 6)
        return replace(
            self._settings,
            read_first=self.read_first.isChecked(),
            theme=self.theme.currentData(),
            device=self.device.currentData(),
            compiled=self.compiled.isChecked(),
            film_timeout_s=self.timeout.value(),
            prevalence=prevalence,
        )


def _choice(options: tuple[tuple[str, str], ...], current: str) -> QComboBox:
    box = QComboBox()
    for text, value in options:
        box.addItem(text, value)
    if box.findData(current) < 0:
        box.addItem(current, current)  # a device with an index, entered by hand in the file
    box.setCurrentIndex(box.findData(current))
    return box
