"""Another film in the place of a pane's own: beyond a line that swipes, or blinking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from cxrdesk.ui.film_words import zoom_words
from cxrdesk.ui.theme import colours
from cxrdesk.ui.viewer.corners import CornerContent, draw_live, draw_markers, draw_ruler, live_lines
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.linking import matched_geometry, matched_windowing
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.viewer.painting import draw_picture
from cxrdesk.ui.viewer.renderers import renderer_of
from cxrdesk.ui.viewer.texts import MARGIN, PAD, back, block_size, downwards, first_free, small, wrapped, write
from cxrdesk.ui.viewer.windowing import AS_STORED, Windowing, seen_voi

_GRIP = 8.0
_LEAST_WIDTH = 60.0
"""Of a film in screen pixels, to be worth words."""


class Beside:
    """The other film, shown as the pane's own is: as large, at the same place, windowed as far.

    It is painted over the own film with all that lies on that one: no result and no mark of one film is ever seen on
    the other.

    Parameters
    ----------
    loaded : LoadedFilm
    words, own_words : str
        Whose and which the other film and the own one are, written on each while it is seen.
    way : str
        ``"swipe"``: right of a line that the mouse moves. ``"blink"``: instead of the own film while `lit`.
    """

    def __init__(self, loaded: LoadedFilm, words: str, way: Literal["swipe", "blink"], own_words: str = "") -> None:
        self.loaded, self.words, self.own_words, self.way = loaded, words, own_words, way
        self.share = 0.5
        self.lit = way == "blink"
        """Whether the other film is the one that is seen, while they blink."""
        self._renderer = renderer_of(loaded)

    def alone(self) -> Beside:
        """The same as it is now, with memory of its own, for prints."""
        copy = Beside(self.loaded, self.words, self.way, self.own_words)
        copy.share, copy.lit = self.share, self.lit
        return copy

    def area(self, viewport: tuple[float, float]) -> QRectF:
        """The part of the viewport where the other film stands; empty for none."""
        width, height = viewport
        if self.way == "swipe":
            left = round(self.share * width)
            return QRectF(left, 0, width - left, height)
        return QRectF(0, 0, width, height) if self.lit else QRectF()

    def covers(self, point: QPointF, viewport: tuple[float, float]) -> bool:
        """Whether the other film lies under a point of the widget."""
        return self.area(viewport).contains(point)

    def grips(self, point: QPointF, viewport: tuple[float, float]) -> bool:
        """Whether the line can be taken there."""
        return self.way == "swipe" and abs(point.x() - self.share * viewport[0]) <= _GRIP

    def paint(
        self,
        painter: QPainter,
        geometry: Geometry,
        windowing: Windowing,
        *,
        inverted: bool,
        ratio: float,
        taken: Sequence[QRectF] = (),
        ruler: bool = False,
        zoom_ratio: float | None = None,
    ) -> list[QRectF]:
        """Draw the other film over the own one; returns where words are written.

        Parameters
        ----------
        taken : sequence of QRectF
            Where words stand on the own film.
        ruler : bool
            Whether the other film's scale bar is drawn.
        zoom_ratio : float or None
            Pixels of the screen for each of the widget's, where the other film's zoom is told.
        """
        area, (width, height) = self.area(geometry.viewport), geometry.viewport
        written: list[QRectF] = []
        if not self.lit:
            written = self._write(painter, self.own_words, QRectF(0, 0, area.left() or width, height), taken)
        if area.isEmpty():
            return written
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(area, Qt.ClipOperation.IntersectClip)
        whole = QRectF(0, 0, width, height)
        theirs = self.geometry(geometry)
        own = matched_windowing(windowing, self.loaded.windowing)
        voi = seen_voi(self.loaded.radiograph, own, AS_STORED, inverted=inverted)
        picture = self._renderer.render(theirs.finer(ratio), voi, inverted=inverted)
        if picture is None:
            painter.fillRect(whole, Qt.GlobalColor.black)
        else:
            draw_picture(painter, picture, ratio, whole)
        zoomed = zoom_ratio is not None
        corners = CornerContent(orientation=self.loaded.presentation.orientation, scale=ruler, zoom=zoomed)
        letters = draw_markers(painter, corners, theirs)
        letters += draw_ruler(painter, theirs, self.loaded.radiograph, corners)
        if zoom_ratio is not None:
            zoom = live_lines(corners, "", zoom_words(theirs.scale * zoom_ratio), theirs)
            letters += draw_live(painter, corners, theirs, zoom)
        # While it blinks, what tells the films apart stays in its place.
        apart = [*letters, *taken] if self.lit else letters
        written += [*letters, *self._write(painter, self.words, area, apart)]
        if self.way == "swipe":
            painter.setPen(QPen(QColor(colours().film_accent), 2))
            painter.drawLine(QPointF(area.left() + 1, 0), QPointF(area.left() + 1, area.bottom()))
        painter.restore()
        return written

    def geometry(self, geometry: Geometry) -> Geometry:
        """Where the other film lies for a place of the own one."""
        own = replace(self.loaded.fitted(geometry.viewport), rotation=geometry.rotation, flipped=geometry.flipped)
        return matched_geometry(geometry, own)

    def _write(self, painter: QPainter, words: str, area: QRectF, taken: Sequence[QRectF]) -> list[QRectF]:
        """Which film it is, in its upper right, or lower where other words stand."""
        if not words or area.width() < _LEAST_WIDTH:
            return []
        small(painter, bold=True)
        metrics = QFontMetricsF(painter.font(), painter.device())
        lines = wrapped(metrics, words, area.width() - 2 * (MARGIN + PAD), most=6)
        rect = QRectF(QPointF(0, MARGIN), QSizeF(*block_size(metrics, lines)))
        rect.moveRight(area.right() - MARGIN)
        found = first_free(downwards(rect, area.bottom()), taken, (area.right(), area.bottom()))
        rect = rect if found is None else found
        back(painter, rect)
        write(painter, lines, rect, colours().film_warning)
        return [rect]
