"""What a package says of itself, and one card for each plugin that is there."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from cxrdesk.api.evidence import Evidence
from cxrdesk.discovery.registry import Plugin, PluginFailure
from cxrdesk.packages.cards import Row
from cxrdesk.packages.index import Available
from cxrdesk.packages.manifest import Manifest
from cxrdesk.packages.store import Installed
from cxrdesk.ui import words
from cxrdesk.ui.panels.pieces import badge, card, label, shaped
from cxrdesk.ui.plugin_work import Card
from cxrdesk.ui.shapes import Shape
from cxrdesk.ui.theme import colours


def add_models(column: QVBoxLayout, manifest: Manifest) -> None:
    """Each detector and segmenter with its evidence level, before it was ever loaded."""
    for model in manifest.models:
        level = Evidence(model.evidence)
        column.addWidget(label(f"{model.name} ({model.id}), version {model.version}"))
        column.addWidget(label(model.looks_for, "muted"))
        column.addWidget(badge(words.evidence_badge(level), tip=level.sentence))


def failure_card(failure: PluginFailure) -> QFrame:
    """A plugin that could not be listed, with its reason."""
    frame, column = card()
    title = label(f"{failure.distribution} {failure.version}".strip(), "title")
    column.addLayout(shaped(Shape.CROSS, colours().error, title))
    column.addWidget(label(f"Could not be listed: {failure.reason}"))
    column.addWidget(label(f"Reason code: {failure.code}", "code"))
    return frame


def plugin_card(plugin: Plugin) -> QFrame:
    """A plugin that came with cxrdesk, or was installed beside it."""
    frame, column = card()
    title = label(f"{plugin.distribution} {plugin.version}".strip(), "title")
    column.addLayout(shaped(Shape.CIRCLE, colours().accent, title))
    column.addWidget(label("Installed beside cxrdesk, not from a package.", "muted"))
    specs = (*(model.spec for model in plugin.detectors), *(model.spec for model in plugin.segmenters))
    for spec in specs:
        column.addWidget(label(f"{spec.name} ({spec.id}), version {spec.version}"))
        column.addWidget(label(spec.looks_for, "muted"))
        column.addWidget(badge(words.evidence_badge(spec.evidence), tip=spec.evidence.sentence))
        told = [f"Trained on: {spec.trained_on}"] if spec.trained_on else []
        told += [f"Licence: {spec.licence}"] if spec.licence else []
        if told:
            column.addWidget(label("\n".join(told), "muted"))
    return frame


class PackageCard(QFrame):
    """An installed package, its state, and what can be done with it."""

    def __init__(self, shown: Card, failures: Sequence[PluginFailure] = (), update: Available | None = None) -> None:
        super().__init__()
        self.name = shown.plugin.name
        self.setProperty("role", "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(6)
        plugin = shown.plugin
        shape, colour = self._mark(plugin, failures)
        title = label(f"{plugin.name} {plugin.manifest.version}", "title")
        column.addLayout(shaped(shape, colour, title))
        for text in state_lines(plugin, failures):
            column.addWidget(label(text))
        add_models(column, plugin.manifest)
        column.addWidget(label(f"Publisher, as it says: {plugin.manifest.publisher}", "muted"))
        self.about = _button("Model card", f"Model card of {plugin.name}")
        self.switch = _button("Disable" if plugin.enabled else "Enable", f"Enable or disable {plugin.name}")
        self.switch.setEnabled(plugin.enabled or not plugin.failures)
        self.verify = _button("Verify", f"Run the golden vectors of {plugin.name} again")
        self.back = _button(f"Back to {plugin.previous}", f"Roll {plugin.name} back to version {plugin.previous}")
        self.back.setVisible(bool(plugin.previous))
        self.remove = _button("Remove", f"Remove {plugin.name}")
        version = update.listed.version if update is not None else ""
        self.update_button = _button(f"Update to {version}…", f"Install {plugin.name} {version} from the folder")
        self.update_button.setProperty("primary", "true")
        self.update_button.setVisible(update is not None)
        row = QHBoxLayout()
        for button in (self.update_button, self.about, self.switch, self.verify, self.back, self.remove):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)

    def _mark(self, plugin: Installed, failures: Sequence[PluginFailure]) -> tuple[Shape, str]:
        c = colours()
        if failures or plugin.failures:
            return Shape.CROSS, c.error
        return (Shape.CIRCLE, c.accent) if plugin.enabled else (Shape.DASH, c.muted)


def state_lines(plugin: Installed, failures: Sequence[PluginFailure] = ()) -> list[str]:
    """Whether a plugin is used and why not, and what was verified when."""
    lines = [f"Could not be listed: {failure.reason}" for failure in failures]
    if plugin.failures:
        lines.append(f"Disabled: it does not reproduce its golden vectors on this machine. {plugin.failures[0]}.")
    elif not plugin.enabled:
        lines.append("Disabled: it is kept and not used.")
    elif plugin.record is not None:
        with_torch = f" with torch {plugin.record.torch}" if plugin.record.torch else ""
        lines.append(f"In use. Verified {plugin.record.when[:10]} on {plugin.record.device}{with_torch}.")
    return lines


class EvaluationTable(QWidget):
    """What the publisher measured: one line for each finding and operating point, 95 % intervals below the values."""

    HEADINGS = ("Finding", "Operating point", "Films, with it")

    def __init__(self, rows: Sequence[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(6)
        figures = list(dict.fromkeys(name for row in rows for name in row.figures))
        for at, text in enumerate((*self.HEADINGS, *(_FIGURES.get(name, name) for name in figures))):
            grid.addWidget(label(text, "heading"), 0, at)
        for line, row in enumerate(rows, start=1):
            told = (row.finding.replace("_", " "), row.point, row.films, *(row.figures.get(f, "") for f in figures))
            for at, text in enumerate(told):
                # The interval goes below its value, so that seven columns fit.
                value, _, interval = text.partition(" (")
                cell = label(f"{value}\n{interval.rstrip(')').replace(' to ', '–')}" if interval else value)
                cell.setWordWrap(at == 0)
                cell.setAlignment(Qt.AlignmentFlag.AlignTop)
                grid.addWidget(cell, line, at)


_FIGURES = {"auc": "AUC", "sensitivity": "Sensitivity", "specificity": "Specificity",
            "calibration_error": "Calibration error"}  # fmt: skip


def _button(text: str, told: str) -> QPushButton:
    button = QPushButton(text)
    button.setAccessibleName(told)
    button.setToolTip(told)
    return button
