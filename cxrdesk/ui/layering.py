"""Which outlines and which saliency map lie over the film on the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrdesk.ui.reading import Reading
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.layers import MaskLayer, SaliencyLabel, SaliencyLayer
from cxrdesk.ui.viewer.overlays import mask_box

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.imaging.preprocess import Box
    from cxrdesk.inference.result import MaskResult, SaliencyResult


class Layering:
    """Makes layers of results, once for each result."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._made: tuple[tuple[object, ...], MaskLayer | None, SaliencyLayer | None] | None = None

    def forget(self) -> None:
        """Another film is shown."""
        self._made = None

    def put_over(self, film: FilmView, *, outlines: bool, saliency: bool) -> None:
        """Layers of the film on the screen, as far as the reader wants to see them and may."""
        reading, state = self._reading, self._reading.state
        masks: tuple[MaskResult, ...] = ()
        chosen = None
        own = film.loaded is not None and state is not None and film.loaded.key == state.key
        if own and reading.shown is not None and state is not None and not reading.hidden:
            if outlines:
                masks = tuple(result for result in state.masks.values() if result.mask is not None)
            if saliency:
                chosen = reading.saliency()
        style = reading.settings.mask_style
        wanted = (*masks, chosen, style, reading.settings.map_style)
        if self._made is None or self._made[0] != wanted:
            self._made = (wanted, MaskLayer(list(masks), style) if masks else None, self._saliency_layer(chosen))
        film.set_layers(self._made[1], self._made[2], reading.settings.saliency_opacity, self._lungs())

    def _lungs(self) -> Box | None:
        """The box around the lungs, whether or not their outline is shown."""
        state = self._reading.state
        for result in state.masks.values() if state is not None else ():
            if result.mask is not None and result.mask.structure == "lungs":
                return mask_box(result.mask.values)
        return None

    def _saliency_layer(self, saliency: SaliencyResult | None) -> SaliencyLayer | None:
        choice, state = self._reading.map_choice, self._reading.state
        if saliency is None or choice is None or state is None:
            return None
        from cxrdesk.ui import words

        spec = state.detectors[choice[0]].spec
        label = SaliencyLabel(
            title=f"{words.finding_name(choice[1])}: {spec.name}", evidence=words.evidence_badge(spec.evidence)
        )
        return SaliencyLayer(saliency, label, self._reading.settings.map_style)
