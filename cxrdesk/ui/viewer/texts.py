"""Small text on a dark ground, so that it is read on white bone and black air alike."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter

from cxrdesk.ui.theme import colours, small_point_size

MARGIN = 10.0
PAD = 5.0


def small(painter: QPainter, *, bold: bool = False) -> None:
    """Write small from now on."""
    font = QFont(painter.font())
    font.setPointSizeF(small_point_size())
    font.setBold(bold)
    painter.setFont(font)


def back(painter: QPainter, rect: QRectF) -> None:
    """A dark ground, so that what stands on it is read on white bone too."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours().film_back))
    painter.drawRoundedRect(rect, 3, 3)


def block(painter: QPainter, lines: Sequence[str], x: float, top: float, *, right: bool = False) -> QRectF:
    """The ground of some lines whose left (or right) edge is at `x`; returns it."""
    metrics = painter.fontMetrics()
    width = max((metrics.horizontalAdvance(line) for line in lines), default=0) + 2 * PAD
    rect = QRectF(x - width if right else x, top, width, metrics.lineSpacing() * len(lines) + 2 * PAD)
    back(painter, rect)
    return rect


def write(
    painter: QPainter, lines: Sequence[str], rect: QRectF, colour: str | None = None, *, right: bool = False
) -> None:
    """Lines within their ground."""
    painter.setPen(QColor(colour or colours().film_text))
    metrics = painter.fontMetrics()
    y = rect.top() + PAD + metrics.ascent()
    for line in lines:
        x = rect.right() - PAD - metrics.horizontalAdvance(line) if right else rect.left() + PAD
        painter.drawText(QPointF(x, y), line)
        y += metrics.lineSpacing()
