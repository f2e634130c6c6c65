"""What is painted over the film, as Qt objects made once for each film or result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF, QTransform

from cxrdesk import DISCLAIMER
from cxrdesk.imaging.preprocess import Box
from cxrdesk.ui.theme import colours
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.overlays import (
    LEAST_SEEN,
    LEVELS,
    half_mass_outline,
    level_outlines,
    mask_outline,
    saliency_image,
)
from cxrdesk.ui.viewer.texts import first_free, small

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.inference.result import MaskResult, SaliencyResult

MASK_COLOUR = "#6fd0ff"
CONTOUR_COLOUR = "#ffd27a"
_TINT = QColor(111, 208, 255, 60)
_DASHES = {0.25: [1.0, 3.0], 0.5: [4.0, 3.0], 0.75: [9.0, 3.0], 1.0: []}
"""By share of the reference: the line says how much without its colour."""
_SEAM = ((1.3, 0.0), (-1.3, 0.0), (0.0, 1.3), (0.0, -1.3))
_LINE = ((-0.3, 0.3), (0.3, -0.3))


def _polygon(line: NDArray[np.floating]) -> QPolygonF:
    return QPolygonF([QPointF(float(x), float(y)) for x, y in line])


def _rgba(values: NDArray[np.uint8]) -> QImage:
    height, width = values.shape[:2]
    image = QImage(np.ascontiguousarray(values).data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def _film_to_screen(geometry: Geometry) -> QTransform:
    """From shares of the film."""
    rows, cols = geometry.film
    return QTransform.fromScale(cols, rows) * QTransform(*geometry.matrix)


def _draw_lines(
    painter: QPainter, geometry: Geometry, lines: list[QPolygonF], colour: str, dashes: Sequence[float] = ()
) -> None:
    to_screen = _film_to_screen(geometry)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    # Lines that leave the viewport take five times as long where no clip says so.
    painter.setClipRect(QRectF(0, 0, *geometry.viewport), Qt.ClipOperation.IntersectClip)
    # A dark seam keeps the line in sight on white bone and black air alike. Lines one wide, side by side and mapped
    # beforehand: whatever is wider, or goes through the painter's transform, takes six times as long at each zoom step.
    seam, mapped = QColor(0, 0, 0, 110), [to_screen.map(line) for line in lines]
    for shade, dx, dy in (
        *((seam, *aside) for aside in _SEAM),
        (QColor(colour), -0.3, 0.3),
        (QColor(colour), 0.3, -0.3),
    ):
        pen = QPen(shade, 1)
        if dashes:
            pen.setDashPattern(list(dashes))
        painter.setPen(pen)
        for line in mapped:
            painter.drawPolygon(line.translated(dx, dy))


def _write_level(
    painter: QPainter, geometry: Geometry, line: QPolygonF, text: str, taken: Sequence[QRectF]
) -> list[QRectF]:
    """A number where a line is highest on the screen, or at the first of its other points where nothing stands."""
    mapped = _film_to_screen(geometry).map(line)
    small(painter)
    metrics = painter.fontMetrics()
    rect = QRectF(0, 0, metrics.horizontalAdvance(text) + 4, metrics.height())

    def places() -> Iterator[QRectF]:
        for point in sorted((mapped.at(number) for number in range(mapped.size())), key=lambda point: point.y()):
            rect.moveCenter(point)
            yield QRectF(rect)

    found = first_free(places(), taken, geometry.viewport)
    if found is None:
        return []
    painter.fillRect(found, QColor(colours().film_back))
    painter.setPen(QColor(CONTOUR_COLOUR))
    painter.drawText(found, int(Qt.AlignmentFlag.AlignCenter), text)
    return [found]


class MaskLayer:
    """Structures, as outlines or as a tint.

    Parameters
    ----------
    style : str
        ``"outline"`` or ``"tint"``.
    """

    def __init__(self, results: list[MaskResult], style: str = "outline") -> None:
        self.results, self._tinted = results, style == "tint"
        self._lines = [_polygon(line) for r in results if r.mask is not None for line in mask_outline(r.mask.values)]

    def paint(self, painter: QPainter, geometry: Geometry) -> None:
        """Draw over the film."""
        if not self._tinted:
            _draw_lines(painter, geometry, self._lines, MASK_COLOUR)
            return
        to_screen = _film_to_screen(geometry)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_TINT)
        for line in self._lines:
            painter.drawPolygon(to_screen.map(line))


@dataclass(frozen=True, kw_only=True)
class SaliencyLabel:
    """What the host writes beside every map.

    Parameters
    ----------
    title : str
        Finding and detector.
    evidence : str
        The badge.
    """

    title: str
    evidence: str


class SaliencyLayer:
    """A saliency map: by the host's colour map or contours, or as its plugin renders it.

    Parameters
    ----------
    style : str
        ``"colour"`` or ``"contours"``; a plugin's own drawing, and a map without a scale, know one style only.
    """

    def __init__(self, result: SaliencyResult, label: SaliencyLabel, style: str = "colour") -> None:
        self.result, self.label = result, label
        self.contours = style == "contours" and result.rendering is None and bool(result.reference)
        self._levels: list[tuple[float, list[QPolygonF]]] = []
        self._image: QImage | None = None
        self._lines: list[QPolygonF] = []
        self._boxes: list[Box] = []
        rendering = result.rendering
        if rendering is not None:
            self._lines = [_polygon(line) for line in rendering.contours]
            self._boxes = list(rendering.boxes)
        if rendering is not None and rendering.image is not None:
            self._image = _rgba(rendering.image)
        elif self.contours:
            self._levels = [(level, [_polygon(line) for line in lines]) for level, lines in level_outlines(result)]
        elif rendering is None:
            values = saliency_image(result)
            if values is None:
                self._lines = [_polygon(line) for line in half_mass_outline(result)]
            else:
                self._image = _rgba(values)
        self.empty = not (self._lines or self._boxes or self._levels or self._coloured())
        """Whether nothing on the film is marked."""

    def _coloured(self) -> bool:
        if self.result.rendering is not None:
            image = self.result.rendering.image
            return image is not None and bool(image[..., 3].any())
        seen = LEAST_SEEN * (self.result.reference or 0.0)
        return self._image is not None and bool((self.result.map.values >= seen).any())

    @property
    def has_scale(self) -> bool:
        """Whether the colours have a unit that a bar can show."""
        return self.result.reference is not None and self.result.rendering is None

    @property
    def has_bar(self) -> bool:
        """Whether a colour bar belongs beside it."""
        return self.has_scale and not self.contours and not self.empty

    @property
    def sentences(self) -> tuple[str, ...]:
        """The legend, the most important first."""
        if self.empty:
            return f"Nothing is marked · {self.label.title}", DISCLAIMER, self._nothing, self.label.evidence
        return self.label.title, DISCLAIMER, self.scale_text, self.label.evidence

    @property
    def _nothing(self) -> str:
        if self.result.rendering is not None:
            return "The plugin drew nothing"
        if not self.has_scale:
            return "The map is zero everywhere"
        least = LEVELS[0] if self.contours else LEAST_SEEN
        return f"No value reaches {least:g} of reference {self.result.reference:.3g}"

    @property
    def scale_text(self) -> str:
        """What the drawing's values mean, and how much of it lies inside the lungs."""
        inside = self.result.lung_share
        lungs = "" if inside is None else f"; {inside:.0%} inside the lungs"
        return f"{self._unit}{lungs}"

    @property
    def _unit(self) -> str:
        if self.contours:
            return f"lines at {', '.join(f'{level:g}' for level in LEVELS)} of reference {self.result.reference:.3g}"
        if self.has_scale:
            return f"share of reference {self.result.reference:.3g}"
        if self.result.rendering is not None:
            return "drawn by the plugin"
        return "no reference: the outline holds half of the map"

    def paint(self, painter: QPainter, geometry: Geometry, opacity: float) -> None:
        """Draw over the film; `opacity` 0..1."""
        painter.save()
        painter.setOpacity(opacity)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._image is not None:
            box = self.result.map.box
            painter.save()
            painter.setTransform(_film_to_screen(geometry), True)
            painter.drawImage(QRectF(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0), self._image)
            painter.restore()
        painter.setOpacity(max(opacity, 0.35) if opacity else 0.0)
        _draw_lines(painter, geometry, self._lines, CONTOUR_COLOUR)
        painter.setOpacity(0.55 + 0.45 * opacity if opacity else 0.0)  # thin lines need more than areas do
        for level, lines in self._levels:
            _draw_lines(painter, geometry, lines, CONTOUR_COLOUR, _DASHES[level])
        painter.setPen(QPen(QColor(CONTOUR_COLOUR), 1.5))
        for box in self._boxes:
            painter.drawRect(QRectF(*geometry.screen_rect(box)))
        painter.restore()

    def write_levels(self, painter: QPainter, geometry: Geometry, taken: Sequence[QRectF]) -> list[QRectF]:
        """A number on each contour, clear of what is `taken`; returns where."""
        written: list[QRectF] = []
        for level, lines in self._levels:
            written += _write_level(painter, geometry, lines[0], f"{level:g}", [*taken, *written])
        return written
