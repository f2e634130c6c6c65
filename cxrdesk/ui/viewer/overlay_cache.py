"""Overlays painted once for as long as nothing about them changes: windowing a film does not outline its lungs anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QImage, QPainter

_TILE = 64
"""Overlays are mostly empty: only squares of this side with something in them are drawn again."""


class OverlayCache:
    """Draws directly while the state changes from paint to paint, and from a picture once it stands still."""

    def __init__(self) -> None:
        self._state: tuple[object, ...] | None = None
        self._tiles: list[tuple[QPoint, QImage]] | None = None

    def paint(
        self, painter: QPainter, size: QSize, ratio: float, state: tuple[object, ...], draw: Callable[[QPainter], None]
    ) -> None:
        """Draw what `draw` draws; equal states draw alike.

        Parameters
        ----------
        size : QSize
            Of the widget.
        ratio : float
            Screen pixels for each of the widget's. Where it is no whole number, nothing is kept.
        """
        state = (size.width(), size.height(), ratio, *state)
        if self._state != state or ratio != int(ratio):
            self._state, self._tiles = state, None
            painter.save()
            draw(painter)
            painter.restore()
            return
        if self._tiles is None:
            self._tiles = tiles(size, int(ratio), draw)
        for at, tile in self._tiles:
            painter.drawImage(at, tile)

    def forget(self) -> None:
        """Another film: nothing of the one before may be drawn."""
        self._state = self._tiles = None


def tiles(size: QSize, ratio: int, draw: Callable[[QPainter], None]) -> list[tuple[QPoint, QImage]]:
    """What `draw` draws in a widget of that size, as squares with something in them."""
    image = QImage(size * ratio, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(ratio)
    image.fill(0)
    painter = QPainter(image)
    draw(painter)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.width())
    side, found = _TILE * ratio, []
    for top in range(0, image.height(), side):
        for left in range(0, image.width(), side):
            if pixels[top : top + side, left : left + side].any():
                height, width = pixels[top : top + side, left : left + side].shape
                tile = image.copy(QRect(left, top, width, height))
                tile.setDevicePixelRatio(ratio)
                found.append((QPoint(left // ratio, top // ratio), tile))
    return found
