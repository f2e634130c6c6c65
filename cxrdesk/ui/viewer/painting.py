"""Pictures and sentences onto a viewport."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from cxrdesk.ui.theme import point_size
from cxrdesk.ui.viewer.render import Picture


def image_of(picture: Picture, ratio: float) -> QImage:
    """The picture's own memory as an image, for as long as the picture is valid.

    Qt turns gray levels into the screen's four bytes a pixel line by line as it draws: made beforehand, those bytes
    would have to be written and read once more.
    """
    rows, cols = picture.levels.shape[:2]
    colours = QImage.Format.Format_RGB32 if picture.levels.ndim == 3 else QImage.Format.Format_Grayscale8
    image = QImage(picture.levels.data, cols, rows, picture.levels.strides[0], colours)
    image.setDevicePixelRatio(ratio)
    return image


def draw_picture(painter: QPainter, picture: Picture, ratio: float, viewport: QRectF) -> None:
    """The picture at its place, and black in the rest of the viewport."""
    image = image_of(picture, ratio)
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
