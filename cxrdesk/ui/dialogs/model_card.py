"""The model card of a plugin, with the table of what its publisher measured."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QUrl
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from cxrdesk import DISCLAIMER
from cxrdesk.imaging.words import printable
from cxrdesk.packages.cards import size_words
from cxrdesk.packages.manifest import Manifest
from cxrdesk.ui.dialogs.sizes import fit_size
from cxrdesk.ui.panels.package_card import EvaluationTable, add_models
from cxrdesk.ui.panels.pieces import ScrollColumn, label
from cxrdesk.ui.plugin_work import Card

_LONGEST = 20_000
_MOST_CELLS = 40
"""In a line: Qt lays out a table of a thousand columns for seconds, in which the window would stand still."""


class CardText(QTextBrowser):
    """A stranger's Markdown: no HTML, no pictures, no links that lead anywhere."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        features = QTextDocument.MarkdownFeature
        self.document().setMarkdown(_tame(text), features.MarkdownDialectGitHub | features.MarkdownNoHTML)
        self.setMinimumHeight(260)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Nothing is fetched for it, from nowhere."""
        return None


def _tame(text: str) -> str:
    """What can be laid out at once."""
    lines = [line if line.count("|") <= _MOST_CELLS else line.replace("|", " ") for line in text[:_LONGEST].split("\n")]
    rest = "\n\n(The rest stands in the file.)" if len(text) > _LONGEST else ""
    return printable("\n".join(lines) + rest)


class ModelCardDialog(QDialog):
    """One installed plugin."""

    def __init__(self, shown: Card, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        manifest = shown.plugin.manifest
        self.setWindowTitle(f"Model card of {manifest.name}")
        fit_size(self, 740, 540)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 14, 16, 14)
        column.setSpacing(8)
        column.addWidget(label(f"{manifest.name} {manifest.version}", "title"))
        column.addWidget(label(DISCLAIMER, "disclaimer"))
        for text in about_lines(manifest):
            column.addWidget(label(text))
        add_models(column, manifest)
        column.addWidget(
            label("Measured, as the publisher says; below each value its 95\u00a0% confidence interval", "heading")
        )
        if shown.rows:
            column.addWidget(EvaluationTable(shown.rows))
        else:
            column.addWidget(label("It brings no evaluation table.", "muted"))
        column.addWidget(label("Model card", "heading"))
        column.addWidget(CardText(shown.text), 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 14, 12)
        outer.addWidget(ScrollColumn(inner), 1)
        outer.addWidget(buttons)


def about_lines(manifest: Manifest) -> list[str]:
    """Intended use, publisher, licence, size."""
    return [
        f"Intended use: {manifest.intended_use}",
        f"Publisher, as it says: {manifest.publisher}",
        f"Licence: {manifest.licence}. Size: {size_words(manifest.size)}. Plugin API {manifest.api}.",
    ]
