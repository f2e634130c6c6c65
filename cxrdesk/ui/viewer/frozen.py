"""What a view shows at one moment, to be drawn while the view goes on."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import QPainter

from cxrdesk.ui.viewer.film_painter import FilmPainter
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.painting import draw_hint


class FrozenView:
    """All that is drawn of a view but focus and magnifier, at any ratio, with memory of its own.

    Parameters
    ----------
    view : FilmView
    """

    def __init__(self, view: FilmView) -> None:
        self.loaded, self.windowing, self.inverted = view.loaded, view.windowing, view.inverted
        self.geometry_, self.switches = view.geometry_, view.switches
        self.corners, self.hint = view.corners, view.hint
        self.mask_layer, self.saliency_layer, self.state_layer = view.mask_layer, view.saliency_layer, view.state_layer
        self.scale_note = view.scale_note
        self.lungs, self.opacity, self.planes_shown = view.lungs, view.opacity, view.planes_shown
        self.marks, self.mark_style = list(view.marks), view.mark_style
        self.beside = None if view.beside is None else view.beside.alone()
        self._rect, self._ratio = view.rect(), view.devicePixelRatioF()
        self._painter = FilmPainter(self)

    def rect(self) -> QRect:
        """Of the view."""
        return self._rect

    def size(self) -> QSize:
        """Of the view."""
        return self._rect.size()

    def devicePixelRatioF(self) -> float:
        """Of the view."""
        return self._ratio

    def prepare(self, ratio: float) -> None:
        """Resample the film as `draw` wants it, which is most of the work; for a thread."""
        if self.loaded is not None:
            self._painter.take(replace(self.loaded, warm=None), self.switches)
            self._painter.render(ratio)

    def draw(self, painter: QPainter, ratio: float) -> None:
        """Draw in the view's coordinates; what lies outside of the painter's picture costs little.

        Parameters
        ----------
        ratio : float
            Pixels of the paper or picture for each of the view's: the one that it was prepared for.
        """
        if self.loaded is None:
            draw_hint(painter, QRectF(self._rect).adjusted(40, 40, -40, -40), *self.hint)
        self._painter.draw(painter, ratio)
