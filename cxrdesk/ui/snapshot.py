"""What is seen as a picture: films with window, overlays, marks and corners, at any resolution, and the disclaimer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from cxrdesk import DISCLAIMER, __version__
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.words import evidence_badge

_MOST_PIXELS = 80_000_000
"""Of a picture: 320 MB while it is drawn. A0 at 300 dpi has 140 million; nobody prints a film so large."""
_FOOT_POINTS = 9.0
_RIM = 6.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Films and where they stand.

    Parameters
    ----------
    views : sequence of (FilmView, QRect)
        Each with its place in a common frame, in pixels of the screen.
    """

    views: tuple[tuple[FilmView, QRect], ...]

    @classmethod
    def of(cls, frame: QWidget, views: Sequence[FilmView]) -> Scene:
        """What is seen of `views` within `frame`."""
        places = [(view, QRect(view.mapTo(frame, QPoint(0, 0)), view.size())) for view in views if view.isVisible()]
        return cls(views=tuple(places))

    @property
    def frame(self) -> QRect:
        """Around all of them."""
        whole = QRect()
        for _, place in self.views:
            whole = whole.united(place)
        return whole

    @property
    def empty(self) -> bool:
        """Whether there is no film in it."""
        return all(view.loaded is None for view, _ in self.views)


def largest_ratio(size: QSizeF, wanted: float) -> float:
    """The wanted number of pixels for each of the screen's, or as many as memory allows."""
    return min(wanted, math.sqrt(_MOST_PIXELS / max(size.width() * size.height(), 1.0)))


def picture_of(scene: Scene, *, ratio: float, remarks: Sequence[str] = ()) -> QImage:
    """Draw a scene, with a line below it that says what cxrdesk is not.

    Parameters
    ----------
    ratio : float
        Pixels of the picture for each of the screen's; films are resampled anew for it, not enlarged.
    remarks : sequence of str
        Told in the line below.

    Returns
    -------
    QImage
        RGB, no transparency; smaller than asked for where it would not fit into memory.
    """
    frame = scene.frame
    foot = foot_height(frame.width(), remarks)
    size = QSizeF(frame.width(), frame.height() + foot)
    ratio = largest_ratio(size, ratio)
    image = QImage(QSize(round(size.width() * ratio), round(size.height() * ratio)), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    painter.scale(ratio, ratio)
    for view, place in scene.views:
        painter.save()
        painter.translate(place.topLeft() - frame.topLeft())
        painter.setClipRect(QRectF(0, 0, place.width(), place.height()))
        painter.setFont(QFont())
        view.draw(painter, ratio)
        painter.restore()
    _write_foot(painter, QRectF(0, frame.height(), frame.width(), foot), remarks)
    painter.end()
    return image


def remarks_of(scene: Scene) -> list[str]:
    """What must stand beside the outlines and maps that are seen: whose they are, and the evidence for them."""
    told: list[str] = []
    for view, _ in scene.views:
        if view.mask_layer is not None:
            told += [f"Outline: {r.spec.name} ({evidence_badge(r.spec.evidence)})" for r in view.mask_layer.results]
        if view.saliency_layer is not None:
            label = view.saliency_layer.label
            told.append(f"Map: {label.title} ({label.evidence})")
    return list(dict.fromkeys(told))


def _foot_text(remarks: Sequence[str]) -> str:
    return " · ".join([f"{DISCLAIMER}.", *remarks, f"cxrdesk {__version__}"])


def _foot_font() -> QFont:
    font = QFont()
    font.setPointSizeF(_FOOT_POINTS)
    font.setBold(True)
    return font


def foot_height(width: float, remarks: Sequence[str]) -> float:
    """Height of the line below a scene so wide, in pixels of the screen."""
    area = QRectF(0, 0, width - 2 * _RIM, 10_000)
    needed = QFontMetricsF(_foot_font()).boundingRect(area, int(Qt.TextFlag.TextWordWrap), _foot_text(remarks))
    return needed.height() + 2 * _RIM


def _write_foot(painter: QPainter, area: QRectF, remarks: Sequence[str]) -> None:
    painter.fillRect(area, QColor("#101215"))
    painter.setFont(_foot_font())
    painter.setPen(QColor("#ffe082"))
    painter.drawText(area.adjusted(_RIM, _RIM, -_RIM, -_RIM), int(Qt.TextFlag.TextWordWrap), _foot_text(remarks))
