"""What this program is, and its keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from cxrdesk import DISCLAIMER, __version__
from cxrdesk.api.version import API_VERSION
from cxrdesk.ui.actions import ACTIONS, MOUSE
from cxrdesk.ui.dialogs.sizes import fit_size
from cxrdesk.ui.keymap import Keys, native
from cxrdesk.ui.panels.pieces import ScrollColumn, label
from cxrdesk.ui.theme import scaled

_TWO_COLUMNS = 800
_KEY_WIDTH = 120


def _close_button(dialog: QDialog) -> QDialogButtonBox:
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    return buttons


class AboutDialog(QDialog):
    """Name, version, licence, and what it must not be used for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About cxrdesk")
        self.setFixedWidth(scaled(440))
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
    """Every action with its keys in force, by menu, and what the mouse does."""

    def __init__(self, keys: Keys, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys and mouse")
        groups = [*_groups(keys), ("Mouse, and arrows on the film", list(MOUSE))]
        inner = QWidget()
        columns = QHBoxLayout(inner)
        columns.setContentsMargins(20, 16, 20, 6)
        columns.setSpacing(28)
        wide = self.screen().availableSize().width() >= scaled(_TWO_COLUMNS)
        at = _middle([len(rows) + 2 for _, rows in groups]) if wide else len(groups)
        for side in filter(None, (groups[:at], groups[at:])):
            column = QVBoxLayout()
            column.setSpacing(5)
            for title, rows in side:
                _add_group(column, title, rows)
            column.addStretch(1)
            columns.addLayout(column, 1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 12)
        outer.addWidget(ScrollColumn(inner), 1)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(20, 0, 16, 0)
        bottom.addWidget(label("File, Shortcuts gives actions other keys.", "muted"), 1)
        bottom.addWidget(_close_button(self))
        outer.addLayout(bottom)
        fit_size(self, _TWO_COLUMNS if wide else _TWO_COLUMNS // 2, 640)


def _groups(keys: Keys) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: dict[str, list[tuple[str, str]]] = {}
    for spec in ACTIONS:
        if keys[spec.key]:
            shown = " or ".join(native(key) for key in keys[spec.key])
            groups.setdefault(spec.menu.replace("&", ""), []).append((shown, spec.name))
    return list(groups.items())


def _middle(heights: list[int]) -> int:
    """Where to cut a column in two that are as alike as can be."""
    return min(range(1, len(heights)), key=lambda at: abs(sum(heights[:at]) - sum(heights[at:])))


def _add_group(column: QVBoxLayout, title: str, rows: list[tuple[str, str]]) -> None:
    head = label(title, "title")
    head.setWordWrap(False)
    head.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
    column.addWidget(head)
    grid = QGridLayout()
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(1, 1)
    grid.setContentsMargins(0, 0, 0, 10)
    for number, (what, does) in enumerate(rows):
        key = label(what, "heading")
        key.setWordWrap(False)
        key.setMinimumWidth(scaled(_KEY_WIDTH))
        grid.addWidget(key, number, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(label(does), number, 1)
    column.addLayout(grid)
