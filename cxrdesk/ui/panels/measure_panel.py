"""The annotations of the film on the screen as a list: what each measures, to be selected, copied and deleted."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.imaging.words import printable
from cxrdesk.ui.panels.giving_column import GivingColumn
from cxrdesk.ui.panels.pieces import label
from cxrdesk.ui.viewer.tools.board import Board

_ID = Qt.ItemDataRole.UserRole
_NOTES_HEIGHT = 46


class MeasurePanel(QWidget):
    """Lists what one board holds; hidden while it holds nothing."""

    delete_requested = Signal()
    edit_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._board: Board | None = None
        self._filling = False
        self.heading = QLabel("Measurements")
        self.heading.setProperty("role", "heading")
        self.list = _List(self)
        self.list.setAccessibleName("Measurements on this film")
        self.list.currentItemChanged.connect(self._on_current)
        self.list.itemActivated.connect(lambda _item: self.edit_requested.emit())
        self.notes = label("", "muted")
        self.notes.setAccessibleName("How far the measurement holds")
        copy = QAction("&Copy all values", self)
        copy.triggered.connect(self.copy)
        delete = QAction("&Delete", self)
        delete.triggered.connect(self.delete_requested)
        edit = QAction("&Edit text…", self)
        edit.triggered.connect(self.edit_requested)
        self.list.addActions([copy, edit, delete])
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.list.copy_pressed.connect(self.copy)
        self.list.delete_pressed.connect(self.delete_requested)
        row = QHBoxLayout()
        row.setContentsMargins(14, 8, 8, 2)
        row.addWidget(self.heading, 1)
        self.confirm_button = QToolButton()
        self.confirm_button.setText("Confirm")
        self.confirm_button.setToolTip("Take the proposed borders over as your own")
        self.confirm_button.clicked.connect(self.confirm)
        self.confirm_button.hide()
        row.addWidget(self.confirm_button)
        self.copy_button = QToolButton()
        self.copy_button.setText("Copy")
        self.copy_button.setToolTip("Copy all values")
        self.copy_button.clicked.connect(self.copy)
        row.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 6)
        column.setSpacing(2)
        column.addLayout(row)
        beside = QHBoxLayout()
        beside.setContentsMargins(10, 0, 2, 0)
        beside.addWidget(self.list)
        column.addLayout(beside, 1)
        held = QWidget()
        below = QVBoxLayout(held)
        below.setContentsMargins(14, 0, 8, 0)
        below.addWidget(self.notes)
        self._below = GivingColumn(held, least=_NOTES_HEIGHT)
        self._below.setVisible(False)
        column.addWidget(self._below)
        self.hide()

    def show_board(self, board: Board | None) -> None:
        """List another view's annotations."""
        if board is not self._board:
            if self._board is not None:
                self._board.changed.disconnect(self.refresh)
            self._board = board
            if board is not None:
                board.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show what the board holds now."""
        board = self._board
        items = board.items if board is not None else []
        self._filling = True
        while self.list.count() > len(items):
            self.list.takeItem(self.list.count() - 1)
        while self.list.count() < len(items):
            self.list.addItem(QListWidgetItem())
        current, notes = -1, ""
        for row, item in enumerate(items):
            assert board is not None
            values = board.values(item)
            entry = self.list.item(row)
            entry.setData(_ID, item.id)
            entry.setText(printable(values.summary))
            entry.setToolTip("\n".join((printable(values.summary), *values.notes)))
            entry.setData(Qt.ItemDataRole.AccessibleTextRole, ". ".join((printable(values.summary), *values.notes)))
            if item.id == board.selected:
                current, notes = row, " ".join(values.notes)
        self.list.setCurrentRow(current)
        self.notes.setText(notes)
        self._below.setVisible(bool(notes))
        chosen = board.chosen if board is not None else None
        self.confirm_button.setVisible(chosen is not None and chosen.origin == "proposed")
        self._filling = False
        self.setVisible(bool(items))

    def text(self) -> str:
        """All values as lines of text, with what has to be known about them."""
        board = self._board
        if board is None:
            return ""
        shown = [board.values(item) for item in board.items]
        notes = dict.fromkeys(note for values in shown for note in values.notes)
        lines = [*(values.summary for values in shown), *notes]
        return "\n".join(line.replace("\u00a0", " ") for line in lines)

    def copy(self) -> None:
        """All values to the clipboard."""
        QGuiApplication.clipboard().setText(self.text())

    def confirm(self) -> None:
        """The selected proposal is the reader's own from now on."""
        if self._board is not None:
            self._board.confirm()

    def _on_current(self, item: QListWidgetItem | None) -> None:
        if not self._filling and item is not None and self._board is not None:
            self._board.select(item.data(_ID))


class _List(QListWidget):
    """Its own Ctrl+C and Del, while it has the focus."""

    copy_pressed = Signal()
    delete_pressed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumHeight(64)
        self.setSpacing(2)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setItemDelegate(_Rows(self))

    def event(self, event: QEvent) -> bool:
        """Ctrl+C is the list's here, not the film's."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _own(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Copy, delete, or what a list does."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_pressed.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)


class _Rows(QStyledItemDelegate):
    """Rows as high as their text needs between the spaces at the sides, which Qt leaves out of the account."""

    def __init__(self, of: QListWidget) -> None:
        super().__init__(of)
        self._of = of

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """As Qt's, for the width that is drawn in."""
        narrow = QStyleOptionViewItem(option)
        narrow.rect = QRect(0, 0, self._of.viewport().width() - 2 * self._of.spacing(), 1)
        return super().sizeHint(narrow, index)


def _own(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Copy) or event.key() == Qt.Key.Key_Delete
