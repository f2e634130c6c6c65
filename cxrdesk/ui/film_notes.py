"""What a reader should know of a film's file, and why no detector looks at it; knows no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrdesk.imaging.presentation import Presentation
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.words import printable

if TYPE_CHECKING:  # plugins are listed after the first film
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.ui.session import FilmState
    from cxrdesk.ui.viewer.loaded import LoadedFilm

_SPACING = {
    "unknown": "The file tells no pixel spacing: lengths are in pixels.",
    "unstated": "The file does not say where its pixel spacing holds: in the body, lengths may be shorter.",
}


def film_notes(radiograph: Radiograph, presentation: Presentation) -> tuple[str, ...]:
    """Sentences, what matters most for reading first; each once.

    Parameters
    ----------
    radiograph : Radiograph
        Of a colour picture its brightness.
    presentation : Presentation
        How its file asks for it to be shown.
    """
    told: list[str] = []
    if presentation.colour is not None:
        told.append("A picture in colours: it is shown as it is, and no detector looks at it.")
    elif radiograph.source == "raster":
        told.append("A picture, not a DICOM film: that bright is dense is assumed, and it tells no view and no age.")
    elif presentation.for_processing:
        told.append("The film was not made ready for showing (FOR PROCESSING): cxrdesk chose its window.")
    elif not presentation.vois:
        told.append("The file brings no window: cxrdesk chose one from the pixels.")
    if presentation.shutter is not None:
        told.append("A shutter of the file hides a part of the film.")
    spacing = presentation.spacing.plane
    told += [_SPACING[spacing]] if spacing in _SPACING else []
    told += [_sentence(note) for note in (*radiograph.notes, *presentation.notes)]
    return tuple(dict.fromkeys(told))


def no_results(registry: Registry | None, state: FilmState | None, shown: LoadedFilm | None) -> str:
    """Why there is nothing to show of detectors; empty where there may be.

    Parameters
    ----------
    registry : Registry or None
        None while plugins are looked for.
    state, shown : FilmState, LoadedFilm or None
        The film on the screen, as far as there is one and it was decoded.
    """
    if registry is None:
        return "Looking for installed detectors…" if state is not None else ""
    if not registry.detectors and not registry.segmenters:
        return "No detector is installed. Help, Plugins lists what was found."
    if state is None:
        return "Results appear here once a film is open."
    if shown is not None and not shown.for_detectors:
        what = "black and white alone" if shown.black_and_white else "films of several frames"
        what = "colour pictures" if shown.coloured else what
        return f"No detector looks at {what}."
    return "No detector can look at this file." if state.failure is not None else ""


def _sentence(note: str) -> str:
    """A reader's note, which has no capital letter and no full stop."""
    note = printable(note)
    return f"{note[:1].upper()}{note[1:].rstrip('.')}."
