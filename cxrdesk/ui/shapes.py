"""Small shapes that say the same as a colour does, for readers who do not see it."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from cxrdesk.ui.theme import scaled

_SIDE = 16


class Shape(Enum):
    """Drawn, so that no font has to have them."""

    TRIANGLE = auto()
    RING = auto()
    DIAMOND = auto()
    DASH = auto()
    CROSS = auto()
    CIRCLE = auto()
    STOP = auto()


class ShapeLabel(QWidget):
    """One shape in one colour."""

    def __init__(self, shape: Shape = Shape.CIRCLE, colour: str = "#ffffff", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shape, self.colour = shape, colour
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def set(self, shape: Shape, colour: str) -> None:
        """Show another one."""
        self.shape, self.colour = shape, colour
        self.update()

    def sizeHint(self) -> QSize:
        """As large as the text beside it."""
        return QSize(scaled(_SIDE), scaled(_SIDE))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        draw_shape(painter, self.shape, QRectF(0, 0, self.width(), self.height()), QColor(self.colour))


def draw_shape(painter: QPainter, shape: Shape, area: QRectF, colour: QColor) -> None:
    """Draw a shape into a square."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    r = area.adjusted(2.5, 2.5, -2.5, -2.5)
    painter.setPen(QPen(colour, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    middle = r.center()
    match shape:
        case Shape.TRIANGLE:
            painter.setBrush(colour)
            painter.drawPolygon(QPolygonF([QPointF(middle.x(), r.top()), r.bottomRight(), r.bottomLeft()]))
        case Shape.RING:
            painter.drawEllipse(r)
        case Shape.CIRCLE:
            painter.setBrush(colour)
            painter.drawEllipse(r.adjusted(1, 1, -1, -1))
        case Shape.DIAMOND:
            corners = [QPointF(middle.x(), r.top()), QPointF(r.right(), middle.y())]
            corners += [QPointF(middle.x(), r.bottom()), QPointF(r.left(), middle.y())]
            painter.drawPolygon(QPolygonF(corners))
        case Shape.DASH:
            painter.drawLine(QPointF(r.left(), middle.y()), QPointF(r.right(), middle.y()))
        case Shape.CROSS:
            painter.drawLine(r.topLeft(), r.bottomRight())
            painter.drawLine(r.topRight(), r.bottomLeft())
        case Shape.STOP:
            painter.drawRect(r.adjusted(1, 1, -1, -1))
    painter.restore()
