"""Which renderer a film wants."""

from __future__ import annotations

from dataclasses import replace

from cxrdesk.imaging.radiograph import ModalityLut
from cxrdesk.ui.viewer.loaded import LoadedFilm
from cxrdesk.ui.viewer.render import ColourRenderer, Renderer
from cxrdesk.ui.viewer.windowing import AS_STORED, Switches

AnyRenderer = Renderer | ColourRenderer


def renderer_of(loaded: LoadedFilm, switches: Switches = AS_STORED) -> AnyRenderer:
    """A renderer of its own for one place on the screen.

    Parameters
    ----------
    switches : Switches
        Which of the film's tables are looked through.
    """
    if loaded.coloured or switches == AS_STORED:
        return loaded.renderer()
    radiograph = loaded.radiograph
    if not switches.modality:
        radiograph = replace(radiograph, modality_lut=ModalityLut())
    if not switches.presentation:
        radiograph = replace(radiograph, inverted=False)
    return Renderer(radiograph, loaded.pyramid)
