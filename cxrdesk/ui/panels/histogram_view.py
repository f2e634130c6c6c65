"""The histogram with the window drawn in."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from cxrdesk.imaging.gamma import Shown
from cxrdesk.ui.theme import colours
from cxrdesk.ui.viewer.histogram import Histogram


class HistogramView(QWidget):
    """Counts as columns, on a scale of square roots; over them the gray level of each value as a line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._histogram: Histogram | None = None
        self._voi: Shown | None = None
        self._turned = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Histogram of the film with its window")

    def sizeHint(self) -> QSize:
        """Wide and low."""
        return QSize(200, 78)

    def show_values(self, counts: Histogram | None, voi: Shown | None, *, turned: bool) -> None:
        """Draw a film's values and its window; `turned` where larger values are shown darker."""
        self._histogram, self._voi, self._turned = counts, voi, turned
        self.update()

    def levels(self) -> np.ndarray | None:
        """Gray level 0..1 at each bin's middle; None while there is nothing to draw."""
        if self._histogram is None or self._voi is None:
            return None
        shown = self._histogram
        middles = shown.low + (np.arange(len(shown.counts)) + 0.5) * (shown.high - shown.low) / len(shown.counts)
        levels = self._voi.apply(middles.astype(np.float32))
        return 1 - levels if self._turned else levels

    def paintEvent(self, event: QPaintEvent) -> None:
        """Columns, then the line."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colours().ground))
        levels = self.levels()
        if self._histogram is None or levels is None:
            painter.end()
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        # The air around a body would else be the one peak, and all of the body a flat line.
        tallest = max(float(np.sort(self._histogram.counts)[-len(self._histogram.counts) // 20]), 1.0)
        heights = np.sqrt(np.minimum(self._histogram.counts / tallest, 1.0))
        width, height = self.width() / len(heights), self.height() - 4.0
        outline = [QPointF(0, self.height())]
        for number, share in enumerate(heights.tolist()):
            top = self.height() - share * height
            outline += [QPointF(number * width, top), QPointF((number + 1) * width, top)]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours().muted).darker(150))
        painter.drawPolygon(QPolygonF([*outline, QPointF(self.width(), self.height())]))
        painter.setPen(QPen(QColor(colours().accent), 1.6))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        line = [
            QPointF((number + 0.5) * width, self.height() - 2 - level * height) for number, level in enumerate(levels)
        ]
        painter.drawPolyline(QPolygonF(line))
        painter.end()
