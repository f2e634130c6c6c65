"""A probability on its own scale, 0 to 1, with the operating point as a tick. Nothing is ever rescaled."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QAccessible, QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from cxrdesk.ui.theme import colours, small_point_size
from cxrdesk.ui.words import share_text

_THICK = 12.0
_SIDE = 6.0


class ProbabilityBar(QWidget):
    """A bar from 0 to 1, empty until it is told a probability."""

    ACCESSIBLE_ROLE = QAccessible.Role.Indicator

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.probability, self.colour = 0.0, ""
        self.threshold: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_probability(self, probability: float, threshold: float | None, colour: str) -> None:
        """Draw this one.

        Parameters
        ----------
        probability : float
            0..1.
        threshold : float or None
            The operating point, 0..1.
        colour : str
            The call's.
        """
        self.probability, self.threshold, self.colour = probability, threshold, colour
        told = f"{share_text(probability)} on a scale from 0 to 1"
        if threshold is not None:
            told += f"; operating point at {threshold:.3f}"
        self._tell(told)
        if self.font().pointSizeF() != small_point_size():
            font = QFont(self.font())
            font.setPointSizeF(small_point_size())
            self.setFont(font)
        self.update()
        self.show()

    def forget(self) -> None:
        """No probability is known."""
        self.probability, self.threshold, self.colour = 0.0, None, ""
        self._tell("")
        self.hide()

    def _tell(self, text: str) -> None:
        self.setAccessibleName(text)
        self.setToolTip(text)

    def sizeHint(self) -> QSize:
        """A bar with its numbers below and the tick above."""
        return QSize(160, int(_THICK + 9 + self.fontMetrics().height() + 3))

    def x_of(self, share: float) -> float:
        """Where on the widget a probability lies."""
        return _SIDE + share * (self.width() - 2 * _SIDE)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Groove, bar, tick, numbers."""
        c = colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = 9.0
        groove = QRectF(self.x_of(0), top, self.x_of(1) - self.x_of(0), _THICK)
        painter.setPen(QPen(QColor(c.line), 1))
        painter.setBrush(QColor(c.ground))
        painter.drawRect(groove)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.colour))
        painter.drawRect(QRectF(groove.left(), top, max(self.x_of(self.probability) - groove.left(), 1.5), _THICK))
        metrics = self.fontMetrics()
        baseline = top + _THICK + 3 + metrics.ascent()
        painter.setPen(QColor(c.muted))
        painter.drawText(QPointF(groove.left(), baseline), "0")
        painter.drawText(QPointF(groove.right() - metrics.horizontalAdvance("1"), baseline), "1")
        if self.threshold is None:
            return
        x = self.x_of(self.threshold)
        painter.setPen(QPen(QColor(c.text), 2))
        painter.drawLine(QPointF(x, top - 2), QPointF(x, top + _THICK + 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(c.text))
        painter.drawPolygon(QPolygonF([QPointF(x, top - 1), QPointF(x - 4, top - 8), QPointF(x + 4, top - 8)]))
        told = f"{self.threshold:.3f}"
        width = metrics.horizontalAdvance(told)
        room = metrics.horizontalAdvance("0 ")
        left = min(max(x - width / 2, groove.left() + room), groove.right() - room - width)
        painter.setPen(QColor(c.text))
        painter.drawText(QPointF(left, baseline), told)
