"""Labels that the cards are made of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from cxrdesk.imaging.words import printable
from cxrdesk.ui.shapes import Shape, ShapeLabel

_LONGEST_WORD = 24


def breakable(text: str) -> str:
    """Text whose longest words (file names, mostly) may be broken; a label is else as wide as its longest word."""
    return re.sub(rf"(\S{{{_LONGEST_WORD}}})(?=\S)", "\\1\u200b", printable(text))


class ElidedLabel(QLabel):
    """One line that yields its place: what does not fit is cut with an ellipsis, and stands in the tip."""

    def minimumSizeHint(self) -> QSize:
        """No width of its own."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw what fits."""
        fits = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width())
        self.setToolTip("" if fits == self.text() else self.text())
        painter = QPainter(self)
        self.style().drawItemText(
            painter, self.contentsRect(), int(self.alignment()), self.palette(), self.isEnabled(), fits,
            self.foregroundRole(),
        )  # fmt: skip


def label(text: str, role: str = "", *, tip: str = "") -> QLabel:
    """Text that wraps, can be selected and copied, and is styled by its role."""
    made = QLabel(breakable(text))
    made.setWordWrap(True)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    made.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    if role:
        made.setProperty("role", role)
    if tip:
        made.setToolTip(tip)
    return made


def put(shown: QLabel, text: str, *, tip: str = "") -> None:
    """Let a label say something else; where it says nothing it takes no place."""
    shown.setText(breakable(text))
    shown.setToolTip(tip)
    shown.setVisible(bool(text))


def badge(text: str, *, tip: str = "") -> QLabel:
    """Short words in a frame."""
    made = label(text, "badge", tip=tip)
    made.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Minimum)
    made.setWordWrap(False)
    return made


def shaped(shape: Shape, colour: str, text: QLabel) -> QHBoxLayout:
    """A shape before its words."""
    row = QHBoxLayout()
    row.setSpacing(7)
    row.addWidget(ShapeLabel(shape, colour), 0, Qt.AlignmentFlag.AlignVCenter)
    row.addWidget(text, 1)
    return row


def card(role: str = "card") -> tuple[QFrame, QVBoxLayout]:
    """A frame with a column in it."""
    frame = QFrame()
    frame.setProperty("role", role)
    column = QVBoxLayout(frame)
    column.setContentsMargins(12, 10, 12, 10)
    column.setSpacing(6)
    return frame, column


class ScrollColumn(QScrollArea):
    """A column that scrolls when it is too tall, and is exactly as tall as its wrapped texts need.

    QScrollArea's own resizing goes by a layout's least height, which does not know how texts wrap at this width.
    """

    def __init__(self, inner: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inner = inner
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(False)
        self.setWidget(inner)
        inner.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the column's changes."""
        if watched is self._inner and event.type() == QEvent.Type.LayoutRequest:
            self._arrange()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Follow the panel's width."""
        super().resizeEvent(event)
        self._arrange()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Many changes, laid out once: Qt else lays out all that is around each widget as it is shown."""
        layouts = self._inner.findChildren(QLayout)
        for layout in layouts:
            layout.setEnabled(False)
        try:
            yield
        finally:
            for layout in layouts:
                layout.setEnabled(True)
        self.settle()

    def settle(self) -> None:
        """Lay out now what was just put in: no frame is painted with texts cut off."""
        if not self.isVisible():
            return
        for widget in self._inner.findChildren(QWidget):
            # Qt shows what joins a visible parent a turn later, and a layout leaves out what is not shown.
            if not widget.isWindow() and not widget.testAttribute(Qt.WidgetAttribute.WA_WState_ExplicitShowHide):
                widget.show()
        for _ in range(3):  # from the texts to their cards, then to the column
            QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        self._arrange()
        # Qt shows and hides the scroll bar a turn later; the column's width depends on it.
        QCoreApplication.sendPostedEvents(self, QEvent.Type.MetaCall)

    def _arrange(self) -> None:
        layout, width = self._inner.layout(), self.viewport().width()
        if layout is None:
            return
        layout.activate()
        needed = layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalSizeHint().height()
        self._inner.resize(width, max(needed, self.viewport().height()))


def clear(layout: QLayout) -> None:
    """Take everything out of a layout and delete it."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        if inner is not None:
            clear(inner)


def restyle(widget: QWidget) -> None:
    """Let the style sheet look at a changed property."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
