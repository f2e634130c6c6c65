"""What this program is, and its keys."""

from __future__ import annotations

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QVBoxLayout, QWidget

from cxrdesk import DISCLAIMER, __version__
from cxrdesk.api.version import API_VERSION
from cxrdesk.ui.actions import ACTIONS, MOUSE
from cxrdesk.ui.panels.pieces import label


def _close_button(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    return buttons


class AboutDialog(QDialog):
    """Name, version, licence, and what it must not be used for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About cxrdesk")
        self.setFixedWidth(440)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 14)
        column.setSpacing(8)
        column.addWidget(label(f"cxrdesk {__version__}", "title"))
        column.addWidget(
            label("An open, offline desktop workstation for chest radiographs, with detectors as plugins.")
        )
        column.addWidget(label(DISCLAIMER, "disclaimer"))
        column.addWidget(label(f"Plugin API {API_VERSION}. Apache License 2.0.", "muted"))
        column.addWidget(_close_button(self))


class KeysDialog(QDialog):
    """Every action with a key, from the actions' own table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 16, 20, 14)
        grid = QGridLayout()
        grid.setHorizontalSpacing(20)
        grid.setVerticalSpacing(4)
        rows = [
            (" or ".join(_shown(key) for key in a.keys), a.text.replace("&", "").rstrip("…")) for a in ACTIONS if a.keys
        ]
        half = (len(rows) + len(MOUSE) + 1) // 2
        for number, (what, does) in enumerate([*rows, *MOUSE]):
            side = 2 * (number // half)
            key = label(what, "heading")
            key.setWordWrap(False)
            grid.addWidget(key, number % half, side)
            meaning = label(does)
            meaning.setWordWrap(False)
            grid.addWidget(meaning, number % half, side + 1)
        column.addLayout(grid)
        column.addWidget(_close_button(self))


def _shown(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
