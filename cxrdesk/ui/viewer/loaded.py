"""A decoded film, with whatever takes time before it can be painted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.presentation import OpenedFilm, Presentation
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import VoiFunction, Window
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.pyramid import Pyramid
from cxrdesk.ui.viewer.render import ColourRenderer, Renderer
from cxrdesk.ui.viewer.windowing import Windowing

if TYPE_CHECKING:  # few films come with a state
    from cxrdesk.imaging.gsps import View


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedFilm:
    """A decoded film and what its display starts from.

    Parameters
    ----------
    key : str
        The film's name within the session.
    radiograph : Radiograph
        Of a colour picture its brightness, for lengths and gray levels; no detector may see that.
    windowing : Windowing
    pyramid : Pyramid
        Its pixels at the sizes that the screen wants; a colour picture's in blue, green, red and 255.
    presentation : Presentation
        How the file asks for it to be shown.
    provisional : bool
        Whether it is a first look: its digest is not known yet, and its values may not be the film's.
    plain : LoadedFilm or None
        The film itself, where this is what a presentation state makes of it.
    warm : Renderer or ColourRenderer or None
        One that has rendered the whole film for a viewport already; see `warmed`.
    """

    key: str
    radiograph: Radiograph
    windowing: Windowing
    pyramid: Pyramid
    presentation: Presentation = field(default_factory=Presentation)
    provisional: bool = False
    plain: LoadedFilm | None = None
    warm: Renderer | ColourRenderer | None = None

    @property
    def for_detectors(self) -> bool:
        """Whether detectors may be asked about it: not about colours, frames of many, or black and white alone."""
        return not self.coloured and not self.black_and_white and not self.provisional and self.presentation.frames == 1

    @property
    def black_and_white(self) -> bool:
        """Whether it has no grays: one bit for each pixel."""
        return self.radiograph.bits_stored == 1

    @property
    def own(self) -> LoadedFilm:
        """The film itself, without any presentation state."""
        return self if self.plain is None else self.plain

    @property
    def coloured(self) -> bool:
        """Whether it is a colour picture."""
        return self.presentation.colour is not None

    @classmethod
    def of(
        cls, key: str, radiograph: Radiograph, presentation: Presentation | None = None, *, provisional: bool = False
    ) -> LoadedFilm:
        """Whatever takes time is done here, in the thread that decodes."""
        if not provisional:
            _ = radiograph.digest
        presentation = presentation or Presentation()
        colour = presentation.colour
        shutter = presentation.shutter
        hidden = shutter.hidden(radiograph.shape) if shutter is not None else None
        if colour is None:
            pixels: NDArray[Any] = radiograph.stored
        else:
            pixels = np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2BGRA))
        pyramid = Pyramid(pixels, radiograph.padding if colour is None else None, hidden)
        windowing = Windowing.of(radiograph)
        return cls(
            key=key,
            radiograph=radiograph,
            windowing=windowing,
            pyramid=pyramid,
            presentation=presentation,
            provisional=provisional,
        )

    def seen_as(self, view: View) -> LoadedFilm:
        """The film through the tables of a presentation state, with its shutter and overlays; for a thread."""
        radiograph, presentation = replace(view.radiograph, voi=view.voi), view.presentation
        pyramid = self.pyramid
        if presentation.shutter is not self.presentation.shutter:
            hidden = None if presentation.shutter is None else presentation.shutter.hidden(radiograph.shape)
            pyramid = Pyramid(radiograph.stored, radiograph.padding, hidden)
        return replace(
            self,
            radiograph=radiograph,
            windowing=replace(Windowing.of(radiograph), gamma=view.gamma),
            pyramid=pyramid,
            presentation=presentation,
            plain=self,
            warm=None,
        )

    def with_radiograph(self, radiograph: Radiograph) -> LoadedFilm:
        """The same pixels with more known about them."""
        if self.plain is None:
            return replace(self, radiograph=radiograph)
        seen = replace(radiograph, modality_lut=self.radiograph.modality_lut, voi=self.radiograph.voi)
        return replace(self, radiograph=seen, plain=replace(self.plain, radiograph=radiograph))

    def renderer(self) -> Renderer | ColourRenderer:
        """A new one, for one place on the screen."""
        return ColourRenderer(self.pyramid) if self.coloured else Renderer(self.radiograph, self.pyramid)

    def fitted(self, viewport: tuple[float, float]) -> Geometry:
        """The whole film in a viewport, (width, height)."""
        spacing = self.radiograph.pixel_spacing_mm
        aspect = spacing[0] / spacing[1] if spacing is not None else 1.0
        plane = self.radiograph.spacing_source
        col_mm = spacing[1] if spacing is not None and plane != "unknown" else None
        film = self.radiograph.shape
        return Geometry(film=film, viewport=viewport, aspect=aspect, col_mm=col_mm, plane=plane).fit()

    def warmed(self, viewport: tuple[float, float], ratio: float) -> LoadedFilm:
        """Ready to be painted whole in a viewport at once; for a thread."""
        warm = self.renderer()
        warm.render(self.fitted(viewport).finer(ratio), self.windowing.voi, inverted=False)
        return replace(self, warm=warm)

    def finished(self) -> LoadedFilm:
        """The film itself, where the first look had all of its pixels; for a thread."""
        _ = self.radiograph.digest
        return replace(self, provisional=False)

    @classmethod
    def opened(cls, key: str, film: OpenedFilm, *, provisional: bool = False) -> LoadedFilm:
        """A film as it was read, gray or coloured."""
        if film.radiograph is not None:
            return cls.of(key, film.radiograph, film.presentation, provisional=provisional)
        colour = film.presentation.colour
        assert colour is not None  # OpenedFilm holds one of them
        spacing = film.presentation.spacing
        brightness = Radiograph(
            stored=np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), dtype=np.uint8),
            bits_stored=8,
            voi=Window(center=127.5, width=255.0, function=VoiFunction.LINEAR_EXACT),
            pixel_spacing_mm=spacing.mm,
            spacing_source=spacing.source,
        )
        return cls.of(key, brightness, film.presentation, provisional=provisional)
