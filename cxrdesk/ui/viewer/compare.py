"""Another film in the place of a pane's own: beyond a line that swipes, or blinking."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from cxrdesk.ui.theme import colours
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.linking import matched_geometry, matched_windowing
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.viewer.painting import draw_picture
from cxrdesk.ui.viewer.renderers import renderer_of
from cxrdesk.ui.viewer.windowing import Windowing

_GRIP = 8.0
_PAD = 5.0


class Beside:
    """The other film, shown as the pane's own is: as large, at the same place, windowed as far.

    It is painted over the own film with all that lies on that one: no result and no mark of one film is ever seen on
    the other.

    Parameters
    ----------
    loaded : LoadedFilm
    words : str
        Whose and which it is, written on it.
    way : str
        ``"swipe"``: right of a line that the mouse moves. ``"blink"``: instead of the own film while `lit`.
    """

    def __init__(self, loaded: LoadedFilm, words: str, way: Literal["swipe", "blink"]) -> None:
        self.loaded, self.words, self.way = loaded, words, way
        self.share = 0.5
        self.lit = way == "blink"
        self._renderer = renderer_of(loaded)

    def area(self, viewport: tuple[float, float]) -> QRectF:
        """The part of the viewport where the other film stands; empty for none."""
        width, height = viewport
        if self.way == "swipe":
            left = round(self.share * width)
            return QRectF(left, 0, width - left, height)
        return QRectF(0, 0, width, height) if self.lit else QRectF()

    def covers(self, point: QPointF, viewport: tuple[float, float]) -> bool:
        """Whether the other film lies under a point of the widget."""
        return self.area(viewport).contains(point)

    def grips(self, point: QPointF, viewport: tuple[float, float]) -> bool:
        """Whether the line can be taken there."""
        return self.way == "swipe" and abs(point.x() - self.share * viewport[0]) <= _GRIP

    def paint(
        self, painter: QPainter, geometry: Geometry, windowing: Windowing, *, inverted: bool, ratio: float
    ) -> None:
        """Draw the other film over the own one."""
        area = self.area(geometry.viewport)
        if area.isEmpty():
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
        whole = QRectF(0, 0, *geometry.viewport)
        picture = self._renderer.render(
            self._fine(geometry, ratio), matched_windowing(windowing, self.loaded.windowing).voi, inverted=inverted
        )
        if picture is None:
            painter.fillRect(whole, Qt.GlobalColor.black)
        else:
            draw_picture(painter, picture, ratio, whole)
        self._write(painter, area)
        if self.way == "swipe":
            painter.setPen(QPen(QColor(colours().accent), 2))
            painter.drawLine(QPointF(area.left() + 1, 0), QPointF(area.left() + 1, area.bottom()))
        painter.restore()

    def _fine(self, geometry: Geometry, ratio: float) -> Geometry:
        own = replace(self.loaded.fitted(geometry.viewport), rotation=geometry.rotation, flipped=geometry.flipped)
        return matched_geometry(geometry, own).finer(ratio)

    def _write(self, painter: QPainter, area: QRectF) -> None:
        metrics = painter.fontMetrics()
        width = area.width() - 20
        words = metrics.elidedText(self.words, Qt.TextElideMode.ElideRight, int(width - 2 * _PAD))
        rect = QRectF(0, 10, metrics.horizontalAdvance(words) + 2 * _PAD, metrics.height() + 2 * _PAD)
        rect.moveRight(area.right() - 10)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 190))
        painter.drawRoundedRect(rect, 3, 3)
        painter.setPen(QColor("#ecc667"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, words)
