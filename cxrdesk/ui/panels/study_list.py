"""The open films, by study; files that could not be opened stand among them with their reason."""

from __future__ import annotations

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from cxrdesk.imaging.words import printable
from cxrdesk.ui.naming import Naming
from cxrdesk.ui.panels.pieces import label
from cxrdesk.ui.session import FilmState
from cxrdesk.ui.shapes import Shape, draw_shape
from cxrdesk.ui.theme import colours, small_point_size

_KEY = Qt.ItemDataRole.UserRole
_SECOND = Qt.ItemDataRole.UserRole + 1
_KIND = Qt.ItemDataRole.UserRole + 2
_PAD = 8
Index = QModelIndex | QPersistentModelIndex


class StudyList(QWidget):
    """Films in their order; the one on the screen is selected."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(160)
        self._filling = False
        self._shown: str | None = None
        self._model = QStandardItemModel(self)
        self.view = _Films()
        self.view.setModel(self._model)
        self.view.setItemDelegate(_RowDelegate(self.view))
        self.view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.view.setUniformItemSizes(False)
        self.view.setResizeMode(QListView.ResizeMode.Adjust)
        self.view.setAccessibleName("Open studies")
        self.view.selectionModel().currentChanged.connect(self._on_current)
        self.view.selectionModel().selectionChanged.connect(self._mark)
        self.heading = label("Studies", "heading")
        self.heading.setContentsMargins(14, 13, 10, 7)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.heading)
        column.addWidget(self.view, 1)

    def minimumSizeHint(self) -> QSize:
        """A patient and a film: with less, nobody sees whose film is open."""
        least = super().minimumSizeHint()
        row = self.fontMetrics().lineSpacing() + 2 * _PAD
        both = 2 * (row + self.fontMetrics().lineSpacing())
        return QSize(least.width(), self.heading.sizeHint().height() + both)

    def show_states(self, states: list[FilmState], current: FilmState | None, naming: Naming) -> None:
        """Rebuild the rows; no signal comes of it."""
        self._filling = True
        self._model.clear()
        study: object = None
        for state in states:
            head = self._study_of(state)
            if head is not None and head != study:
                self._append("study", *naming.study(state.film) if state.film else ("", ""), key="")
            if head is None and study != "none":
                self._append("study", "Could not be opened", "", key="")
            study = head if head is not None else "none"
            kind = "failure" if state.failure is not None else "film"
            self._append(kind, *naming.film(state), key=state.key)
        films = sum(state.failure is None for state in states)
        self.heading.setText(f"Studies · {films} film{'' if films == 1 else 's'}" if states else "Studies")
        self.select(current)

    def select(self, current: FilmState | None) -> None:
        """Mark the film on the screen."""
        self._filling = True
        self._shown = current.key if current is not None else None
        for row in range(self._model.rowCount()):
            index = self._model.index(row, 0)
            if current is not None and index.data(_KEY) == current.key:
                self.view.setCurrentIndex(index)
                self._bring_into_sight(row)
        self._filling = False
        self._mark()

    def _mark(self) -> None:
        """Only the film on the screen is highlighted: a click may end on a row that has moved under the mouse."""
        if self._filling:
            return
        rows = (self._model.index(row, 0) for row in range(self._model.rowCount()))
        shown = [index for index in rows if index.data(_KEY) and index.data(_KEY) == self._shown]
        if self.view.selectedIndexes() != shown:
            self._filling = True
            selection = self.view.selectionModel()
            selection.clearSelection()
            for index in shown:
                selection.select(index, QItemSelectionModel.SelectionFlag.Select)
            self._filling = False

    def _bring_into_sight(self, row: int) -> None:
        """A film with its patient above it: beside the next patient's name it could be taken for that one's."""
        index = self._model.index(row, 0)
        head = next(h for r in range(row, -1, -1) if (h := self._model.index(r, 0)).data(_KIND) == "study")
        self.view.scrollTo(index)
        if self.view.visualRect(head).top() < 0:
            self.view.scrollTo(head, QAbstractItemView.ScrollHint.PositionAtTop)
            self.view.scrollTo(index)

    def keys(self) -> list[str]:
        """Keys of the rows, in their order."""
        rows = (self._model.index(row, 0).data(_KEY) for row in range(self._model.rowCount()))
        return [key for key in rows if key]

    def _study_of(self, state: FilmState) -> object:
        if state.film is None:
            return None
        # Files that claim one study of two patients stand under a name each.
        return state.film.study or ("file", state.key)

    def _append(self, kind: str, first: str, second: str, *, key: str) -> None:
        first, second = (printable(text).replace("\n", "\\n") for text in (first, second))
        item = QStandardItem(first)
        item.setData(key, _KEY)
        item.setData(second, _SECOND)
        item.setData(kind, _KIND)
        item.setToolTip(f"{first}\n{second}" if second else first)
        item.setData(f"{first}. {second}", Qt.ItemDataRole.AccessibleTextRole)
        if kind == "study":
            item.setFlags(Qt.ItemFlag.NoItemFlags)
        self._model.appendRow(item)

    def _on_current(self, index: QModelIndex) -> None:
        if not self._filling and (key := index.data(_KEY)):
            self.chosen.emit(key)


class _Films(QListView):
    """A film is chosen by the press of a button; a drag from there chooses no other."""

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Rows under the mouse stand out while no button is held."""
        if event.buttons() == Qt.MouseButton.NoButton:
            super().mouseMoveEvent(event)


class _RowDelegate(QStyledItemDelegate):
    """Two lines a row; a failure's reason is written out in full."""

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        width = max(self._view.viewport().width(), 120)
        small = self._small(option)
        height = option.fontMetrics.lineSpacing() + 2 * _PAD
        second = index.data(_SECOND)
        if index.data(_KIND) == "failure":
            area = QRect(0, 0, width - 22 - 2 * _PAD, 2000)
            height += QFontMetrics(small).boundingRect(area, int(Qt.TextFlag.TextWordWrap), second).height()
        elif second:
            height += QFontMetrics(small).lineSpacing()
        return QSize(width, height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        c = colours()
        kind, second = index.data(_KIND), index.data(_SECOND)
        painter.save()
        area = option.rect
        selected = bool(option.state & QStyle.StateFlag.State_Selected) and kind != "study"
        if selected:
            painter.fillRect(area, QColor(c.selected))
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height()), QColor(c.accent))
        elif option.state & QStyle.StateFlag.State_MouseOver and kind != "study":
            painter.fillRect(area, QColor(c.hover))
        if selected and option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QColor(c.accent))
            painter.drawRect(area.adjusted(0, 0, -1, -1))
        indent = 14 if kind == "study" else 22
        inner = area.adjusted(indent, _PAD, -_PAD, -_PAD)
        font = QFont(option.font)
        font.setBold(kind == "study")
        painter.setFont(font)
        if kind == "failure":
            mark = QRect(area.left() + 6, inner.top(), 13, 13)
            draw_shape(painter, Shape.CROSS, mark.toRectF(), QColor(c.error))
        painter.setPen(QColor(c.text))
        metrics = painter.fontMetrics()
        painter.drawText(
            inner,
            int(Qt.AlignmentFlag.AlignTop),
            metrics.elidedText(index.data(), Qt.TextElideMode.ElideRight, inner.width()),
        )
        if second:
            below = inner.adjusted(0, metrics.lineSpacing(), 0, 0)
            painter.setFont(self._small(option))
            painter.setPen(QColor(c.text if selected else c.muted))
            if kind == "failure":
                painter.drawText(below, int(Qt.TextFlag.TextWordWrap), second)
            else:
                told = painter.fontMetrics().elidedText(second, Qt.TextElideMode.ElideRight, below.width())
                painter.drawText(below, int(Qt.AlignmentFlag.AlignTop), told)
        painter.restore()

    def _small(self, option: QStyleOptionViewItem) -> QFont:
        font = QFont(option.font)
        font.setPointSizeF(small_point_size())
        return font
