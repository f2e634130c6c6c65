"""Paints a film with all that lies on it, for the screen and for paper."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from cxrdesk.imaging.gamma import Shown
from cxrdesk.imaging.presentation import Overlay
from cxrdesk.ui.film_words import gamma_words, window_words, zoom_words
from cxrdesk.ui.theme import colours, small_point_size
from cxrdesk.ui.viewer.annotations import colour_bar, draw_legend
from cxrdesk.ui.viewer.corners import draw_corners, draw_live, live_lines, live_rect
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.viewer.magnifier import Magnifier
from cxrdesk.ui.viewer.overlay_cache import OverlayCache
from cxrdesk.ui.viewer.painting import draw_note, draw_picture
from cxrdesk.ui.viewer.planes import PlaneLayer
from cxrdesk.ui.viewer.renderers import AnyRenderer, renderer_of
from cxrdesk.ui.viewer.windowing import AS_STORED, Switches, Windowing, seen_voi

if TYPE_CHECKING:
    from cxrdesk.ui.viewer.film_view import FilmView
    from cxrdesk.ui.viewer.frozen import FrozenView


class FilmPainter:
    """Keeps what was computed for one film from step to step, and nothing of it for the next film."""

    def __init__(self, view: FilmView | FrozenView) -> None:
        self._view = view
        self._overlays, self._cornered, self._legend, self._marked = (OverlayCache() for _ in range(4))
        self._taken: list[QRectF] = []
        self._legend_taken: list[QRectF] = []
        self._bar: QImage | None = None
        self._renderer: AnyRenderer | None = None
        self._planes: PlaneLayer | None = None
        self._overlaid: tuple[Overlay, ...] = ()
        self._switched: tuple[tuple[object, ...], Shown] | None = None
        self.magnifier: Magnifier | None = None

    def forget(self) -> None:
        """No film."""
        self._renderer = self._planes = self._switched = None
        self._overlaid = ()
        self.magnifier = None
        for cache in (self._overlays, self._cornered, self._legend, self._marked):
            cache.forget()

    def take(self, loaded: LoadedFilm, switches: Switches = AS_STORED) -> None:
        """A film, through some of its tables."""
        warm = loaded.warm if switches == AS_STORED else None
        self._renderer = warm or renderer_of(loaded, switches)
        overlays = loaded.presentation.overlays
        if overlays != self._overlaid:
            self._planes = PlaneLayer(overlays, loaded.radiograph.shape) if overlays else None
            self._overlaid = overlays

    def paint(self, painter: QPainter, ratio: float, cursor: QPointF | None) -> None:
        """All that is seen but the focus, in the widget's coordinates; a film is shown.

        Parameters
        ----------
        ratio : float
            Pixels of the screen for each of the widget's.
        cursor : QPointF or None
            Where a magnifying glass would be.
        """
        view, windowing = self._view, self._view.windowing
        if self._renderer is None or windowing is None or view.loaded is None:
            return
        self._paint_film(painter, self._renderer, windowing, ratio)
        own = (view.planes_shown, view.state_layer)
        layers = (view.geometry_, *own, view.mask_layer, view.saliency_layer, view.opacity, view.lungs)
        dress = (view.loaded.radiograph, view.corners, colours(), small_point_size())
        self._overlays.paint(painter, view.size(), ratio, layers, self._paint_over)
        # Words at the edges stay where they are while a film is panned.
        g = view.geometry_
        place = (g.film, g.viewport, g.aspect, g.scale, g.rotation, g.flipped)
        self._cornered.paint(painter, view.size(), ratio, (*place, *dress), self._paint_corners)
        if view.saliency_layer is not None:
            self._legend.paint(painter, view.size(), ratio, (*layers, *dress), self._paint_legend)
        # Each mark is another object once it changed.
        if view.marks:
            marks = (view.geometry_, view.mark_style, tuple(self._written), *view.marks)
            self._marked.paint(painter, view.size(), ratio, marks, self._paint_marks)
        self._paint_moving(painter, windowing, ratio)
        self._note_first_look(painter)
        if self.magnifier is not None and cursor is not None:
            seen = self._seen(windowing)
            self.magnifier.paint(painter, view.geometry_, cursor, seen, inverted=view.inverted, ratio=ratio)

    def draw(self, painter: QPainter, ratio: float) -> None:
        """As `paint` without the glass, for prints and pictures, at any ratio; only the film itself is kept."""
        view = self._view
        if view.loaded is None or view.windowing is None or self._renderer is None:
            return
        self._paint_film(painter, self._renderer, view.windowing, ratio)
        for draw in (self._paint_over, self._paint_corners, self._paint_legend):
            painter.save()
            draw(painter)
            painter.restore()
        self._paint_marks(painter, kept=True)
        self._paint_moving(painter, view.windowing, ratio)
        self._note_first_look(painter)

    def render(self, ratio: float) -> None:
        """Make the film's own gray levels ready for `draw`; for a thread."""
        view = self._view
        if self._renderer is not None and view.windowing is not None:
            self._renderer.render(view.geometry_.finer(ratio), self._seen(view.windowing), inverted=view.inverted)

    def live_rect(self) -> QRectF:
        """Where the words stand that change with the window."""
        view = self._view
        return live_rect(view.corners, view.geometry_, len(self._live_lines(view.windowing)))

    @property
    def _written(self) -> list[QRectF]:
        """Where words stand that are no mark's."""
        legend = self._legend_taken if self._view.saliency_layer is not None else []
        return [*self._taken, self.live_rect(), *legend]

    def _note_first_look(self, painter: QPainter) -> None:
        loaded = self._view.loaded
        if loaded is not None and loaded.presentation.reduced:
            words = "First look; the film is being decoded"
            draw_note(painter, QRectF(self._view.rect()), words, self._written)

    def _paint_film(self, painter: QPainter, renderer: AnyRenderer, windowing: Windowing, ratio: float) -> None:
        whole = QRectF(self._view.rect())
        picture = renderer.render(
            self._view.geometry_.finer(ratio), self._seen(windowing), inverted=self._view.inverted
        )
        if picture is None:
            painter.fillRect(whole, Qt.GlobalColor.black)
            return
        draw_picture(painter, picture, ratio, whole)

    def _paint_over(self, painter: QPainter) -> None:
        """What stays while the window changes."""
        view = self._view
        if view.loaded is None:
            return
        if self._planes is not None and view.planes_shown:
            self._planes.paint(painter, view.geometry_)
        if view.state_layer is not None:
            view.state_layer.paint(painter, view.geometry_)
        if view.mask_layer is not None:
            view.mask_layer.paint(painter, view.geometry_)
        if view.saliency_layer is not None:
            view.saliency_layer.paint(painter, view.geometry_, view.opacity)

    def _paint_corners(self, painter: QPainter) -> None:
        view = self._view
        if view.loaded is not None:
            self._taken = draw_corners(painter, view.corners, view.geometry_, view.loaded.radiograph)

    def _paint_legend(self, painter: QPainter) -> None:
        view = self._view
        if view.saliency_layer is not None:
            self._bar = self._bar or colour_bar()
            taken = [*self._taken, self.live_rect()]
            legend = draw_legend(painter, view.saliency_layer, self._bar, view.geometry_, taken, view.lungs)
            levels = view.saliency_layer.write_levels(painter, view.geometry_, [*taken, legend]) if view.opacity else []
            self._legend_taken = [legend, *levels]

    def _paint_marks(self, painter: QPainter, *, kept: bool = False) -> None:
        """What tools draw."""
        style = replace(self._view.mark_style, kept=kept, taken=tuple(self._written))
        for mark in self._view.marks:
            painter.save()
            mark.paint(painter, self._view.geometry_, style)
            painter.restore()

    def _paint_moving(self, painter: QPainter, windowing: Windowing, ratio: float) -> None:
        """What changes with the window, and what is compared with the film."""
        view = self._view
        if view.beside is not None:
            corners, told = view.corners, view.beside.lit
            zoom = view.devicePixelRatioF() if told and corners.zoom else None
            view.beside.paint(
                painter,
                view.geometry_,
                windowing,
                inverted=view.inverted,
                ratio=ratio,
                taken=self._written,
                ruler=told and corners.scale,
                zoom_ratio=zoom,
            )
            if view.beside.lit:
                return  # words of this film are none of the other's
        draw_live(painter, view.corners, view.geometry_, self._live_lines(windowing))

    def _live_lines(self, windowing: Windowing | None) -> list[str]:
        if windowing is None:
            return []
        view = self._view
        zoom = view.geometry_.scale * view.devicePixelRatioF()
        lines = live_lines(view.corners, window_words(windowing.voi), zoom_words(zoom), view.geometry_)
        return [*lines, *filter(None, [gamma_words(windowing.gamma).capitalize(), view.scale_note])]

    def _seen(self, windowing: Windowing) -> Shown:
        """The VOI in force; one object for as long as nothing changes, as the renderer wants it."""
        view = self._view
        if (view.switches == AS_STORED and windowing.gamma == 1) or view.loaded is None:
            return windowing.voi
        key = (windowing.voi, windowing.gamma, view.switches, view.inverted)
        if self._switched is None or self._switched[0] != key:
            radiograph = view.loaded.radiograph
            self._switched = (key, seen_voi(radiograph, windowing, view.switches, inverted=view.inverted))
        return self._switched[1]
