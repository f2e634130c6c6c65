"""Graphics and texts of a presentation state over its film (PS3.3 C.10.5)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from cxrdesk.imaging.gsps import DisplayedArea, Graphic, Text, View
from cxrdesk.ui.theme import point_size
from cxrdesk.ui.viewer.geometry import Geometry, Point

STATE_COLOUR = "#ffab91"
_SEAM = QColor(0, 0, 0, 190)
_WIDTH = 1.6
_CROSS = 5.0
"""Half a point's cross, in screen pixels."""
_AROUND = 96
"""Corners of a circle or an ellipse."""
_BETWEEN = 12
"""Points of a curve between two of its own."""
_LEAST_COLUMN = 90.0
"""Screen pixels that a text may always take across, however narrow its box."""


class StateLayer:
    """What a state draws, as lines and texts on film points.

    Parameters
    ----------
    view : View
        The state as it was applied to the film.
    shape : tuple of int
        (rows, cols) of the film.
    words : callable
        Gives a text as it may be shown.
    """

    def __init__(self, view: View, shape: tuple[int, int], words: Callable[[str], str] = str) -> None:
        rows, cols = shape
        area = view.area or DisplayedArea(box=(0.0, 0.0, float(cols), float(rows)))
        place = _Placed(area, view.rotation, flipped=view.flipped)
        self.lines = [(place.all(outline(graphic), on_film=graphic.on_film), graphic) for graphic in view.graphics]
        self.texts = [(_moved(text, place), words(text.text)) for text in view.texts]

    def paint(self, painter: QPainter, geometry: Geometry) -> None:
        """Draw over the film."""
        painter.save()
        painter.setClipRect(QRectF(0, 0, *geometry.viewport), Qt.ClipOperation.IntersectClip)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for points, graphic in self.lines:
            _draw(painter, [QPointF(*geometry.to_screen(x, y)) for x, y in points], graphic)
        font = QFont(painter.font())
        font.setPointSizeF(point_size())
        painter.setFont(font)
        for text, words in self.texts:
            _write(painter, geometry, text, words)
        painter.restore()


class _Placed:
    """Shares of the displayed area, as it was turned for the screen, as film points."""

    def __init__(self, area: DisplayedArea, rotation: int, *, flipped: bool) -> None:
        x0, y0, x1, y1 = area.box
        upright = rotation in (0, 180)
        size = (x1 - x0, y1 - y0) if upright else (y1 - y0, x1 - x0)
        self._turned = Geometry(
            film=(1, 1), viewport=size, center=((x0 + x1) / 2, (y0 + y1) / 2), rotation=rotation, flipped=flipped
        )

    def point(self, point: Point, *, on_film: bool) -> Point:
        if on_film:
            return point
        width, height = self._turned.viewport
        return self._turned.to_film(point[0] * width, point[1] * height)

    def all(self, points: list[Point], *, on_film: bool) -> list[Point]:
        return [self.point(point, on_film=on_film) for point in points]


def _moved(text: Text, place: _Placed) -> Text:
    anchor = None if text.anchor is None else place.point(text.anchor, on_film=text.on_film)
    box = None
    if text.box is not None:
        first, last = (place.point(corner, on_film=text.on_film) for corner in text.box)
        box = (first, last)
    return Text(text=text.text, anchor=anchor, box=box, pointing=text.pointing)


def outline(graphic: Graphic) -> list[Point]:
    """Points of a line that looks like a graphic (PS3.3 C.10.5.1.2), in the graphic's units; a point is one."""
    points = np.array(graphic.points, dtype=float)
    turn = np.linspace(0, 2 * math.pi, _AROUND + 1)[:, None]
    match graphic.kind:
        case "CIRCLE":
            center, rim = points
            found = center + math.dist(center, rim) * np.hstack([np.cos(turn), np.sin(turn)])
        case "ELLIPSE":
            center = points.mean(axis=0)
            major, minor = (points[1] - points[0]) / 2, (points[3] - points[2]) / 2
            found = center + np.cos(turn) * major + np.sin(turn) * minor
        case "INTERPOLATED":
            found = _curve(points)
        case _:
            found = points
    return [(float(x), float(y)) for x, y in found]


def _curve(points: np.ndarray) -> np.ndarray:
    """A smooth curve through points (Catmull and Rom 1974); the standard leaves open which one."""
    closed = len(points) > 2 and bool((points[0] == points[-1]).all())
    before, after = (points[-2], points[1]) if closed else (points[0], points[-1])
    padded = np.vstack([before, points, after])
    t = np.linspace(0, 1, _BETWEEN, endpoint=False)[:, None]
    a, b, c, d = (padded[start : len(points) - 1 + start, None] for start in range(4))
    pieces = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.vstack([pieces.reshape(-1, 2), points[-1:]])


def _draw(painter: QPainter, screen: list[QPointF], graphic: Graphic) -> None:
    for colour, width in ((_SEAM, _WIDTH + 2.4), (QColor(STATE_COLOUR), _WIDTH)):
        pen = QPen(colour, width)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if graphic.kind == "POINT":
            (at,) = screen
            for across in (QPointF(_CROSS, 0), QPointF(0, _CROSS)):
                painter.drawLine(at - across, at + across)
        elif graphic.filled and len(screen) > 2:
            fill = QColor(colour)
            fill.setAlpha(90 if colour != _SEAM else 0)
            painter.setBrush(fill)
            painter.drawPolygon(QPolygonF(screen))
        else:
            painter.drawPolyline(QPolygonF(screen))


def _write(painter: QPainter, geometry: Geometry, text: Text, words: str) -> None:
    """A text in its box, or beside its anchor where it has none; held in sight while what it belongs to is."""
    metrics = QFontMetricsF(painter.font())
    anchor = QPointF(*geometry.to_screen(*text.anchor)) if text.anchor is not None else None
    flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop) | int(Qt.TextFlag.TextWordWrap)
    room = geometry.viewport[0]
    if text.box is not None:
        first, last = (QPointF(*geometry.to_screen(*corner)) for corner in text.box)
        place = QRectF(first, last).normalized()
        room = max(place.width(), _LEAST_COLUMN)
    used = metrics.boundingRect(QRectF(0, 0, room, 10_000), flags, words)
    if text.box is not None:
        used.moveTopLeft(place.topLeft())
    elif anchor is not None:
        used.moveTopLeft(anchor + QPointF(6, -used.height() - 2))
    whole = QRectF(0, 0, *geometry.viewport)
    if whole.contains(anchor if anchor is not None else used.center()):
        used.moveLeft(min(max(used.left(), 2.0), max(whole.right() - used.width() - 2, 2.0)))
        used.moveTop(min(max(used.top(), 2.0), max(whole.bottom() - used.height() - 2, 2.0)))
    if text.pointing and anchor is not None and not used.contains(anchor):
        _draw(painter, [used.center(), anchor], Graphic(kind="POLYLINE", points=((0, 0), (1, 1))))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 165))
    painter.drawRoundedRect(used.adjusted(-3, -1, 3, 1), 3, 3)
    painter.setPen(QColor(STATE_COLOUR))
    painter.drawText(used.adjusted(0, 0, 1, 1), flags, words)
