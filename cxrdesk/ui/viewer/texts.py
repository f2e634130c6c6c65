"""Small text on a dark ground, so that it is read on white bone and black air alike, and where there is room for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from cxrdesk.ui.theme import colours, small_point_size

MARGIN = 10.0
PAD = 5.0
GAP = 4.0
_STEP = 6.0
"""Screen pixels between the places that are looked at for a free one."""


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


def block_size(metrics: QFontMetricsF, lines: Sequence[str]) -> tuple[float, float]:
    """(width, height) of some lines with their ground."""
    width = max((metrics.horizontalAdvance(line) for line in lines), default=0.0)
    return width + 2 * PAD, metrics.lineSpacing() * len(lines) + 2 * PAD


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


def wrapped(metrics: QFontMetricsF, text: str, width: float, *, most: int = 3) -> list[str]:
    """A text in lines no wider than `width` and no more than `most`; what is too long ends in an ellipsis."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < most - 1 and metrics.horizontalAdvance(rest) > width:
        end = len(rest)
        while end > 1 and metrics.horizontalAdvance(rest[:end].rstrip(" ")) > width:
            # A word wider than the line, a file's name for instance, is broken anywhere.
            end = (rest.rfind(" ", 0, end - 1) + 1) or end - 1
        lines.append(rest[:end].rstrip(" "))
        rest = rest[end:]
    return [*lines, metrics.elidedText(rest, Qt.TextElideMode.ElideRight, width)] if rest else lines


def free(rect: QRectF, taken: Iterable[QRectF]) -> bool:
    """Whether nothing else stands there."""
    return not any(rect.intersects(other) for other in taken)


def first_free(places: Iterable[QRectF], taken: Sequence[QRectF], viewport: tuple[float, float]) -> QRectF | None:
    """The first place within the viewport where nothing else stands."""
    whole = QRectF(0, 0, *viewport)
    return next((rect for rect in places if whole.contains(rect) and free(rect, taken)), None)


def downwards(rect: QRectF, bottom: float) -> Iterator[QRectF]:
    """The place itself and those below it, as far as `bottom`."""
    top = rect.top()
    while top + rect.height() <= bottom:
        yield QRectF(rect.left(), top, rect.width(), rect.height())
        top += _STEP


def upwards(rect: QRectF) -> Iterator[QRectF]:
    """The place itself and those above it."""
    top = rect.top()
    while top >= 0:
        yield QRectF(rect.left(), top, rect.width(), rect.height())
        top -= _STEP
