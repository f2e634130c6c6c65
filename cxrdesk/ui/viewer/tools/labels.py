"""The texts of annotations: readable at any zoom, beside what they tell of, and not over each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from cxrdesk.studies.annotations import Kind
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.tool import MarkStyle
from cxrdesk.ui.viewer.tools.marks import AnnotationMark

_PAD = 4.0
_AWAY = 10.0
_FAR = 26.0
_EDGE = 2.0
_STEP = 12.0
_MOST_SPOTS = 200
_SELECTED = QColor("#ffffff")
_BACK = QColor(0, 0, 0, 175)


class LabelsMark:
    """The texts of all annotations in a view, over all their lines.

    Parameters
    ----------
    marks : sequence of AnnotationMark
        The first of them choose their places first.
    """

    def __init__(self, marks: Sequence[AnnotationMark]) -> None:
        self._marks = marks
        self._laid: tuple[object, list[tuple[AnnotationMark, list[str], QRectF]]] | None = None

    def paint(self, painter: QPainter, geometry: Geometry, style: MarkStyle) -> None:
        """Draw each text where it hides the least."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setPointSizeF(style.point_size)
        painter.setFont(font)
        metrics = QFontMetricsF(font, painter.device())
        # A window step moves no text: where they stand is worked out once for each place of the film.
        if self._laid is None or self._laid[0] != (geometry, font):
            self._laid = ((geometry, font), list(self._lay_out(geometry, metrics)))
        for mark, texts, rect in self._laid[1]:
            mark.label, mark.labelled = rect, geometry
            in_hand = mark.selected and not style.kept
            colour = _SELECTED if in_hand else QColor(style.colour)
            _write(painter, texts, rect, metrics, colour, framed=in_hand)

    def _lay_out(
        self, geometry: Geometry, metrics: QFontMetricsF
    ) -> Iterator[tuple[AnnotationMark, list[str], QRectF]]:
        lines = {mark: mark.screen_lines(geometry) for mark in self._marks}
        spots = np.concatenate([_spots(line) for one in lines.values() for line in one])
        taken: list[QRectF] = []
        for mark in self._marks:
            texts = [line for line in mark.values.lines if line]
            if texts:
                width = max(metrics.horizontalAdvance(line) for line in texts) + 2 * _PAD
                size = (width, metrics.lineSpacing() * len(texts) + 2 * _PAD)
                taken.append(_place(mark, lines[mark], size, geometry, spots, taken))
                yield mark, texts, taken[-1]


def _write(
    painter: QPainter, texts: list[str], rect: QRectF, metrics: QFontMetricsF, colour: QColor, *, framed: bool
) -> None:
    painter.setPen(QPen(colour, 1) if framed else Qt.PenStyle.NoPen)
    painter.setBrush(_BACK)
    painter.drawRoundedRect(rect, 3, 3)
    painter.setPen(colour)
    y = rect.top() + _PAD + metrics.ascent()
    for line in texts:
        painter.drawText(QPointF(rect.left() + _PAD, y), line)
        y += metrics.lineSpacing()


def _spots(line: list[QPointF]) -> NDArray[np.float64]:
    """Points (n, 2) along a line, close enough that no text slips between them."""
    found = [np.array([[line[0].x(), line[0].y()]])]
    for start, end in pairwise(line):
        way = end - start
        # Far zoomed in, a line is much longer than the screen.
        steps = min(int(max(abs(way.x()), abs(way.y())) / _STEP) + 1, _MOST_SPOTS)
        shares = np.arange(1, steps + 1)[:, np.newaxis] / steps
        found.append(shares * (way.x(), way.y()) + (start.x(), start.y()))
    return np.concatenate(found)


def _place(
    mark: AnnotationMark,
    lines: list[list[QPointF]],
    size: tuple[float, float],
    geometry: Geometry,
    spots: NDArray[np.float64],
    taken: Sequence[QRectF],
) -> QRectF:
    """The first place that hides nothing, else the one that hides least; on the screen as long as the drawing is."""
    wide, high = geometry.viewport
    screen = QRectF(0, 0, wide, high)
    box = QPolygonF([point for line in lines for point in line]).boundingRect()
    seen = screen.intersects(box.adjusted(-1, -1, 1, 1))
    if mark.annotation.kind is Kind.TEXT:
        return QRectF(lines[0][0].x(), lines[0][0].y(), *size)
    best: tuple[float, QRectF] | None = None
    for left, top in _candidates(mark, lines, box, size):
        rect = QRectF(left, top, *size)
        if seen:
            rect.moveLeft(min(max(left, _EDGE), max(wide - size[0] - _EDGE, _EDGE)))
            rect.moveTop(min(max(top, _EDGE), max(high - size[1] - _EDGE, _EDGE)))
        over = (rect.intersected(other) for other in taken)
        cost = sum(area.width() * area.height() / _STEP**2 for area in over if not area.isEmpty())
        inside = (spots >= (rect.left(), rect.top())) & (spots <= (rect.right(), rect.bottom()))
        cost += float(np.count_nonzero(inside.all(axis=1)))
        if best is None or cost < best[0]:
            best = (cost, rect)
        if not cost:
            break
    assert best is not None
    return best[1]


def _candidates(
    mark: AnnotationMark, lines: list[list[QPointF]], box: QRectF, size: tuple[float, float]
) -> Iterator[tuple[float, float]]:
    """Upper left corners, the best first."""
    width, height = size
    right, left = box.right() + _AWAY, box.left() - width - _AWAY
    above, below = box.top() - height - _AWAY, box.bottom() + _AWAY
    if mark.annotation.kind in (Kind.LENGTH, Kind.ARROW):
        # A length is told at its right end, an arrow at its tail.
        ends = sorted(lines[0], key=lambda point: -point.x()) if mark.annotation.kind is Kind.LENGTH else lines[0]
        for point in ends:
            yield point.x() + _AWAY, point.y() - height / 2
            yield point.x() - width - _AWAY, point.y() - height / 2
    elif mark.annotation.kind is Kind.ANGLE:
        vertex = lines[0][1]
        for dy in (-height / 2, _FAR, -height - _FAR):
            yield vertex.x() + _AWAY, vertex.y() + dy
            yield vertex.x() - width - _AWAY, vertex.y() + dy
    if mark.annotation.kind is Kind.CARDIOTHORACIC:
        yield box.left(), below
        yield box.left(), above
    yield right, box.top()
    yield left, box.top()
    yield right, box.bottom() - height
    yield left, box.bottom() - height
    yield box.left(), below
    yield box.left(), above
    yield box.center().x() - width / 2, below
    yield box.center().x() - width / 2, above
