"""A round glass under the cursor."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from cxrdesk.imaging.gamma import Shown
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.painting import image_of
from cxrdesk.ui.viewer.renderers import AnyRenderer

_SIDE = 240.0
_TIMES = 2.5


class Magnifier:
    """Shows what lies under the cursor larger, from the film's own pixels; overlays are not in it."""

    def __init__(self, renderer: AnyRenderer) -> None:
        self._renderer = renderer

    def paint(
        self, painter: QPainter, geometry: Geometry, at: QPointF, voi: Shown, *, inverted: bool, ratio: float
    ) -> None:
        """Draw the glass around a point of the widget."""
        center = geometry.to_film(at.x(), at.y())
        glass = replace(
            geometry,
            viewport=(_SIDE * ratio, _SIDE * ratio),
            scale=geometry.scale * _TIMES * ratio,
            center=center,
            fitted=False,
        )
        round_ = QRectF(at.x() - _SIDE / 2, at.y() - _SIDE / 2, _SIDE, _SIDE)
        path = QPainterPath()
        path.addEllipse(round_)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipPath(path)
        painter.fillRect(round_, Qt.GlobalColor.black)
        picture = self._renderer.render(glass, voi, inverted=inverted)
        if picture is not None:
            corner = round_.topLeft() + QPointF(picture.left / ratio, picture.top / ratio)
            painter.drawImage(corner, image_of(picture, ratio))
        painter.setClipping(False)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, width in ((QColor(0, 0, 0, 160), 4.0), (QColor("#dde2e6"), 1.6)):
            painter.setPen(QPen(colour, width))
            painter.drawEllipse(round_)
        painter.restore()
