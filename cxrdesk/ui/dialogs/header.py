"""The DICOM header of one film as a table: search, copy, private and nested elements, names masked where they are."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontDatabase, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.imaging.errors import UserError
from cxrdesk.studies.header import Header, HeaderRow, read_header_rows
from cxrdesk.ui.background import Background
from cxrdesk.ui.dialogs.sizes import fit_size
from cxrdesk.ui.panels.pieces import label
from cxrdesk.ui.theme import point_size, scaled, small_point_size

_COLUMNS = ("Tag", "Name", "VR", "Value")
_LONGEST_SHOWN = 160
_LONGEST_TIP = 4000
Index = QModelIndex | QPersistentModelIndex


def elided(value: str, longest: int = _LONGEST_SHOWN) -> str:
    """A value in one line of at most so many characters."""
    line = " ".join(value.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def as_text(rows: Sequence[HeaderRow]) -> str:
    """Rows as lines with tabs, values in full, for the clipboard."""
    return "\n".join("\t".join((row.tag, _name(row), row.vr, " ".join(row.value.split()))) for row in rows)


def _name(row: HeaderRow) -> str:
    return "> " * row.depth + row.name


class HeaderModel(QAbstractTableModel):
    """The rows that match what is searched for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._all: list[tuple[HeaderRow, str]] = []
        self.rows: list[HeaderRow] = []
        self._tag_font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self._tag_font.setPointSizeF(small_point_size())

    def fill(self, rows: Sequence[HeaderRow]) -> None:
        """Show these rows."""
        self._all = [
            (row, f"{row.tag} {row.tag.replace(',', '')} {row.name} {row.vr} {row.value}".casefold()) for row in rows
        ]
        self.search("")

    def search(self, text: str) -> None:
        """Show the rows that hold every word of `text`."""
        words = text.casefold().split()
        self.beginResetModel()
        self.rows = [row for row, told in self._all if all(word in told for word in words)]
        self.endResetModel()

    @property
    def count(self) -> int:
        """Of all rows, found or not."""
        return len(self._all)

    def rowCount(self, parent: Index | None = None) -> int:
        """Rows that match."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """Tag, name, VR, value."""
        return len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Names of the columns."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _COLUMNS[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, tip, what a screen reader says, font."""
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return (row.tag, _name(row), row.vr, elided(row.value))[column]
        if role == Qt.ItemDataRole.ToolTipRole and column == 3 and elided(row.value) != row.value:
            told = elided(row.value, _LONGEST_TIP) if len(row.value) > _LONGEST_TIP else row.value
            return f"<p style='white-space: pre-wrap'>{html.escape(told)}</p>"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{_COLUMNS[column]} {(row.tag, row.name, row.vr, elided(row.value))[column]}"
        if role == Qt.ItemDataRole.FontRole and column in (0, 2):
            return self._tag_font
        return None


class HeaderDialog(QDialog):
    """Reads the file again in a thread: the header is not kept with the film."""

    def __init__(self, path: Path, title: str, *, masked: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._masked = masked
        self.setWindowTitle("DICOM header")
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search for a tag, a name or a value")
        self.search.setAccessibleName("Search for a tag, a name or a value")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._search)
        self.found = label("", "muted")
        self.found.setWordWrap(False)
        self.model = HeaderModel(self)
        self.view = self._table()
        self.told = label("Reading the header…")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton("&Copy rows", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.setToolTip("Copy the chosen rows, or all that are found, with their values in full")
        self.copy_button.clicked.connect(self.copy)
        self.copy_button.setEnabled(False)
        buttons.rejected.connect(self.reject)
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self.found)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 14, 16, 12)
        column.setSpacing(9)
        name = label(title, "title")
        name.setVisible(bool(title))
        for part in (name, self.told):
            column.addWidget(part)
        column.addLayout(top)
        column.addWidget(self.view, 1)
        column.addWidget(buttons)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self.search.setFocus)
        QShortcut(
            QKeySequence(QKeySequence.StandardKey.Copy), self.view, self.copy,
            context=Qt.ShortcutContext.WidgetShortcut,
        )  # fmt: skip
        fit_size(self, 860, 600)
        self._reader = Background(threads=1, parent=self)
        self._reader.done.connect(self._show)
        self._reader.refused.connect(self._refuse)
        self._reader.broken.connect(self._break)
        self._reader.start("header", partial(read_header_rows, path))

    def _table(self) -> QTableView:
        view = QTableView()
        view.setModel(self.model)
        view.setAccessibleName("Elements of the header")
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        view.setTabKeyNavigation(False)
        view.setWordWrap(False)
        view.setShowGrid(False)
        view.verticalHeader().hide()
        view.verticalHeader().setDefaultSectionSize(scaled(22))
        header = view.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        header.setHighlightSections(False)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        em = point_size() / 10
        for column, width in enumerate((96, 270, 36)):
            view.setColumnWidth(column, round(width * em))
        return view

    def _show(self, _token: object, header: Header) -> None:
        self.model.fill(header.masked if self._masked else header.rows)
        said = []
        if header.cut:
            said.append("There are more elements than can be listed.")
        if self._masked:
            said.append("Names are masked: so is every value that could say who the patient is.")
        self.told.setText(" ".join(said))
        self.told.setVisible(bool(said))
        self.copy_button.setEnabled(True)
        self._search(self.search.text())

    def _refuse(self, _token: object, error: UserError) -> None:
        self.told.setText(error.text)

    def _break(self, _token: object, error: Exception) -> None:
        self.told.setText(
            f"cxrdesk made a mistake while reading the header ({type(error).__name__}); please report it."
        )

    def _search(self, text: str) -> None:
        self.model.search(text)
        found, count = len(self.model.rows), self.model.count
        self.found.setText(f"{found} of {count} elements" if text.strip() else f"{count} elements")

    def copy(self) -> None:
        """The chosen rows to the clipboard; all that are found where none is chosen."""
        chosen = sorted(index.row() for index in self.view.selectionModel().selectedRows())
        rows = [self.model.rows[row] for row in chosen] or self.model.rows
        QGuiApplication.clipboard().setText(as_text(rows))

    def done(self, result: int) -> None:
        """Close; what is still being read is waited for."""
        self._reader.stop()
        super().done(result)
