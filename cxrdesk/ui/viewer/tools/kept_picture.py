"""What is drawn on a film as a picture, for as long as the film is only moved over the screen."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize
from PySide6.QtGui import QImage, QPainter

from cxrdesk.ui.viewer.overlay_cache import tiles

_RIM = 4
_LARGEST = 4_000_000
"""Screen pixels; what is larger is drawn anew each time."""
_WHOLE = 1e-3


class KeptPicture:
    """Draws directly what changed, and moves a picture of what was merely moved by whole pixels."""

    def __init__(self) -> None:
        self._state: tuple[object, ...] | None = None
        self._at = QPointF()
        self._tiles: list[tuple[QPointF, QImage]] | None = None

    def paint(
        self,
        painter: QPainter,
        at: QPointF,
        area: QRectF,
        state: tuple[object, ...],
        draw: Callable[[QPainter], None],
    ) -> None:
        """Draw what `draw` draws; equal states draw alike but for their place.

        Parameters
        ----------
        at : QPointF
            A point of the film on the screen: it says how far the film was moved.
        area : QRectF
            Around all that is drawn.
        """
        ratio = painter.device().devicePixelRatio()
        state = (*state, ratio)
        whole = all(abs(way * ratio - round(way * ratio)) < _WHOLE for way in (at - self._at).toTuple())
        # A painter that scales draws for a print: pictures of the screen are too coarse for it.
        plain = painter.worldTransform().isIdentity() and ratio == int(ratio)
        if not plain or self._state != state or not whole or area.width() * area.height() > _LARGEST:
            self._state, self._at, self._tiles = state if plain else None, at, None
            painter.save()
            draw(painter)
            painter.restore()
            return
        if self._tiles is None:
            self._tiles = self._made(at, area, int(ratio), draw)
        for from_at, tile in self._tiles:
            place = at + from_at
            painter.drawImage(QPointF(round(place.x() * ratio) / ratio, round(place.y() * ratio) / ratio), tile)

    def _made(
        self, at: QPointF, area: QRectF, ratio: int, draw: Callable[[QPainter], None]
    ) -> list[tuple[QPointF, QImage]]:
        corner = QPoint(math.floor(area.left()) - _RIM, math.floor(area.top()) - _RIM)
        size = QSize(math.ceil(area.width()) + 2 * _RIM + 1, math.ceil(area.height()) + 2 * _RIM + 1)

        def moved(painter: QPainter) -> None:
            painter.translate(-corner)
            draw(painter)

        return [(QPointF(corner + place) - at, tile) for place, tile in tiles(size, ratio, moved)]
