"""Pictures and sentences onto a viewport."""

from __future__ import annotations

import cv2
import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from cxrdesk.ui.theme import point_size
from cxrdesk.ui.viewer.render import Picture
from cxrdesk.ui.viewer.scratch import Scratch


class Frame:
    """The picture as Qt draws it fastest: in the screen's own four bytes a pixel, twice as fast as from gray.

    Its memory is used again from step to step; asking the system for eight megabytes each time would cost as much as
    windowing them.
    """

    def __init__(self) -> None:
        self._memory = Scratch()
        self._of: tuple[Picture, float, QImage] | None = None

    def forget(self) -> None:
        """Another film: its memory stays, and no picture of the one before."""
        self._of = None

    def image(self, picture: Picture, ratio: float) -> QImage:
        """The image of a picture; valid until the next one is asked for."""
        if self._of is None or self._of[0] is not picture or self._of[1] != ratio:
            levels = picture.levels
            rows, cols = levels.shape[:2]
            if levels.ndim == 3:
                colours = levels
            else:
                colours = self._memory.array((rows, cols, 4), np.uint8)
                cv2.cvtColor(levels, cv2.COLOR_GRAY2BGRA, colours)
            image = QImage(colours.data, cols, rows, colours.strides[0], QImage.Format.Format_RGB32)
            image.setDevicePixelRatio(ratio)
            self._of = (picture, ratio, image)
        return self._of[2]


def draw_picture(painter: QPainter, picture: Picture, image: QImage, viewport: QRectF) -> None:
    """The picture at its place, and black in the rest of the viewport."""
    ratio = image.devicePixelRatio()
    place = QRectF(picture.left / ratio, picture.top / ratio, image.width() / ratio, image.height() / ratio)
    inside = place.adjusted(1, 1, -1, -1).intersected(viewport)
    for rect in (
        QRectF(0, 0, viewport.width(), inside.top()),
        QRectF(0, inside.bottom(), viewport.width(), viewport.bottom() - inside.bottom()),
        QRectF(0, inside.top(), inside.left(), inside.height()),
        QRectF(inside.right(), inside.top(), viewport.right() - inside.right(), inside.height()),
    ):
        if not rect.isEmpty():
            painter.fillRect(rect, Qt.GlobalColor.black)
    painter.drawImage(place.topLeft(), image)


def draw_hint(painter: QPainter, area: QRectF, title: str, text: str) -> None:
    """A sentence where no film is."""
    font = painter.font()
    font.setPointSizeF(1.5 * point_size())
    painter.setFont(font)
    painter.setPen(QColor("#c4ccd3"))
    flags = int(Qt.AlignmentFlag.AlignHCenter) | int(Qt.TextFlag.TextWordWrap)
    used = painter.boundingRect(area, flags, title)
    top = area.center().y() - 44
    painter.drawText(QRectF(area.left(), top, area.width(), used.height()), flags, title)
    font.setPointSizeF(1.05 * point_size())
    painter.setFont(font)
    painter.setPen(QColor("#9aa5ae"))
    below = QRectF(area.left(), top + used.height() + 12, area.width(), area.bottom() - top)
    painter.drawText(below, flags, text)


def draw_note(painter: QPainter, area: QRectF, text: str) -> None:
    """A few words at the lower edge, over the film."""
    metrics = painter.fontMetrics()
    rect = QRectF(0, 0, metrics.horizontalAdvance(text) + 16, metrics.height() + 8)
    rect.moveCenter(QPointF(area.center().x(), area.bottom() - 26))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 190))
    painter.drawRoundedRect(rect, 3, 3)
    painter.setPen(QColor("#ecc667"))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
