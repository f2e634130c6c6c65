"""Overlay planes of a file (group 60xx) on the film: a picture of bits, at the screen's size."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter

from cxrdesk.imaging.presentation import Overlay
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.pyramid import Pyramid
from cxrdesk.ui.viewer.render import visible_region

PLANE_COLOUR = "#9be28a"


class PlaneLayer:
    """All overlay planes of a film in one colour.

    Parameters
    ----------
    overlays : sequence of Overlay
    shape : tuple of int
        (rows, cols) of the film.
    """

    def __init__(self, overlays: Sequence[Overlay], shape: tuple[int, int]) -> None:
        bits = np.zeros(shape, dtype=bool)
        for overlay in overlays:
            bits |= overlay.on_film(shape)
        self._pyramid = Pyramid(bits.astype(np.uint8) * np.uint8(255))

    def paint(self, painter: QPainter, geometry: Geometry) -> None:
        """Draw over the film; thin lines stay in sight where the film is shown small."""
        region = visible_region(self._pyramid, geometry)
        if region is None:
            return
        share = np.minimum(region.pixels.astype(np.uint16) * 2, 255).astype(np.uint8)
        colour = QColor(PLANE_COLOUR)
        parts = [cv2.convertScaleAbs(share, alpha=part / 255) for part in (colour.blue(), colour.green(), colour.red())]
        pixels = np.ascontiguousarray(cv2.merge([*parts, share]))
        height, width = share.shape
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_ARGB32_Premultiplied)
        painter.drawImage(QPointF(region.left, region.top), image)
