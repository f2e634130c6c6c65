"""Annotations as the graphics and texts of a presentation state; knows no Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable

from cxrdesk.imaging.gsps import Graphic, Text
from cxrdesk.imaging.measure import Point
from cxrdesk.studies.annotations import Annotation, Kind
from cxrdesk.ui.viewer.tools import forms
from cxrdesk.ui.viewer.tools.values import Subject, values

_HEAD_SHARE, _HEAD_TURN = 0.2, math.radians(24)


def graphics(items: Iterable[Annotation], subject: Subject) -> tuple[tuple[Graphic, ...], tuple[Text, ...]]:
    """What other viewers draw of the same: lines, and the numbers as text beside them.

    What nobody has put in place yet is left out. Points are film points already, in the PIXEL units of PS3.3 C.10.5.
    """
    drawn: list[Graphic] = []
    texts: list[Text] = []
    for item in items:
        if item.origin == "default":
            continue
        if item.kind is Kind.ELLIPSE:
            drawn.append(Graphic(kind="ELLIPSE", points=_axes(item)))
        else:
            lines = [*forms.lines(item, subject.scale), *(_head(*item.points) if item.kind is Kind.ARROW else [])]
            drawn += [Graphic(kind="POLYLINE", points=tuple(line)) for line in lines]
        words = "\n".join(line.replace("\u00a0", " ") for line in values(item, subject).lines)
        if words:
            texts.append(Text(text=words, anchor=_anchor(item)))
    return tuple(drawn), tuple(texts)


def _axes(item: Annotation) -> tuple[Point, ...]:
    """Ends of the major axis, then of the minor one (PS3.3 C.10.5.1.2)."""
    (xa, ya), (xb, yb) = item.points
    x, y = (xa + xb) / 2, (ya + yb) / 2
    across, down = ((min(xa, xb), y), (max(xa, xb), y)), ((x, min(ya, yb)), (x, max(ya, yb)))
    return (*across, *down) if abs(xb - xa) >= abs(yb - ya) else (*down, *across)


def _head(tail: Point, tip: Point) -> list[list[Point]]:
    reach = _HEAD_SHARE * math.dist(tail, tip)
    back = math.atan2(tail[1] - tip[1], tail[0] - tip[0])
    ends = [
        (tip[0] + reach * math.cos(back + turn), tip[1] + reach * math.sin(back + turn))
        for turn in (-_HEAD_TURN, _HEAD_TURN)
    ]
    return [[ends[0], tip, ends[1]]]


def _anchor(item: Annotation) -> Point:
    """Where other viewers put the text."""
    match item.kind:
        case Kind.ANGLE:
            return item.points[1]
        case Kind.ELLIPSE | Kind.RECTANGLE:
            (xa, ya), (xb, yb) = item.points
            return max(xa, xb), min(ya, yb)
        case Kind.CARDIOTHORACIC:
            return item.points[2]
        case Kind.LENGTH:
            return max(item.points)
    return item.points[0]
