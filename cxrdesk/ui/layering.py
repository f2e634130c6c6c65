"""Which outlines and which saliency map lie over the film of each pane: its own, and no other film's."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cxrdesk.ui.own_results import maps_of, masks_of
from cxrdesk.ui.reading import Reading
from cxrdesk.ui.session import FilmState
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.layers import MaskLayer, SaliencyLabel, SaliencyLayer
from cxrdesk.ui.viewer.overlays import mask_box

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.imaging.preprocess import Box
    from cxrdesk.inference.result import MaskResult, SaliencyResult

_Made = tuple[tuple[object, ...], MaskLayer | None, SaliencyLayer | None]
_MOST_MAPS = 8
"""Maps kept drawn: going back and forth draws none again."""


class Layering:
    """Makes layers of results, once for each result and pane."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._made: WeakKeyDictionary[FilmView, _Made] = WeakKeyDictionary()
        self._maps: OrderedDict[tuple[object, ...], SaliencyLayer] = OrderedDict()

    def put_over(self, pane: FilmView, state: FilmState | None, *, outlines: bool, saliency: bool) -> None:
        """Layers of the film in a pane, as far as the reader wants to see them and may.

        Parameters
        ----------
        state : FilmState or None
            Of the film that the pane is to show; nothing is drawn on any other one.
        """
        loaded, settings = pane.loaded, self._reading.settings
        if loaded is None or loaded.provisional or state is None or loaded.key != state.key:
            self._made.pop(pane, None)
            pane.set_layers(None, None, settings.saliency_opacity)
            return
        digest = loaded.radiograph.digest
        masks, chosen = masks_of(state, digest), None
        lungs = _lungs(masks)
        choice = self._reading.map_choice_of(state) if saliency else None
        if choice is not None:
            chosen = maps_of(state, digest).get(choice)
        seen = masks if outlines and not self._reading.hidden_of(state) else ()
        wanted = (*seen, chosen, settings.mask_style, settings.map_style)
        made = self._made.get(pane)
        if made is None or made[0] != wanted:
            outline = MaskLayer(list(seen), settings.mask_style) if seen else None
            made = self._made[pane] = (wanted, outline, self._saliency_layer(state, choice, chosen))
        pane.set_layers(made[1], made[2], settings.saliency_opacity, lungs)

    def _saliency_layer(
        self, state: FilmState, choice: tuple[str, str] | None, saliency: SaliencyResult | None
    ) -> SaliencyLayer | None:
        if saliency is None or choice is None:
            return None
        from cxrdesk.ui import words

        spec = state.detectors[choice[0]].spec
        label = SaliencyLabel(
            title=f"{words.finding_name(choice[1])}: {spec.name}", evidence=words.evidence_badge(spec.evidence)
        )
        style = self._reading.settings.map_style
        # A result is told by itself: it is kept with its layer, so no other takes its place in memory.
        wanted = (saliency, label, style)
        layer = self._maps.pop(wanted, None) or SaliencyLayer(saliency, label, style)
        self._maps[wanted] = layer
        if len(self._maps) > _MOST_MAPS:
            self._maps.popitem(last=False)
        return layer


def _lungs(masks: tuple[MaskResult, ...]) -> Box | None:
    """The box around the lungs, whether or not their outline is shown."""
    for result in masks:
        if result.mask is not None and result.mask.structure == "lungs":
            return mask_box(result.mask.values)
    return None
