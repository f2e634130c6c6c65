"""The legend of a saliency map: what it shows, the evidence for it, the disclaimer, and a colour bar."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPen

from cxrdesk.imaging.maps import colour_table
from cxrdesk.imaging.preprocess import Box
from cxrdesk.ui.theme import colours, scaled
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.layers import SaliencyLayer
from cxrdesk.ui.viewer.legend import BESIDE_FILM, BESIDE_FILM_NO_BAR, OVER_FILM, OVER_FILM_NO_BAR, Form, place
from cxrdesk.ui.viewer.texts import PAD, back, block_size, small, wrapped, write

_BAR_WIDTH = 11.0
_TICKS = ((0.0, "0"), (0.5, "0.5"), (1.0, "≥ 1"))
_WHOLE = Box(x0=0.0, y0=0.0, x1=1.0, y1=1.0)


def colour_bar() -> QImage:
    """The colour map as a picture one pixel wide, 1 at the top."""
    table = colour_table()[::-1]
    image = QImage(1, 256, QImage.Format.Format_RGB32)
    for row, (red, green, blue) in enumerate(table.tolist()):
        image.setPixelColor(0, row, QColor(red, green, blue))
    return image


def draw_legend(
    painter: QPainter, layer: SaliencyLayer, bar: QImage, geometry: Geometry, taken: list[QRectF], lungs: Box | None
) -> QRectF:
    """What the map shows, its evidence, the disclaimer and, where it has a unit, its colour bar.

    Beside the film where there is room; less of it where there is little. What is left out stands on the detector's
    card.

    Returns
    -------
    QRectF
        Where it was drawn.
    """
    small(painter)
    metrics = QFontMetricsF(painter.font(), painter.device())
    tick_width = max(metrics.horizontalAdvance(word) for _, word in _TICKS)

    def lines(form: Form) -> list[str]:
        told = layer.sentences[: form.items]
        if form.width is None:
            return list(told)
        return [line for text in told for line in wrapped(metrics, text, scaled(form.width), most=4)]

    def size(form: Form) -> tuple[float, float]:
        width, height = block_size(metrics, lines(form))
        if form.bar:
            bar_size = _BAR_WIDTH + tick_width + 2 * PAD + 6, form.bar + metrics.height() + 2 * PAD
            width = width + bar_size[0] if form.beside else max(width, bar_size[0])
            height = max(height, bar_size[1]) if form.beside else height + bar_size[1]
        return width, height

    beside, over = (BESIDE_FILM, OVER_FILM) if layer.has_bar else (BESIDE_FILM_NO_BAR, OVER_FILM_NO_BAR)
    form, rect = place(
        [(form, size(form)) for form in beside],
        [(form, size(form)) for form in over],
        viewport=geometry.viewport,
        film=QRectF(*geometry.screen_rect(_WHOLE)),
        taken=taken,
        saliency=(layer.result.map.values, QRectF(*geometry.screen_rect(layer.result.map.box))),
        lungs=QRectF(*geometry.screen_rect(lungs)) if lungs is not None else None,
    )
    back(painter, rect)
    text = QRectF(rect)
    if form.bar:
        strip = QRectF(rect.left() + PAD, rect.top() + PAD + metrics.height() / 2, _BAR_WIDTH, form.bar)
        _draw_bar(painter, strip, bar)
        if form.beside:
            text.setLeft(strip.right() + tick_width + PAD + 6)
        else:
            text.setTop(strip.bottom() + metrics.height() / 2 + PAD)
    write(painter, lines(form), text)
    return rect


def _draw_bar(painter: QPainter, strip: QRectF, bar: QImage) -> None:
    metrics = painter.fontMetrics()
    painter.drawImage(strip, bar)
    painter.setPen(QPen(QColor(colours().film_text), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(strip)
    for share, word in _TICKS:
        y = strip.bottom() - share * strip.height()
        painter.drawLine(QPointF(strip.right(), y), QPointF(strip.right() + 3, y))
        painter.drawText(QPointF(strip.right() + 6, y + metrics.ascent() / 2 - 1), word)
