"""What is installed, and what could not be listed, with its reason."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QVBoxLayout, QWidget

from cxrdesk.discovery.registry import Plugin, PluginFailure, Registry
from cxrdesk.ui import words
from cxrdesk.ui.panels.pieces import ScrollColumn, badge, card, label, shaped
from cxrdesk.ui.shapes import Shape
from cxrdesk.ui.theme import colours


class PluginsDialog(QDialog):
    """A card for each plugin, failures first."""

    def __init__(self, registry: Registry | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Plugins")
        self.resize(640, 560)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        failures = registry.failures if registry is not None else []
        plugins = registry.plugins if registry is not None else []
        for failure in failures:
            column.addWidget(_failure(failure))
        for plugin in plugins:
            column.addWidget(_plugin(plugin))
        if not failures and not plugins:
            column.addWidget(label("No plugin is installed. Install one with pip, then start cxrdesk again."))
        column.addStretch(1)
        scroll = ScrollColumn(inner)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 14, 12)
        outer.addWidget(scroll, 1)
        outer.addWidget(buttons)


def _failure(failure: PluginFailure) -> QFrame:
    frame, column = card()
    title = label(f"{failure.distribution} {failure.version}".strip(), "title")
    column.addLayout(shaped(Shape.CROSS, colours().error, title))
    column.addWidget(label(f"Could not be listed: {failure.reason}"))
    column.addWidget(label(f"Reason code: {failure.code}", "code"))
    return frame


def _plugin(plugin: Plugin) -> QFrame:
    c = colours()
    frame, column = card()
    title = label(f"{plugin.distribution} {plugin.version}".strip(), "title")
    column.addLayout(shaped(Shape.CIRCLE, c.accent, title))
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
