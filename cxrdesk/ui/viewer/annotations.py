"""Text, scale and colour bar in the corners of the film."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPen

from cxrdesk import DISCLAIMER
from cxrdesk.imaging.maps import colour_table
from cxrdesk.imaging.preprocess import Box
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.ui.theme import small_point_size
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.layers import SaliencyLayer
from cxrdesk.ui.viewer.legend import BESIDE_FILM, BESIDE_FILM_NO_BAR, OVER_FILM, OVER_FILM_NO_BAR, Form, place

_TEXT = QColor("#dde2e6")
_AMBER = QColor("#ecc667")
_BACK = QColor(0, 0, 0, 165)
_MARGIN = 10.0
_PAD = 5.0
_BAR_WIDTH = 11.0
_TICKS = ((0.0, "0"), (0.5, "0.5"), (1.0, "≥ 1"))
_WHOLE = Box(x0=0.0, y0=0.0, x1=1.0, y1=1.0)
_ROUND_LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100, 200)


def _small(painter: QPainter, *, bold: bool = False) -> None:
    font = QFont(painter.font())
    font.setPointSizeF(small_point_size())
    font.setBold(bold)
    painter.setFont(font)


def _block(
    painter: QPainter, lines: list[str], right_or_left: float, top_or_bottom: float, *, right: bool, bottom: bool
) -> QRectF:
    metrics = painter.fontMetrics()
    width = max((metrics.horizontalAdvance(line) for line in lines), default=0) + 2 * _PAD
    height = metrics.lineSpacing() * len(lines) + 2 * _PAD
    left = right_or_left - width if right else right_or_left
    top = top_or_bottom - height if bottom else top_or_bottom
    rect = QRectF(left, top, width, height)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_BACK)
    painter.drawRoundedRect(rect, 3, 3)
    return rect


def _write(painter: QPainter, lines: list[str], rect: QRectF, colour: QColor = _TEXT) -> None:
    painter.setPen(colour)
    metrics = painter.fontMetrics()
    y = rect.top() + _PAD + metrics.ascent()
    for line in lines:
        painter.drawText(QPointF(rect.left() + _PAD, y), line)
        y += metrics.lineSpacing()


def draw_caption(painter: QPainter, lines: list[str], badge: str | None) -> list[QRectF]:
    """Patient, view and age in the upper left corner, and a badge under them; returns where they are."""
    _small(painter)
    top = _MARGIN
    drawn = []
    if lines:
        widest = int(painter.viewport().width() / painter.device().devicePixelRatioF() * 0.6)
        lines = [painter.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, widest) for line in lines]
        rect = _block(painter, lines, _MARGIN, top, right=False, bottom=False)
        _write(painter, lines, rect)
        drawn.append(rect)
        top = rect.bottom() + 4
    if badge:
        _small(painter, bold=True)
        rect = _block(painter, [badge], _MARGIN, top, right=False, bottom=False)
        painter.setPen(QPen(_AMBER, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect, 3, 3)
        _write(painter, [badge], rect, _AMBER)
        drawn.append(rect)
    return drawn


def draw_ruler(painter: QPainter, geometry: Geometry, radiograph: Radiograph, height: float) -> list[QRectF]:
    """A length in the lower left corner; nothing where the file does not state what its spacing holds for."""
    if radiograph.pixel_spacing_mm is None or radiograph.spacing_source == "unknown":
        return []
    per_mm = geometry.scale / radiograph.pixel_spacing_mm[1]
    length_mm = next((mm for mm in reversed(_ROUND_LENGTHS_MM) if mm * per_mm <= 160), None)
    if length_mm is None:
        return []
    told = f"{length_mm / 10:g} cm" if length_mm >= 10 else f"{length_mm} mm"
    if radiograph.spacing_source == "imager":
        told += " at the detector"
    _small(painter)
    metrics = painter.fontMetrics()
    width = length_mm * per_mm
    text_width = metrics.horizontalAdvance(told)
    rect = QRectF(_MARGIN, 0, max(width, text_width) + 2 * _PAD, metrics.lineSpacing() + 2 * _PAD + 7)
    rect.moveBottom(height - _MARGIN)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_BACK)
    painter.drawRoundedRect(rect, 3, 3)
    _write(painter, [told], rect)
    y = rect.bottom() - _PAD - 2
    x = rect.left() + _PAD
    painter.setPen(QPen(_TEXT, 1.4))
    painter.drawLine(QPointF(x, y), QPointF(x + width, y))
    for end in (x, x + width):
        painter.drawLine(QPointF(end, y - 4), QPointF(end, y + 2))
    return [rect]


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
    card and in the status bar.

    Returns
    -------
    QRectF
        Where it was drawn.
    """
    _small(painter)
    metrics = painter.fontMetrics()
    lines = [layer.label.title, layer.scale_text, layer.label.evidence, DISCLAIMER]
    tick_width = max(metrics.horizontalAdvance(word) for _, word in _TICKS)

    def size(form: Form) -> tuple[float, float]:
        width = height = 0.0
        if form.lines:
            width = max(metrics.horizontalAdvance(line) for line in lines[: form.lines]) + 2 * _PAD
            height = metrics.lineSpacing() * form.lines + 2 * _PAD
        if form.bar:
            bar_size = _BAR_WIDTH + tick_width + 2 * _PAD + 6, form.bar + metrics.height() + 2 * _PAD
            beside = form.beside and form.lines
            width = width + bar_size[0] if beside else max(width, bar_size[0])
            height = max(height, bar_size[1]) if beside else height + bar_size[1]
        return width, height

    beside, over = (BESIDE_FILM, OVER_FILM) if layer.has_scale else (BESIDE_FILM_NO_BAR, OVER_FILM_NO_BAR)
    form, rect = place(
        [(form, size(form)) for form in beside],
        [(form, size(form)) for form in over],
        viewport=geometry.viewport,
        film=QRectF(*geometry.screen_rect(_WHOLE)),
        taken=taken,
        saliency=(layer.result.map.values, QRectF(*geometry.screen_rect(layer.result.map.box))),
        lungs=QRectF(*geometry.screen_rect(lungs)) if lungs is not None else None,
    )
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(_BACK)
    painter.drawRoundedRect(rect, 3, 3)
    text = QRectF(rect)
    if form.bar:
        strip = QRectF(rect.left() + _PAD, rect.top() + _PAD + metrics.height() / 2, _BAR_WIDTH, form.bar)
        _draw_bar(painter, strip, bar)
        if form.beside:
            text.setLeft(strip.right() + tick_width + _PAD + 6)
        else:
            text.setTop(strip.bottom() + metrics.height() / 2 + _PAD)
    _write(painter, lines[: form.lines], text)
    return rect


def _draw_bar(painter: QPainter, strip: QRectF, bar: QImage) -> None:
    metrics = painter.fontMetrics()
    painter.drawImage(strip, bar)
    painter.setPen(QPen(_TEXT, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(strip)
    for share, word in _TICKS:
        y = strip.bottom() - share * strip.height()
        painter.drawLine(QPointF(strip.right(), y), QPointF(strip.right() + 3, y))
        painter.drawText(QPointF(strip.right() + 6, y + metrics.ascent() / 2 - 1), word)
