"""Where an annotation's lines and handles lie, and how its handles move it; knows no Qt.

Film points go in and out; distances are told in screen pixels, so that what can be hit does not depend on the zoom.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from cxrdesk.imaging.measure import Scale, cardiothoracic_ratio
from cxrdesk.studies.annotations import POINTS, Annotation, Kind
from cxrdesk.ui.viewer.geometry import Geometry, Point

REGIONS = (Kind.ELLIPSE, Kind.RECTANGLE)
_ELLIPSE_STEPS = 72
_SIDES = ((0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1), (0.5, 1), (0, 1), (0, 0.5))
"""Handles of a region: from its first corner to the opposite one, as shares of the way."""
_DEFAULTS = {
    Kind.LENGTH: ((-0.15, 0.0), (0.15, 0.0)),
    Kind.ANGLE: ((0.15, -0.1), (-0.1, 0.05), (0.15, 0.05)),
    Kind.ELLIPSE: ((-0.1, -0.1), (0.1, 0.1)),
    Kind.RECTANGLE: ((-0.1, -0.1), (0.1, 0.1)),
    Kind.ARROW: ((-0.12, 0.1), (0.0, 0.0)),
    Kind.TEXT: ((0.0, 0.0),),
    Kind.CARDIOTHORACIC: ((-0.1, 0.05), (0.16, 0.05), (-0.28, 0.12), (0.28, 0.12)),
}
"""Shares of the shorter side of the screen from its middle, for those who draw with keys."""


def handles(annotation: Annotation) -> list[Point]:
    """Film points by which it can be taken."""
    if annotation.kind not in REGIONS:
        return list(annotation.points)
    (xa, ya), (xb, yb) = annotation.points
    return [(xa + (xb - xa) * u, ya + (yb - ya) * v) for u, v in _SIDES]


def with_handle(annotation: Annotation, index: int, point: Point) -> Annotation:
    """The annotation with one of its handles elsewhere."""
    if annotation.kind not in REGIONS:
        return annotation.with_point(index, point)
    u, v = _SIDES[index]
    (xa, ya), (xb, yb) = annotation.points
    x, y = point
    first = (x if u == 0 else xa, y if v == 0 else ya)
    second = (x if u == 1 else xb, y if v == 1 else yb)
    return replace(annotation, points=(first, second), origin="reader")


def part(annotation: Annotation, line: int) -> tuple[int, ...]:
    """The points that go along when line number `line` of `lines` is dragged."""
    if annotation.kind is Kind.CARDIOTHORACIC:
        return (2, 3) if line == 0 else (0, 1)
    return tuple(range(POINTS[annotation.kind]))


def lines(annotation: Annotation, scale: Scale) -> list[list[Point]]:
    """The lines that it is drawn with, through film points."""
    points = list(annotation.points)
    match annotation.kind:
        case Kind.ELLIPSE:
            (xa, ya), (xb, yb) = points
            turns = [2 * math.pi * step / _ELLIPSE_STEPS for step in range(_ELLIPSE_STEPS + 1)]
            middle, half = ((xa + xb) / 2, (ya + yb) / 2), ((xb - xa) / 2, (yb - ya) / 2)
            return [[(middle[0] + half[0] * math.cos(t), middle[1] + half[1] * math.sin(t)) for t in turns]]
        case Kind.RECTANGLE:
            (xa, ya), (xb, yb) = points
            return [[(xa, ya), (xb, ya), (xb, yb), (xa, yb), (xa, ya)]]
        case Kind.CARDIOTHORACIC:
            a, b, c, d = points
            found = cardiothoracic_ratio((a, b), (c, d), scale)
            start, end = found.heart_line if found is not None else (a, b)
            # The border that each end of the heart's line belongs to is the one on its side.
            return [[c, d], [start, end], [a, start], [b, end]]
        case Kind.TEXT:
            return []
    return [points]


def distance(line: Sequence[Point], to: Point, geometry: Geometry) -> float:
    """Screen pixels from a screen point to the nearest place of a line through film points."""
    screen = [geometry.to_screen(*point) for point in line]
    return min((_to_segment(to, a, b) for a, b in pairwise(screen)), default=math.inf)


def _to_segment(p: Point, a: Point, b: Point) -> float:
    dx, dy = b[0] - a[0], b[1] - a[1]
    square = dx * dx + dy * dy
    t = 0.0 if square == 0 else min(max(((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / square, 0.0), 1.0)
    return math.hypot(p[0] - a[0] - t * dx, p[1] - a[1] - t * dy)


def on_film(point: Point, film: tuple[int, int]) -> Point:
    """The nearest point of a film of (rows, cols)."""
    return min(max(point[0], 0.0), float(film[1])), min(max(point[1], 0.0), float(film[0]))


def straightened(kind: Kind, start: Point, point: Point, geometry: Geometry) -> Point:
    """The point for a drag with shift held: regions become as tall as wide, lines keep to steps of 45 degrees."""
    (xa, ya), (xb, yb) = geometry.to_screen(*start), geometry.to_screen(*point)
    dx, dy = xb - xa, yb - ya
    if kind in REGIONS:
        side = max(abs(dx), abs(dy))
        dx, dy = math.copysign(side, dx), math.copysign(side, dy)
    else:
        turn = round(math.atan2(dy, dx) / (math.pi / 4)) * (math.pi / 4)
        reach = dx * math.cos(turn) + dy * math.sin(turn)
        dx, dy = reach * math.cos(turn), reach * math.sin(turn)
    return geometry.to_film(xa + dx, ya + dy)


def default_points(kind: Kind, geometry: Geometry) -> tuple[Point, ...]:
    """Points around the middle of the screen, on the film."""
    side = min(geometry.viewport)
    x, y = geometry.viewport[0] / 2, geometry.viewport[1] / 2
    placed = [geometry.to_film(x + side * u, y + side * v) for u, v in _DEFAULTS[kind]]
    return tuple(on_film(point, geometry.film) for point in placed)
