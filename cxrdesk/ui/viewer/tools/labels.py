"""The texts of annotations: readable at any zoom, beside what they tell of, and over no other text.

A text that finds no room says its first line only; where that finds none either, it stands in the list of measurements.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from cxrdesk.studies.annotations import Kind
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.texts import free, wrapped
from cxrdesk.ui.viewer.tool import MarkStyle
from cxrdesk.ui.viewer.tools.kept_picture import KeptPicture
from cxrdesk.ui.viewer.tools.marks import AnnotationMark, HintMark

_PAD = 4.0
_AWAY = 10.0
_FAR = 26.0
_RINGS = (_AWAY, 40.0, 80.0, 130.0, 190.0)
"""Screen pixels between a drawing and its text: further off where there is no room."""
_LED = 34.0
"""From here on a line leads from the text to what it tells of."""
_FEW = 2
"""Spots of lines under a text that are less bad than a place further off."""
_FARTHEST = 70.0
"""Further off than this only the first line is told."""
_EDGE = 2.0
_WIDEST_SHARE = 0.6
_SELECTED = QColor("#ffffff")
_BACK = QColor(0, 0, 0, 175)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Label:
    """The text of one mark and where it stands; `texts` are empty where it found no room."""

    mark: AnnotationMark
    texts: tuple[str, ...]
    rect: QRectF
    lead: QPointF | None = None
    seen: bool = True
    picture: KeptPicture = field(default_factory=KeptPicture)

    def moved(self, way: QPointF) -> _Label:
        lead = self.lead + way if self.lead is not None else None
        return replace(self, rect=self.rect.translated(way), lead=lead)


class LabelsMark:
    """The texts of all annotations in a view, over all their lines.

    Parameters
    ----------
    marks : sequence of AnnotationMark
        The first of them choose their places first.
    hint : HintMark or None
        What chooses before all of them.
    """

    def __init__(self, marks: Sequence[AnnotationMark], hint: HintMark | None = None) -> None:
        self._marks, self._hint = marks, hint
        self._laid: tuple[Geometry, tuple[object, ...], list[_Label]] | None = None

    def paint(self, painter: QPainter, geometry: Geometry, style: MarkStyle) -> None:
        """Draw each text where it hides the least."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(painter.font())
        font.setPointSizeF(style.point_size)
        painter.setFont(font)
        metrics = QFontMetricsF(font, painter.device())
        taken = list(style.taken)
        if self._hint is not None and not style.kept:
            taken.append(self._hint.place(geometry, style))
        for label in self._lay_out(geometry, metrics, taken, font):
            mark = label.mark
            mark.label, mark.labelled = label.rect, geometry
            if not label.texts or not label.seen:
                continue
            in_hand = mark.selected and not style.kept
            colour = _SELECTED if in_hand else QColor(style.colour)
            if style.kept:
                _write(painter, label, metrics, colour, framed=in_hand)
                continue
            area = label.rect
            if label.lead is not None:
                area = area.united(QRectF(label.lead, label.lead).adjusted(-1, -1, 1, 1))
            state = (label.texts, colour.name(), in_hand, style.point_size, label.lead is None)
            label.picture.paint(
                painter,
                label.rect.topLeft(),
                area,
                state,
                lambda on, label=label, colour=colour, framed=in_hand: _write(  # type: ignore[misc]
                    on, label, metrics, colour, framed=framed, font=font
                ),
            )

    def _lay_out(self, geometry: Geometry, metrics: QFontMetricsF, taken: list[QRectF], font: QFont) -> list[_Label]:
        """Worked out anew where zoom or other text changed; while a film is moved texts move along with it."""
        others = (geometry.form, geometry.viewport, font, len(taken))
        screen = QRectF(0, 0, *geometry.viewport)
        kept: dict[AnnotationMark, _Label] = {}
        if self._laid is not None and self._laid[1][:-1] == others:
            before, same, labels = self._laid
            if before == geometry and same[-1] == taken:
                return labels
            if before != geometry:
                way = QPointF(*geometry.to_screen(0.0, 0.0)) - QPointF(*before.to_screen(0.0, 0.0))
                held = list(taken)
                for moved in (label.moved(way) for label in labels if label.texts and label.seen):
                    if screen.contains(moved.rect) and free(moved.rect, held):
                        held.append(moved.rect)
                        kept[moved.mark] = moved
        spots = np.concatenate([mark.spots(geometry) for mark in self._marks])
        inside = (spots >= (0.0, 0.0)) & (spots <= geometry.viewport)
        spots = spots[inside.all(axis=1)]
        standing = [*taken, *(label.rect for label in kept.values())]
        labels = []
        for mark in self._marks:
            label = kept.get(mark)
            if label is None and any(mark.values.lines):
                label = _placed(mark, geometry, metrics, spots, standing)
                standing += [label.rect] if label.texts and label.seen else []
            labels += [label] if label is not None else []
        self._laid = (geometry, (*others, taken), labels)
        return labels


def _write(
    painter: QPainter, label: _Label, metrics: QFontMetricsF, colour: QColor, *, framed: bool, font: QFont | None = None
) -> None:
    if font is not None:
        painter.setFont(font)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    rect = label.rect
    if label.lead is not None:
        painter.setPen(QPen(colour, 1, Qt.PenStyle.DotLine))
        painter.drawLine(label.lead, _nearest(rect, label.lead))
    painter.setPen(QPen(colour, 1) if framed else Qt.PenStyle.NoPen)
    painter.setBrush(_BACK)
    painter.drawRoundedRect(rect, 3, 3)
    painter.setPen(colour)
    y = rect.top() + _PAD + metrics.ascent()
    for line in label.texts:
        painter.drawText(QPointF(rect.left() + _PAD, y), line)
        y += metrics.lineSpacing()


def _placed(
    mark: AnnotationMark,
    geometry: Geometry,
    metrics: QFontMetricsF,
    spots: NDArray[np.float64],
    taken: Sequence[QRectF],
) -> _Label:
    """The first place that hides nothing, else the one that hides least; on the screen as long as the drawing is."""
    wide, high = geometry.viewport
    box = mark.area(geometry)
    told = [wrapped(metrics, line, _WIDEST_SHARE * wide) for line in mark.values.lines if line]
    lines = [part for parts in told for part in parts]
    seen = QRectF(0, 0, wide, high).intersects(box.adjusted(-1, -1, 1, 1))
    held = np.array([(r.left(), r.top(), r.right(), r.bottom()) for r in taken]).reshape(-1, 4)
    brief = lines if len(told) == 1 else [*told[0][:-1], f"{told[0][-1]} …"]
    # Less said nearby is better than more said far off.
    for texts, farthest in ((lines, _FARTHEST), (brief, math.inf)):
        width = max(metrics.horizontalAdvance(line) for line in texts) + 2 * _PAD
        size = float(round(width)), float(round(metrics.lineSpacing() * len(texts) + 2 * _PAD))
        best: tuple[int, NDArray[np.float64]] | None = None
        for near in _candidates(mark, mark.screen_lines(geometry), box, size):
            corners = np.round(np.array(near))
            if not seen:
                rect = _outside(_rect(corners[0], size), box, wide, high)
                return _Label(mark=mark, texts=tuple(texts), rect=rect, seen=False)
            corners = np.clip(corners, _EDGE, np.maximum(np.subtract((wide, high), size) - _EDGE, _EDGE))
            found = _best(corners, size, spots, held)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
            if best is not None and best[0] <= _FEW:
                break  # further off it would be less plain what it tells of
        if best is not None:
            own = mark.spots(geometry)
            away = np.hypot(*(own - np.clip(own, best[1], np.add(best[1], size))).T)
            if away.min() > farthest:
                continue
            lead = QPointF(*own[int(away.argmin())]) if away.min() > _LED else None
            return _Label(mark=mark, texts=tuple(texts), rect=_rect(best[1], size), lead=lead)
    return _Label(mark=mark, texts=(), rect=QRectF())


def _rect(corner: NDArray[np.float64], size: tuple[float, float]) -> QRectF:
    return QRectF(float(corner[0]), float(corner[1]), *size)


def _best(
    corners: NDArray[np.float64], size: tuple[float, float], spots: NDArray[np.float64], taken: NDArray[np.float64]
) -> tuple[int, NDArray[np.float64]] | None:
    """The corner that is clear of what is taken with the fewest spots under the text, after their number."""
    ends = corners + size
    clear = (
        (corners[:, None, 0] >= taken[:, 2])
        | (ends[:, None, 0] <= taken[:, 0])
        | (corners[:, None, 1] >= taken[:, 3])
        | (ends[:, None, 1] <= taken[:, 1])
    ).all(axis=1)
    best: tuple[int, NDArray[np.float64]] | None = None
    for corner, end in zip(corners[clear], ends[clear], strict=True):
        inside = (spots >= corner) & (spots <= end)
        cost = int(np.count_nonzero(inside.all(axis=1)))
        if best is None or cost < best[0]:
            best = (cost, corner)
        if not cost:
            break
    return best


def _outside(rect: QRectF, box: QRectF, wide: float, high: float) -> QRectF:
    """The text of what is off the screen, off the screen on the same side."""
    if box.right() < 0:
        rect.moveRight(min(rect.right(), -1.0))
    elif box.left() > wide:
        rect.moveLeft(max(rect.left(), wide + 1.0))
    elif box.bottom() < 0:
        rect.moveBottom(min(rect.bottom(), -1.0))
    else:
        rect.moveTop(max(rect.top(), high + 1.0))
    return rect


def _nearest(rect: QRectF, point: QPointF) -> QPointF:
    """The point of a place's edge that is nearest to one outside it."""
    return QPointF(min(max(point.x(), rect.left()), rect.right()), min(max(point.y(), rect.top()), rect.bottom()))


def _candidates(
    mark: AnnotationMark, lines: list[list[QPointF]], box: QRectF, size: tuple[float, float]
) -> Iterator[list[tuple[float, float]]]:
    """Upper left corners, the nearest and best first."""
    width, height = size
    near: list[tuple[float, float]] = []
    if mark.annotation.kind is Kind.TEXT:
        yield [(lines[0][0].x(), lines[0][0].y())]
    elif mark.annotation.kind in (Kind.LENGTH, Kind.ARROW):
        # A length is told at its right end, an arrow at its tail.
        ends = sorted(lines[0], key=lambda point: -point.x()) if mark.annotation.kind is Kind.LENGTH else lines[0]
        for point in ends:
            near += [(x, point.y() - height / 2) for x in (point.x() + _AWAY, point.x() - width - _AWAY)]
    elif mark.annotation.kind is Kind.ANGLE:
        vertex = lines[0][1]
        for dy in (-height / 2, _FAR, -height - _FAR):
            near += [(x, vertex.y() + dy) for x in (vertex.x() + _AWAY, vertex.x() - width - _AWAY)]
    elif mark.annotation.kind is Kind.CARDIOTHORACIC:
        near += [(box.left(), box.bottom() + _AWAY), (box.left(), box.top() - height - _AWAY)]
    for away in _RINGS:
        right, left = box.right() + away, box.left() - width - away
        above, below = box.top() - height - away, box.bottom() + away
        near += [(x, y) for x in (right, left) for y in (box.top(), box.bottom() - height)]
        across = (box.left(), box.center().x() - width / 2, box.right() - width)
        near += [(x, y) for x in across for y in (below, above)]
        near += [(x, y) for x in (right, left) for y in (above, below)]
        yield near
        near = []
