"""Where text is drawn, whoever draws it: every call of `QPainter.drawText` while something is painted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QPainter

Text = tuple[str, QRectF]


@contextmanager
def recorded() -> Iterator[list[Text]]:
    """Texts with their ink's place on the device, in the order in which they are drawn."""
    found: list[Text] = []
    drawn = QPainter.drawText

    def draw(painter: QPainter, *args: object) -> object:
        metrics = QFontMetricsF(painter.font(), painter.device())
        if isinstance(args[0], QPointF):
            words, rect = str(args[1]), metrics.tightBoundingRect(str(args[1])).translated(args[0])
        else:
            area, flags, words = QRectF(args[0]), int(args[1]), str(args[2])  # type: ignore[call-overload]
            rect = metrics.boundingRect(area, flags, words)
        if words.strip():
            found.append((words, painter.combinedTransform().mapRect(rect)))
        return drawn(painter, *args)  # type: ignore[call-overload]

    QPainter.drawText = draw  # type: ignore[method-assign]
    try:
        yield found
    finally:
        QPainter.drawText = drawn  # type: ignore[method-assign]


def overlapping(texts: list[Text]) -> list[str]:
    """Pairs of texts of which one lies over the other."""
    once = {(words, rect.getRect()): (words, rect) for words, rect in texts}
    return [
        f"{one[0]!r} and {other[0]!r}"
        for one, other in combinations(once.values(), 2)
        if one[1].adjusted(0.5, 0.5, -0.5, -0.5).intersects(other[1])
    ]
