"""What stands in the corners and at the edges of a film: who and what it is, window, zoom, scale, left and right.

What does not fit gives way, the least important first: zoom, window, the lines of each side from the last one up, head
and feet, the scale bar. What never does: the first line of each side (who and when), the badge, left and right, and
that the film was turned or flipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.ui.theme import colours, scaled, small_point_size
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.texts import GAP, MARGIN, PAD, back, block_size, downwards, first_free, small, wrapped, write

_ROUND_LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100, 200)
_LONGEST_RULER = 160
_TICK = 7.0
_WIDEST_LIVE = "Window center -00000, width 00000"
_FLIPPED = "Flipped left to right"
AT_DETECTOR = " at the detector"
_LEAST_WIDTH = 340
"""Narrower films tell who and when on the left alone: window and zoom stand in the status bar too, the rest in the
list."""
_LEAST_HEIGHT = 240
"""Lower films, if they are narrow too, have no scale bar."""
_LIVE_HEIGHT = 360
"""On lower films window and zoom would lie over the lungs."""


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
    taken = draw_markers(painter, content, geometry)
    kept = live_rect(content, geometry, len(live_lines(content, "W", "Z", geometry)))
    if content.scale and radiograph is not None:
        taken += draw_ruler(painter, geometry, radiograph, content)
    return taken + _draw_upper(painter, content, geometry, [*taken, kept])


def _draw_upper(painter: QPainter, content: CornerContent, geometry: Geometry, taken: list[QRectF]) -> list[QRectF]:
    small(painter)
    metrics = QFontMetricsF(painter.font(), painter.device())
    (width, height), drawn = geometry.viewport, list[QRectF]()
    wide, middle = _has_room(width), _side_markers(content, geometry)[0] - GAP
    above = next((rect for edge, _, rect in _markers(content, geometry) if edge == 1), QRectF(width / 2, 0, 0, 0))
    room, top = above.left() - GAP - MARGIN - 2 * PAD, MARGIN
    # Beside another film the date tells which is which: where the right has no room it moves to the left.
    first = [*content.upper_left[:1], *(() if wide else content.upper_right[:1])]
    if not wide and any(metrics.horizontalAdvance(line) > room for line in first):
        room, top = width - 2 * MARGIN - 2 * PAD, above.bottom() + GAP
    first = [part for line in first for part in wrapped(metrics, line, room, most=2)]
    badge = QRectF()
    if content.badge:
        small(painter, bold=True)
        bold = QFontMetricsF(painter.font(), painter.device())
        told = bold.elidedText(content.badge, Qt.TextElideMode.ElideRight, width - 2 * MARGIN - 2 * PAD)
        badge = QRectF(QPointF(MARGIN, 0), QSizeF(*block_size(bold, [told])))
    lines = first + _fitting(metrics, content.upper_left[1:] if wide else (), room)
    below = badge.height() + GAP if badge.height() else 0.0
    while len(lines) > len(first) and top + block_size(metrics, lines)[1] + below > middle:
        lines.pop()
    if lines:
        drawn.append(_put(painter, lines, QRectF(QPointF(MARGIN, top), QSizeF(*block_size(metrics, lines)))))
        top = drawn[0].bottom() + GAP
    if not badge.isEmpty():
        badge.moveTop(top)
        badge = first_free(downwards(badge, height), [*taken, *drawn], geometry.viewport) or badge
        _draw_badge(painter, told, badge)
        drawn.append(badge)
    if content.upper_right and wide:
        room = width - above.right() - GAP - MARGIN - 2 * PAD
        first = wrapped(metrics, content.upper_right[0], room, most=2)
        lines = first + _fitting(metrics, content.upper_right[1:], room)
        while len(lines) > len(first) and MARGIN + block_size(metrics, lines)[1] > middle:
            lines.pop()
        rect = QRectF(QPointF(0, MARGIN), QSizeF(*block_size(metrics, lines)))
        rect.moveRight(width - MARGIN)
        drawn.append(_put(painter, lines, rect, right=True))
    return drawn


def _fitting(metrics: QFontMetricsF, lines: Sequence[str], room: float) -> list[str]:
    return [metrics.elidedText(line, Qt.TextElideMode.ElideRight, room) for line in lines]


def _put(painter: QPainter, lines: Sequence[str], rect: QRectF, *, right: bool = False) -> QRectF:
    small(painter)
    back(painter, rect)
    write(painter, lines, rect, right=right)
    return rect


def _draw_badge(painter: QPainter, told: str, rect: QRectF) -> None:
    small(painter, bold=True)
    back(painter, rect)
    painter.setPen(QPen(QColor(colours().film_warning), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(rect, 3, 3)
    write(painter, [told], rect, colours().film_warning)


def marker_places(content: CornerContent, geometry: Geometry) -> list[tuple[str, QRectF]]:
    """What of the patient lies to the left, top, right and bottom, in letters of PS3.3 C.7.6.1.1.1, and where."""
    return [(letters, rect) for _, letters, rect in _markers(content, geometry)]


def _markers(content: CornerContent, geometry: Geometry) -> list[tuple[int, str, QRectF]]:
    """Number of the edge from the left one clockwise, letters, place."""
    if content.orientation is None:
        return []
    metrics, (width, height) = QFontMetricsF(_marker_font()), geometry.viewport
    places = []
    for edge, letters in enumerate(geometry.edges(content.orientation)):
        rect = QRectF(0, 0, metrics.horizontalAdvance(letters) + 2 * PAD, metrics.height())
        x = {0: MARGIN + rect.width() / 2, 2: width - MARGIN - rect.width() / 2}.get(edge, width / 2)
        y = {1: MARGIN + rect.height() / 2, 3: height - MARGIN - rect.height() / 2}.get(edge, height / 2)
        rect.moveCenter(QPointF(x, y))
        # Where there is little room the sides are told alone: who takes left for right errs more than upside down.
        if letters and (_has_room(width) or {"L", "R"} & set(letters)):
            places.append((edge, letters, rect))
    return places


def _side_markers(content: CornerContent, geometry: Geometry) -> tuple[float, float]:
    """From where to where letters stand at the left and right edge: texts of the corners stay clear of them."""
    sides = [rect for edge, _, rect in _markers(content, geometry) if edge in (0, 2)]
    middle = geometry.viewport[1] / 2
    return min([middle, *(r.top() for r in sides)]), max([middle, *(r.bottom() for r in sides)])


def draw_markers(painter: QPainter, content: CornerContent, geometry: Geometry) -> list[QRectF]:
    """The letters at the edges; returns where they are."""
    places = marker_places(content, geometry)
    for letters, rect in places:
        back(painter, rect)
        painter.setFont(_marker_font())
        painter.setPen(QColor(colours().film_text))
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), letters)
    return [rect for _, rect in places]


def _marker_font() -> QFont:
    return _font(small_point_size() * 1.4, bold=True)


def draw_ruler(painter: QPainter, geometry: Geometry, radiograph: Radiograph, content: CornerContent) -> list[QRectF]:
    """A length in the lower left corner; nothing where the file does not state what its spacing holds for."""
    spacing_mm = radiograph.pixel_spacing_mm
    if spacing_mm is None or radiograph.spacing_source == "unknown" or not _ruler_height(content, geometry):
        return []
    # Pixels are as tall as their spacing says: a length is the same along rows and columns.
    per_mm, longest = geometry.scale / spacing_mm[1], min(scaled(_LONGEST_RULER), 0.45 * geometry.viewport[0])
    length_mm = next((mm for mm in reversed(_ROUND_LENGTHS_MM) if mm * per_mm <= longest), None)
    if length_mm is None:
        return []
    told = f"{length_mm / 10:g} cm" if length_mm >= 10 else f"{length_mm} mm"
    if radiograph.spacing_source == "imager":
        told += AT_DETECTOR
    small(painter)
    width = length_mm * per_mm
    wide = max(width, painter.fontMetrics().horizontalAdvance(told)) + 2 * PAD
    rect = QRectF(MARGIN, 0, wide, _ruler_height(content, geometry))
    rect.moveBottom(_lower_edge(content, geometry, wide))
    back(painter, rect)
    write(painter, [told], rect)
    x, y = rect.left() + PAD, rect.bottom() - PAD - 2
    painter.setPen(QPen(QColor(colours().film_text), 1.4))
    painter.drawLine(QPointF(x, y), QPointF(x + width, y))
    for end in (x, x + width):
        painter.drawLine(QPointF(end, y - 4), QPointF(end, y + 2))
    return [rect]


def _lower_edge(content: CornerContent, geometry: Geometry, width: float) -> float:
    """Where a text of the lower left corner ends: above the letters in the middle where it is as wide as that."""
    letters = next((rect for edge, _, rect in _markers(content, geometry) if edge == 3), None)
    beside = letters is None or MARGIN + width + GAP <= letters.left()
    return geometry.viewport[1] - MARGIN if beside or letters is None else letters.top() - GAP


def live_rect(content: CornerContent, geometry: Geometry, lines: int) -> QRectF:
    """Where `draw_live` draws so many lines; as wide whatever they say, so that nothing around them moves."""
    return QRectF(*_live_place(content, _still(geometry), lines, small_point_size())) if lines else QRectF()


def _still(geometry: Geometry) -> Geometry:
    """What the places of the texts depend on: a film that is moved or zoomed asks for them at every step."""
    return Geometry(
        film=(1, 1), viewport=geometry.viewport, rotation=geometry.rotation, flipped=geometry.flipped, fitted=False
    )


@lru_cache(maxsize=64)
def _live_place(
    content: CornerContent, geometry: Geometry, lines: int, point_size: float
) -> tuple[float, float, float, float]:
    metrics = QFontMetricsF(_font(point_size))
    widest = metrics.horizontalAdvance(_WIDEST_LIVE if _has_room(geometry.viewport[0]) else _FLIPPED)
    width, height = widest + 2 * PAD, metrics.lineSpacing() * lines + 2 * PAD
    bottom, ruler = _lower_edge(content, geometry, width), _ruler_height(content, geometry)
    if ruler:
        longest = max(metrics.horizontalAdvance(f"20 cm{AT_DETECTOR}"), scaled(_LONGEST_RULER)) + 2 * PAD
        bottom = min(bottom, _lower_edge(content, geometry, longest) - ruler - GAP)
    return MARGIN, bottom - height, width, height


def draw_live(painter: QPainter, content: CornerContent, geometry: Geometry, lines: Sequence[str]) -> list[QRectF]:
    """What changes while the film is windowed, above the scale bar."""
    rect = live_rect(content, geometry, len(lines))
    if not lines:
        return []
    small(painter)
    metrics = QFontMetricsF(painter.font(), painter.device())
    lines = _fitting(metrics, lines, rect.width() - 2 * PAD + 1)
    widest = max(metrics.horizontalAdvance(line) for line in lines) + 2 * PAD
    back(painter, QRectF(rect.topLeft(), QPointF(rect.left() + min(widest, rect.width()), rect.bottom())))
    write(painter, lines, rect)
    return [rect]


def live_lines(content: CornerContent, window: str, zoom: str, geometry: Geometry) -> list[str]:
    """The lines of `draw_live`: a film that was turned or flipped always says so."""
    lines = [window] if content.window and window else []
    lines += [zoom] if content.zoom and zoom else []
    return lines[: _most_live(content, _still(geometry), small_point_size())] + _turned(geometry)


@lru_cache(maxsize=64)
def _most_live(content: CornerContent, geometry: Geometry, point_size: float) -> int:
    """How many lines there is room for, beside how the film was turned."""
    if not _has_room(geometry.viewport[0]) or geometry.viewport[1] < scaled(_LIVE_HEIGHT):
        return 0
    spare = _lower_room(content, geometry) - _ruler_height(content, geometry) - GAP - 2 * PAD
    return max(int(spare / QFontMetricsF(_font(point_size)).lineSpacing()) - len(_turned(geometry)), 0)


def _turned(geometry: Geometry) -> list[str]:
    turned = [f"Turned by {geometry.rotation}°"] if geometry.rotation else []
    return [*turned, _FLIPPED] if geometry.flipped else turned


def _lower_room(content: CornerContent, geometry: Geometry) -> float:
    """Height of the lower left corner, from below the letters at the edge to above those in the middle."""
    return _lower_edge(content, geometry, geometry.viewport[0]) - _side_markers(content, geometry)[1] - GAP


def _ruler_height(content: CornerContent, geometry: Geometry) -> float:
    """Height of the scale bar; 0 where it is not wanted, or gives way to how the film was turned."""
    spacing = QFontMetricsF(_font(small_point_size())).lineSpacing()
    height, turned = spacing + 2 * PAD + _TICK, len(_turned(geometry))
    needed = height + (GAP + spacing * turned + 2 * PAD if turned else 0.0)
    room = _has_room(geometry.viewport[0]) or geometry.viewport[1] >= scaled(_LEAST_HEIGHT)
    return height if content.scale and room and needed <= _lower_room(content, geometry) else 0.0


def _has_room(width: float) -> bool:
    return width >= scaled(_LEAST_WIDTH)


def _font(point_size: float, *, bold: bool = False) -> QFont:
    font = QFont()
    font.setPointSizeF(point_size)
    font.setBold(bold)
    return font
