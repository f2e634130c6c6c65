"""Shows what a package is, asks, and installs it; the window goes on meanwhile."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from cxrdesk import DISCLAIMER
from cxrdesk.packages.offers import Offer
from cxrdesk.packages.publishers import Trust
from cxrdesk.packages.store import Installed
from cxrdesk.ui.dialogs.model_card import CardText, about_lines
from cxrdesk.ui.dialogs.sizes import fit_size
from cxrdesk.ui.panels.package_card import add_models
from cxrdesk.ui.panels.pieces import ScrollColumn, label, shaped
from cxrdesk.ui.plugin_work import PluginWork
from cxrdesk.ui.shapes import Shape
from cxrdesk.ui.theme import colours

_STAGES = {
    "unpacking": "Unpacking it beside what is installed…",
    "checking": "Running its golden vectors; this may take a minute…",
    "switching": "Switching to it…",
}


class InstallDialog(QDialog):
    """One package that was verified."""

    def __init__(self, offer: Offer, work: PluginWork, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._offer, self._work, self._running = offer, work, False
        manifest = offer.package.manifest
        self.setWindowTitle("Install a plugin")
        fit_size(self, 660, 520)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 14, 16, 8)
        column.setSpacing(8)
        column.addWidget(label(f"{manifest.name} {manifest.version}", "title"))
        column.addWidget(label(_news(offer)))
        column.addLayout(_signature(offer))
        for text in about_lines(manifest):
            column.addWidget(label(text))
        add_models(column, manifest)
        column.addWidget(label(DISCLAIMER, "disclaimer"))
        column.addWidget(label("Model card", "heading"))
        column.addWidget(CardText(offer.package.card), 1)
        self.told = label("")
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = self.buttons.addButton(
            "Replace" if offer.replaces else "Install", QDialogButtonBox.ButtonRole.ActionRole
        )
        self.accept_button.setProperty("primary", "true")
        self.accept_button.clicked.connect(self._install)
        self.buttons.rejected.connect(self.reject)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 14, 12)
        outer.addWidget(ScrollColumn(inner), 1)
        for widget in (self.told, self.bar, self.buttons):
            outer.addWidget(widget)
        outer.setStretch(0, 1)
        self.told.setContentsMargins(16, 0, 0, 0)
        work.stage.connect(self._stage)
        work.installed.connect(self._installed)
        work.refused.connect(self._refused)

    def _install(self) -> None:
        self._running = True
        self.accept_button.setEnabled(False)
        self._tell("Waiting…")
        self.bar.show()
        self._work.install(self._offer)

    def _stage(self, name: str) -> None:
        if self._running:
            self._tell(_STAGES[name])

    def _tell(self, text: str) -> None:
        self.told.setText(text)

    def _installed(self, done: Installed | None) -> None:
        if self._running:
            self._running = False
            self.done(QDialog.DialogCode.Accepted if done is not None else QDialog.DialogCode.Rejected)

    def _refused(self, what: str, text: str) -> None:
        if self._running and what == "install":
            self._running = False
            self.bar.hide()
            self._tell(f"Not installed. {text}")

    def reject(self) -> None:
        """Close; what runs is given up first, and then closes the dialog."""
        if self._running:
            self._tell("Cancelling…")
            self._work.cancel()
        else:
            super().reject()


def _news(offer: Offer) -> str:
    if offer.replaces:
        return f"Takes the place of version {offer.replaces}, which is kept so that you can go back to it."
    return "Not installed yet."


def _signature(offer: Offer) -> QHBoxLayout:
    signer, c = offer.package.signer, colours()
    text: QLabel = label(signer.sentence)
    known = signer.trust is Trust.KNOWN
    return shaped(Shape.CIRCLE if known else Shape.TRIANGLE, c.accent if known else c.warning, text)
