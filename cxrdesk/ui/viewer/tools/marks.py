"""Annotations as they are drawn on the film: thin lines on film points, texts that stay readable at any zoom."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui.theme import colours
from cxrdesk.ui.viewer.geometry import Geometry, Point
from cxrdesk.ui.viewer.texts import downwards, first_free
from cxrdesk.ui.viewer.tool import MarkStyle
from cxrdesk.ui.viewer.tools import forms
from cxrdesk.ui.viewer.tools.kept_picture import KeptPicture
from cxrdesk.ui.viewer.tools.values import Subject, Values

HANDLE_REACH = 11.0
"""Screen pixels around a handle that take hold of it; around a line, `LINE_REACH`."""
LINE_REACH = 7.0
_HANDLE = 4.0
_GRABBED = 6.0
_TICK = 6.0
_HEAD = 13.0
_BELOW_CORNERS, _BELOW_SHARE = 120.0, 0.18
"""Where a hint begins if nothing stands there: screen pixels, share of the view's height."""
_REACH = 16.0
"""Screen pixels that handles, ticks and heads reach beyond the lines."""
SPOT_STEP = 12.0
_MOST_SPOTS = 200
_CENTERED = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
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
        self._known: tuple[object, list[NDArray[np.float64]], NDArray[np.float64]] | None = None
        self._picture = KeptPicture()
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
        area = self.area(geometry).adjusted(-_REACH, -_REACH, _REACH, _REACH)
        if not area.intersects(QRectF(0, 0, *geometry.viewport)):
            return
        if style.kept:
            self._paint(painter, geometry, style)
        else:
            state = (geometry.form, style.colour, style.seam, style.width)
            at = QPointF(*geometry.to_screen(0.0, 0.0))
            self._picture.paint(painter, at, area, state, lambda on: self._paint(on, geometry, style))

    def _paint(self, painter: QPainter, geometry: Geometry, style: MarkStyle) -> None:
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

    def area(self, geometry: Geometry) -> QRectF:
        """Around its lines on the screen."""
        points = np.concatenate(self._drawn(geometry)[0])
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        x, y = geometry.to_screen(0.0, 0.0)
        return QRectF(left + x, top + y, right - left, bottom - top)

    def screen_lines(self, geometry: Geometry) -> list[list[QPointF]]:
        """Its lines on the screen; a text is its corner."""
        first = geometry.to_screen(0.0, 0.0)
        return [[QPointF(x, y) for x, y in (line + first).tolist()] for line in self._drawn(geometry)[0]]

    def spots(self, geometry: Geometry) -> NDArray[np.float64]:
        """Points (n, 2) along its lines on the screen, close enough that no text slips between them."""
        spots: NDArray[np.float64] = self._drawn(geometry)[1] + geometry.to_screen(0.0, 0.0)
        return spots

    def _drawn(self, geometry: Geometry) -> tuple[list[NDArray[np.float64]], NDArray[np.float64]]:
        """Lines and spots as seen from the film's corner, which a film that is moved takes with it."""
        if self._known is None or self._known[0] != geometry.form:
            m11, m12, m21, m22, _, _ = geometry.matrix
            turned = np.array([[m11, m12], [m21, m22]])
            seen = [np.array(line, np.float64) @ turned for line in self._lines or [list(self.annotation.points)]]
            self._known = (geometry.form, seen, np.concatenate([_spots(line) for line in seen]))
        return self._known[1:]

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


def _spots(line: NDArray[np.float64]) -> NDArray[np.float64]:
    ways = np.diff(line, axis=0)
    # Far zoomed in, a line is much longer than the screen.
    steps = np.minimum((np.abs(ways).max(axis=1, initial=0.0) / SPOT_STEP).astype(int) + 1, _MOST_SPOTS)
    on = np.repeat(np.arange(len(ways)), steps)
    number = np.arange(1, len(on) + 1) - np.repeat(np.cumsum(steps) - steps, steps)
    return np.concatenate([line[:1], line[on] + ways[on] * (number / steps[on])[:, np.newaxis]])


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
        """Draw where `place` says."""
        told, rect, font = self._laid(geometry, style)
        if style.kept or rect.isEmpty():
            return
        painter.setFont(font)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_BACK)
        painter.drawRoundedRect(rect, 3, 3)
        painter.setPen(QColor(colours().film_text))
        painter.drawText(rect, _CENTERED, told)

    def place(self, geometry: Geometry, style: MarkStyle) -> QRectF:
        """Below the upper corners, clear of other text; empty where there is no room for a hint."""
        return self._laid(geometry, style)[1]

    def _laid(self, geometry: Geometry, style: MarkStyle) -> tuple[str, QRectF, QFont]:
        font = QFont()
        font.setPointSizeF(style.point_size)
        metrics, (width, height) = QFontMetricsF(font), geometry.viewport
        brief = self.text.partition(". ")[0]
        for told, share in ((self.text, 0.8), (brief, 0.8), (brief, 0.6), (brief, 0.45)):
            used = metrics.boundingRect(QRectF(0, 0, width * share, height), _CENTERED, told)
            rect = QRectF(0, 0, used.width() + 4 * _PAD, used.height() + 2 * _PAD)
            if used.height() > 2 * metrics.lineSpacing() + 1 and told is not brief:
                continue
            rect.moveCenter(QPointF(width / 2, rect.height() / 2))
            rect.moveTop(min(_BELOW_CORNERS, height * _BELOW_SHARE))
            found = first_free(downwards(rect, height), style.taken, geometry.viewport)
            if found is not None:
                return told, found, font
        return "", QRectF(), font
