"""Annotations as they are drawn on the film: thin lines on film points, texts that stay readable at any zoom."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui.viewer.geometry import Geometry, Point
from cxrdesk.ui.viewer.tool import MarkStyle
from cxrdesk.ui.viewer.tools import forms
from cxrdesk.ui.viewer.tools.values import Subject, Values

HANDLE_REACH = 11.0
"""Screen pixels around a handle that take hold of it; around a line, `LINE_REACH`."""
LINE_REACH = 7.0
_HANDLE = 4.0
_GRABBED = 6.0
_TICK = 6.0
_HEAD = 13.0
_ROOMY = 520.0
"""Width of a view in which a hint has room for keys too."""
_BELOW_CORNERS, _BELOW_SHARE = 120.0, 0.18
"""Where a hint begins: screen pixels, share of the view's height."""
_PAD = 4.0
_ARC = 22.0
_SELECTED = "#ffffff"
_BACK = QColor(0, 0, 0, 175)


class AnnotationMark:
    """One annotation with what it measures.

    Parameters
    ----------
    annotation : Annotation
    values : Values
    subject : Subject
    selected : bool
    handle : int or None
        The handle that arrow keys move.
    """

    def __init__(
        self, annotation: Annotation, values: Values, subject: Subject, *, selected: bool, handle: int | None
    ) -> None:
        self.annotation, self.values, self.selected, self.handle = annotation, values, selected, handle
        self._lines = forms.lines(annotation, subject.scale)
        self.label = QRectF()
        """Where its text was drawn last, and with which place of the film; a print has its own."""
        self.labelled: Geometry | None = None

    # Where it is hit

    def handle_at(self, at: Point, geometry: Geometry) -> int | None:
        """The handle next to a screen point and within reach."""
        found = [
            (math.dist(at, geometry.to_screen(*point)), index)
            for index, point in enumerate(forms.handles(self.annotation))
        ]
        nearest = min(found)
        return nearest[1] if nearest[0] <= HANDLE_REACH else None

    def line_at(self, at: Point, geometry: Geometry) -> int | None:
        """The line under a screen point, within reach; the text counts as the first."""
        for index, line in enumerate(self._lines):
            if forms.distance(line, at, geometry) <= LINE_REACH:
                return index
        return 0 if self.label_at(at, geometry) else None

    def label_at(self, at: Point, geometry: Geometry) -> bool:
        """Whether its text, and none of its lines, is under a screen point."""
        if self.labelled != geometry or not self.label.contains(*at):
            return False
        return all(forms.distance(line, at, geometry) > LINE_REACH for line in self._lines)

    # How it is drawn

    def paint(self, painter: QPainter, geometry: Geometry, style: MarkStyle) -> None:
        """Draw lines and handles over the film."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        screen = self.screen_lines(geometry)
        in_hand = self.selected and not style.kept
        seam, colour = QColor(style.seam), QColor(_SELECTED if in_hand else style.colour)
        for pen in (QPen(seam, style.width + 2.4), QPen(colour, style.width)):
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            self._draw(painter, pen, screen)
        if in_hand:
            self._draw_handles(painter, geometry, style)

    def screen_lines(self, geometry: Geometry) -> list[list[QPointF]]:
        """Its lines on the screen; a text is its corner."""
        lines = self._lines or [list(self.annotation.points)]
        return [[QPointF(*geometry.to_screen(*point)) for point in line] for line in lines]

    def _draw(self, painter: QPainter, pen: QPen, screen: list[list[QPointF]]) -> None:
        painter.setPen(pen)
        kind = self.annotation.kind
        if kind is Kind.CARDIOTHORACIC:
            for line in screen[:2]:
                painter.drawPolyline(QPolygonF(line))
                _ticks(painter, line)
            fine = QPen(pen)
            fine.setWidthF(max(pen.widthF() - 0.6, 1.0))
            fine.setStyle(Qt.PenStyle.DotLine)
            painter.setPen(fine)
            for line in screen[2:]:
                painter.drawPolyline(QPolygonF(line))
            return
        for line in screen:
            painter.drawPolyline(QPolygonF(line))
        if kind is Kind.LENGTH:
            _ticks(painter, screen[0])
        elif kind is Kind.ARROW:
            _head(painter, *screen[0])
        elif kind is Kind.ANGLE:
            _arc(painter, *screen[0])

    def _draw_handles(self, painter: QPainter, geometry: Geometry, style: MarkStyle) -> None:
        for index, point in enumerate(forms.handles(self.annotation)):
            middle = QPointF(*geometry.to_screen(*point))
            grabbed = index == self.handle
            half = _GRABBED if grabbed else _HANDLE
            painter.setPen(QPen(QColor(style.seam), 3))
            # Hollow: what is measured stays in sight under the handle.
            painter.setBrush(QColor(style.colour) if grabbed else Qt.BrushStyle.NoBrush)
            rect = QRectF(middle.x() - half, middle.y() - half, 2 * half, 2 * half)
            painter.drawRect(rect)
            painter.setPen(QPen(QColor(_SELECTED), 1.4))
            painter.drawRect(rect)
        painter.setBrush(Qt.BrushStyle.NoBrush)


def _ticks(painter: QPainter, line: list[QPointF]) -> None:
    """Short strokes across both ends."""
    start, end = line[0], line[-1]
    away = end - start
    far = math.hypot(away.x(), away.y())
    if far < 1:
        return
    across = QPointF(-away.y(), away.x()) * (_TICK / far)
    for point in (start, end):
        painter.drawLine(point - across, point + across)


def _head(painter: QPainter, tail: QPointF, tip: QPointF) -> None:
    turn = math.atan2(tip.y() - tail.y(), tip.x() - tail.x())
    for side in (-1, 1):
        back = turn + math.pi + side * math.radians(24)
        painter.drawLine(tip, tip + QPointF(math.cos(back), math.sin(back)) * _HEAD)


def _arc(painter: QPainter, first: QPointF, vertex: QPointF, second: QPointF) -> None:
    arms = [point - vertex for point in (first, second)]
    reach = min(_ARC, *(math.hypot(arm.x(), arm.y()) for arm in arms))
    if reach < 4:
        return
    start, end = (math.degrees(math.atan2(-arm.y(), arm.x())) for arm in arms)
    span = (end - start + 180) % 360 - 180
    rect = QRectF(vertex.x() - reach, vertex.y() - reach, 2 * reach, 2 * reach)
    painter.drawArc(rect, round(start * 16), round(span * 16))


class HintMark:
    """What to do next, while a tool is in the hand."""

    def __init__(self, text: str) -> None:
        self.text = text

    def paint(self, painter: QPainter, geometry: Geometry, style: MarkStyle) -> None:
        """Draw below the upper corners: the lower edge belongs to window, scale and the map's legend."""
        if style.kept:
            return
        font = QFont(painter.font())
        font.setPointSizeF(style.point_size)
        painter.setFont(font)
        metrics = QFontMetricsF(font, painter.device())
        width, height = geometry.viewport
        told = self.text if width >= _ROOMY else self.text.partition(". ")[0]
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        used = metrics.boundingRect(QRectF(0, 0, width * 0.8, height), flags, told)
        rect = QRectF(0, 0, used.width() + 4 * _PAD, used.height() + 2 * _PAD)
        rect.moveCenter(QPointF(width / 2, max(_BELOW_CORNERS, height * _BELOW_SHARE) + rect.height() / 2))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_BACK)
        painter.drawRoundedRect(rect, 3, 3)
        painter.setPen(QColor("#dde2e6"))
        painter.drawText(rect, flags, told)
