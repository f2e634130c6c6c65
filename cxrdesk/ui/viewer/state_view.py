"""A film as a presentation state shows it; knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.gsps import DisplayedArea, PresentationState, View, applied
from cxrdesk.imaging.presentation import OpenedFilm
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.loaded import LoadedFilm

if TYPE_CHECKING:
    from cxrdesk.studies.importers import Film
    from cxrdesk.studies.states import StateFile

_TRUE_SIZE = "its true size, for which the screen's own size would have to be known"


@dataclass(frozen=True, kw_only=True, eq=False)
class StateView:
    """A state, and the film that it was applied to.

    Parameters
    ----------
    file : StateFile
    view : View
    loaded : LoadedFilm
        The film through the state's tables; `LoadedFilm.own` is the film itself.
    left_out : tuple of str
        What of the state is not shown.
    """

    file: StateFile
    view: View
    loaded: LoadedFilm
    left_out: tuple[str, ...]


def state_view(file: StateFile, film: Film, loaded: LoadedFilm) -> StateView:
    """Read a state and apply it; for a thread.

    Raises
    ------
    FilmError
        ``other-film`` if the state is not for this frame of the film, ``colour``; those of `StateFile.load`.
    """
    own, frame = loaded.own, loaded.presentation.frame
    state = file.load(film.instance_uid, frame=frame) if film.instance_uid is not None else None
    if state is None:
        which = f"frame {frame + 1} of the film" if own.presentation.frames > 1 else "the film"
        raise FilmError("other-film", f"{file.path.name} is not for {which} on the screen; choose another state.")
    if own.coloured:
        raise FilmError("colour", f"{film.path.name} is a colour picture; presentation states of films are for gray.")
    view = applied(OpenedFilm(radiograph=own.radiograph, presentation=own.presentation), state)
    return StateView(file=file, view=view, loaded=own.seen_as(view), left_out=_left_out(state, view))


def _left_out(state: PresentationState, view: View) -> tuple[str, ...]:
    told = list(state.notes)
    if state.area is not None and state.area.mode == "TRUE SIZE":
        told.append(_TRUE_SIZE)
    shown = {overlay.group for overlay in view.presentation.overlays}
    if missing := [group for group in state.overlay_groups if group not in shown]:
        told.append(f"{len(missing)} overlay{'s' if len(missing) > 1 else ''} that neither it nor the film holds")
    return tuple(told)


def area_geometry(geometry: Geometry, view: View, *, ratio: float) -> Geometry:
    """Where a state wants its film (PS3.3 C.10.4, C.10.6), in the viewport of `geometry`.

    Parameters
    ----------
    ratio : float
        Pixels of the screen for each of the viewport's, for a state that enlarges by a number.
    """
    turned = replace(geometry, rotation=view.rotation, flipped=view.flipped).fit()
    rows, cols = geometry.film
    area = view.area or DisplayedArea(box=(0, 0, cols, rows))
    if area.box == (0, 0, cols, rows) and area.mode != "MAGNIFY":
        return turned
    x0, y0, x1, y1 = area.box
    width, height = turned.viewport[::-1] if turned.on_side else turned.viewport
    scale = min(width / max(x1 - x0, 1), height / (max(y1 - y0, 1) * turned.aspect))
    if area.mode == "MAGNIFY" and area.magnification:
        scale = area.magnification / ratio
    placed = replace(turned, center=((x0 + x1) / 2, (y0 + y1) / 2), fitted=False)
    return placed.zoomed(scale / placed.scale, (placed.viewport[0] / 2, placed.viewport[1] / 2))
