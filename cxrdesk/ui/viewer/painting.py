"""Pictures and sentences onto a viewport."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from cxrdesk.ui.theme import colours, point_size, scaled
from cxrdesk.ui.viewer.render import Picture
from cxrdesk.ui.viewer.texts import MARGIN, back, block_size, first_free, upwards, wrapped, write

_HINT_SIZES = ((1.5, 1.05), (1.2, 1.0), (1.0, 0.9))
"""Sizes of the title and the text where no film is, in those of ordinary text: the first that fits."""
_APART = 12.0
_NARROW, _RIM = 420.0, 24.0
"""Width below which such a text may come as much closer to the edges, in screen pixels."""


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
    """A sentence where no film is: as large as it fits, and cut where the smallest does not."""
    flags = int(Qt.AlignmentFlag.AlignHCenter) | int(Qt.TextFlag.TextWordWrap)
    if area.width() < scaled(_NARROW):
        area = area.adjusted(-_RIM, -_RIM, _RIM, _RIM)
    for large, plain in _HINT_SIZES:
        fonts = [_sized(painter, large), _sized(painter, plain)]
        parts = [
            QFontMetricsF(font, painter.device()).boundingRect(area, flags, words)
            for font, words in zip(fonts, (title, text), strict=True)
        ]
        apart = scaled(_APART) if title and text else 0
        height = parts[0].height() * bool(title) + apart + parts[1].height() * bool(text)
        if height <= area.height():
            break
    top = max(area.center().y() - height / 2, area.top())
    painter.setFont(fonts[0])
    painter.setPen(QColor(colours().film_text))
    painter.drawText(QRectF(area.left(), top, area.width(), parts[0].height()), flags, title)
    top += parts[0].height() * bool(title) + apart
    painter.setFont(fonts[1])
    painter.setPen(QColor(colours().film_muted))
    metrics = QFontMetricsF(fonts[1], painter.device())
    most = max(int((area.bottom() - top) / metrics.lineSpacing()), 1)
    lines = [part for line in text.split("\n") for part in wrapped(metrics, line, area.width(), most=most)]
    painter.drawText(QRectF(area.left(), top, area.width(), area.bottom() - top), flags, "\n".join(lines))


def _sized(painter: QPainter, factor: float) -> QFont:
    font = QFont(painter.font())
    font.setPointSizeF(factor * point_size())
    return font


def draw_note(painter: QPainter, area: QRectF, text: str, taken: Sequence[QRectF] = ()) -> QRectF:
    """A few words near the lower edge, over the film and over no other text; returns where."""
    font = QFont(painter.font())
    font.setPointSizeF(point_size())
    painter.setFont(font)
    metrics = QFontMetricsF(font, painter.device())
    lines = wrapped(metrics, text, 0.8 * area.width())
    rect = QRectF(QPointF(0, 0), QSizeF(*block_size(metrics, lines)))
    rect.moveCenter(QPointF(area.center().x(), 0))
    rect.moveBottom(area.bottom() - MARGIN)
    rect = first_free(upwards(rect), taken, (area.width(), area.height())) or rect
    back(painter, rect)
    write(painter, lines, rect, colours().film_warning)
    return rect
