"""What is seen as a picture: films with window, overlays, marks and corners, at any resolution, and the disclaimer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from PySide6.QtWidgets import QWidget

from cxrdesk import DISCLAIMER, __version__
from cxrdesk.ui.piecework import Pieces, at_once
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.frozen import FrozenView
from cxrdesk.ui.words import evidence_badge

_MOST_PIXELS = 80_000_000
"""Of a picture: 320 MB while it is drawn. A0 at 300 dpi has 140 million; nobody prints a film so large."""
_PIECE_PIXELS = 1_500_000
"""Drawn between two turns of the event loop."""
_FOOT_POINTS = 9.0
_RIM = 6.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """Films and where they stand.

    Parameters
    ----------
    views : sequence of (FilmView or FrozenView, QRect)
        Each with its place in a common frame, in pixels of the screen.
    """

    views: tuple[tuple[FilmView | FrozenView, QRect], ...]

    @classmethod
    def of(cls, frame: QWidget, views: Sequence[FilmView]) -> Scene:
        """What is seen of `views` within `frame`."""
        places = [(view, QRect(view.mapTo(frame, QPoint(0, 0)), view.size())) for view in views if view.isVisible()]
        return cls(views=tuple(places))

    def frozen(self) -> Scene:
        """The same as it is now, whatever becomes of the views."""
        return Scene(views=tuple((_frozen(view), place) for view, place in self.views))

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


def _frozen(view: FilmView | FrozenView) -> FrozenView:
    return view if isinstance(view, FrozenView) else FrozenView(view)


def largest_ratio(size: QSizeF, wanted: float) -> float:
    """The wanted number of pixels for each of the screen's, or as many as memory allows."""
    return min(wanted, math.sqrt(_MOST_PIXELS / max(size.width() * size.height(), 1.0)))


def picture_pieces(scene: Scene, *, ratio: float, remarks: Sequence[str] = ()) -> Pieces[QImage]:
    """Draw a scene as it is now, with a line below it that says what cxrdesk is not.

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
    return _pieces([(_frozen(view), place) for view, place in scene.views], scene.frame, ratio, remarks)


def _pieces(
    frozen: Sequence[tuple[FrozenView, QRect]], frame: QRect, ratio: float, remarks: Sequence[str]
) -> Pieces[QImage]:
    foot = foot_height(frame.width(), remarks)
    size = QSizeF(frame.width(), frame.height() + foot)
    ratio = largest_ratio(size, ratio)
    for view, _ in frozen:
        yield partial(view.prepare, ratio)
    image = QImage(QSize(round(size.width() * ratio), round(size.height() * ratio)), QImage.Format.Format_RGB32)
    memory, line = image.bits(), image.bytesPerLine()
    rows = max(_PIECE_PIXELS // image.width(), 1)
    for top in range(0, image.height(), rows):
        count = min(rows, image.height() - top)
        # A picture of its own in the whole one's memory: nothing that is drawn reaches beyond it.
        band = QImage(memory[top * line : (top + count) * line], image.width(), count, line, image.format())
        band.fill(Qt.GlobalColor.black)
        painter = QPainter(band)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.translate(0, -top)
        painter.scale(ratio, ratio)
        for view, place in frozen:
            painter.save()
            painter.translate(place.topLeft() - frame.topLeft())
            painter.setClipRect(QRectF(0, 0, place.width(), place.height()))
            painter.setFont(QFont())
            view.draw(painter, ratio)
            painter.restore()
        _write_foot(painter, QRectF(0, frame.height(), frame.width(), foot), remarks)
        painter.end()
        yield None
    return image


def picture_of(scene: Scene, *, ratio: float, remarks: Sequence[str] = ()) -> QImage:
    """`picture_pieces` at once, for small ones."""
    return at_once(picture_pieces(scene, ratio=ratio, remarks=remarks))


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
