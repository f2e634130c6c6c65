"""What stands in the corners and at the edges of a film: who and what it is, window, zoom, scale, left and right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.ui.theme import colours, scaled, small_point_size
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.texts import MARGIN, PAD, back, block, small, write

_ROUND_LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100, 200)
_LONGEST_RULER = 160
_TICK = 7.0
_GAP = 4.0
_WIDEST_SHARE = 0.4
_WIDEST_LIVE = "Window center -00000, width 00000"
_LEAST_WIDTH = 340
"""Narrower films have text on the left alone, with the first line of the right: window and zoom stand in the status bar
too, the rest in the list."""


@dataclass(frozen=True, kw_only=True)
class CornerContent:
    """What the corners of one film say.

    Parameters
    ----------
    upper_left, upper_right : tuple of str
        Lines; the first of the right is the one that must not be left out.
    badge : str or None
        Stands out below those of the left.
    window, zoom, scale : bool
        Whether window, zoom and scale bar are told.
    orientation : tuple of str or None
        Patient Orientation (0020,0020), rows and columns; None tells neither left nor right.
    """

    upper_left: tuple[str, ...] = ()
    upper_right: tuple[str, ...] = ()
    badge: str | None = None
    window: bool = False
    zoom: bool = False
    scale: bool = True
    orientation: tuple[str, str] | None = None


def draw_corners(
    painter: QPainter, content: CornerContent, geometry: Geometry, radiograph: Radiograph | None
) -> list[QRectF]:
    """All that stays while the window changes; returns where it is."""
    taken = _draw_upper(painter, content, geometry.viewport[0])
    taken += _draw_markers(painter, content, geometry)
    if content.scale and radiograph is not None:
        taken += draw_ruler(painter, geometry, radiograph)
    return taken


def _draw_upper(painter: QPainter, content: CornerContent, width: float) -> list[QRectF]:
    small(painter)
    metrics = painter.fontMetrics()
    drawn = []

    def fitting(lines: Sequence[str]) -> list[str]:
        return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, int(width * _WIDEST_SHARE)) for line in lines]

    top = MARGIN
    # Beside another film the date tells which is which: where the right has no room it moves to the left.
    left = content.upper_left if _has_room(width) else (*content.upper_left, *content.upper_right[:1])
    if left:
        lines = fitting(left)
        rect = block(painter, lines, MARGIN, top)
        write(painter, lines, rect)
        drawn.append(rect)
        top = rect.bottom() + _GAP
    if content.badge:
        small(painter, bold=True)
        rect = block(painter, [content.badge], MARGIN, top)
        painter.setPen(QPen(QColor(colours().film_warning), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, 3, 3)
        write(painter, [content.badge], rect, colours().film_warning)
        drawn.append(rect)
        small(painter)
    if content.upper_right and _has_room(width):
        lines = fitting(content.upper_right)
        rect = block(painter, lines, width - MARGIN, MARGIN, right=True)
        write(painter, lines, rect, right=True)
        drawn.append(rect)
    return drawn


def marker_places(content: CornerContent, geometry: Geometry) -> list[tuple[str, QRectF]]:
    """What of the patient lies to the left, top, right and bottom, in letters of PS3.3 C.7.6.1.1.1, and where."""
    if content.orientation is None:
        return []
    metrics, (width, height) = QFontMetricsF(_marker_font()), geometry.viewport
    places = []
    for edge, letters in enumerate(geometry.edges(content.orientation)):
        rect = QRectF(0, 0, metrics.horizontalAdvance(letters) + 2 * PAD, metrics.height())
        x = {0: MARGIN + rect.width() / 2, 2: width - MARGIN - rect.width() / 2}.get(edge, width / 2)
        y = {1: MARGIN + rect.height() / 2, 3: height - MARGIN - rect.height() / 2}.get(edge, height / 2)
        rect.moveCenter(QPointF(x, y))
        if letters:
            places.append((letters, rect))
    return places


def _draw_markers(painter: QPainter, content: CornerContent, geometry: Geometry) -> list[QRectF]:
    places = marker_places(content, geometry)
    for letters, rect in places:
        back(painter, rect)
        painter.setFont(_marker_font())
        painter.setPen(QColor(colours().film_text))
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), letters)
    return [rect for _, rect in places]


def _marker_font() -> QFont:
    return _font(small_point_size() * 1.4, bold=True)


def draw_ruler(painter: QPainter, geometry: Geometry, radiograph: Radiograph) -> list[QRectF]:
    """A length in the lower left corner; nothing where the file does not state what its spacing holds for."""
    spacing_mm = radiograph.pixel_spacing_mm
    if spacing_mm is None or radiograph.spacing_source == "unknown":
        return []
    # Pixels are as tall as their spacing says: a length is the same along rows and columns.
    per_mm = geometry.scale / spacing_mm[1]
    length_mm = next((mm for mm in reversed(_ROUND_LENGTHS_MM) if mm * per_mm <= _LONGEST_RULER), None)
    if length_mm is None:
        return []
    told = f"{length_mm / 10:g} cm" if length_mm >= 10 else f"{length_mm} mm"
    if radiograph.spacing_source == "imager":
        told += " at the detector"
    small(painter)
    width = length_mm * per_mm
    rect = QRectF(MARGIN, 0, max(width, painter.fontMetrics().horizontalAdvance(told)) + 2 * PAD, _ruler_height())
    rect.moveBottom(geometry.viewport[1] - MARGIN)
    back(painter, rect)
    write(painter, [told], rect)
    x, y = rect.left() + PAD, rect.bottom() - PAD - 2
    painter.setPen(QPen(QColor(colours().film_text), 1.4))
    painter.drawLine(QPointF(x, y), QPointF(x + width, y))
    for end in (x, x + width):
        painter.drawLine(QPointF(end, y - 4), QPointF(end, y + 2))
    return [rect]


def live_rect(content: CornerContent, geometry: Geometry, lines: int) -> QRectF:
    """Where `draw_live` draws so many lines; as wide whatever they say, so that nothing around them moves."""
    if not lines:
        return QRectF()
    metrics = QFontMetricsF(_font(small_point_size()))
    size = metrics.horizontalAdvance(_WIDEST_LIVE) + 2 * PAD, metrics.lineSpacing() * lines + 2 * PAD
    below = _ruler_height() + _GAP if content.scale else 0.0
    return QRectF(MARGIN, geometry.viewport[1] - MARGIN - below - size[1], *size)


def draw_live(painter: QPainter, content: CornerContent, geometry: Geometry, lines: Sequence[str]) -> list[QRectF]:
    """What changes while the film is windowed, above the scale bar."""
    rect = live_rect(content, geometry, len(lines))
    if not lines:
        return []
    small(painter)
    widest = max(painter.fontMetrics().horizontalAdvance(line) for line in lines) + 2 * PAD
    back(painter, QRectF(rect.topLeft(), QPointF(rect.left() + min(widest, rect.width()), rect.bottom())))
    write(painter, lines, rect)
    return [rect]


def live_lines(content: CornerContent, window: str, zoom: str, geometry: Geometry) -> list[str]:
    """The lines of `draw_live`: a film that was turned or flipped always says so."""
    lines = []
    if _has_room(geometry.viewport[0]):
        lines += [window] if content.window and window else []
        lines += [zoom] if content.zoom and zoom else []
    if geometry.rotation:
        lines.append(f"Turned by {geometry.rotation}°")
    if geometry.flipped:
        lines.append("Flipped left to right")
    return lines


def _has_room(width: float) -> bool:
    return width >= scaled(_LEAST_WIDTH)


def _ruler_height() -> float:
    return QFontMetricsF(_font(small_point_size())).lineSpacing() + 2 * PAD + _TICK


def _font(point_size: float, *, bold: bool = False) -> QFont:
    font = QFont()
    font.setPointSizeF(point_size)
    font.setBold(bold)
    return font
