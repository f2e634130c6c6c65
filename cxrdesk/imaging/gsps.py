"""Grayscale softcopy presentation states as values: from what is on a screen, and back to a screen (PS3.3 A.33.1).

`cxrdesk.imaging.gsps_read` and `cxrdesk.imaging.gsps_write` are the way from and to files.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.display import full_range
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.gamma import gamma_of, presentation_table
from cxrdesk.imaging.presentation import OpenedFilm, Overlay, Point, Presentation, Shutter
from cxrdesk.imaging.radiograph import ModalityLut, Radiograph
from cxrdesk.imaging.voi import Voi, VoiLut

_MOST_VALUES = 1 << 22
"""Of a table that is computed for every one of them."""
GraphicKind = Literal["POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE"]


@dataclass(frozen=True, kw_only=True)
class Graphic:
    """A graphic object (PS3.3 C.10.5.1.2).

    Parameters
    ----------
    kind : str
        Graphic Type (0070,0023).
    points : tuple of Point
        One for POINT; corners of a POLYLINE or INTERPOLATED curve, closed where the last is the first; center and a
        point on the perimeter of a CIRCLE; ends of the major axis, then of the minor axis of an ELLIPSE.
    filled : bool
        Graphic Filled (0070,0024), for closed shapes.
    on_film : bool
        Whether points are film points, or shares 0..1 of the displayed area.

    Raises
    ------
    ValueError
        If the number of points does not go with the kind.
    """

    kind: GraphicKind
    points: tuple[Point, ...]
    filled: bool = False
    on_film: bool = True

    def __post_init__(self) -> None:
        exact = {"POINT": 1, "CIRCLE": 2, "ELLIPSE": 4}.get(self.kind)
        count = len(self.points)
        if count < 2 if exact is None else count != exact:
            raise ValueError(f"{self.kind} with {count} points")


@dataclass(frozen=True, kw_only=True)
class Text:
    """A text object (PS3.3 C.10.5.1.1).

    Parameters
    ----------
    text : str
        Unformatted Text Value (0070,0006), lines parted by a line feed.
    anchor : Point or None
        What the text points at.
    box : tuple of Point or None
        Upper left and lower right corner of where it stands.
    pointing : bool
        Whether a line is drawn from it to its anchor; Anchor Point Visibility (0070,0015).
    on_film : bool
        Whether points are film points, or shares 0..1 of the displayed area.

    Raises
    ------
    ValueError
        If it has no place.
    """

    text: str = field(repr=False)
    anchor: Point | None = None
    box: tuple[Point, Point] | None = None
    pointing: bool = False
    on_film: bool = True

    def __post_init__(self) -> None:
        if self.anchor is None and self.box is None:
            raise ValueError("a text needs an anchor or a box")


@dataclass(frozen=True, kw_only=True)
class DisplayedArea:
    """The part of the film that is shown (PS3.3 C.10.4).

    Parameters
    ----------
    box : tuple of float
        (x0, y0, x1, y1) in film pixels, before rotation and flip; may reach beyond the film.
    mode : str
        Presentation Size Mode (0070,0100).
    magnification : float or None
        Screen pixels for a film pixel, of MAGNIFY.
    """

    box: tuple[float, float, float, float]
    mode: Literal["SCALE TO FIT", "TRUE SIZE", "MAGNIFY"] = "SCALE TO FIT"
    magnification: float | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class PresentationState:
    """A presentation state, as far as it concerns one frame of one film.

    Parameters
    ----------
    label, description : str
        Content Label (0070,0080) and Content Description (0070,0081).
    modality_lut : ModalityLut
        Takes the place of the film's own (PS3.4 N.2.1.1).
    voi : Window or VoiLut or None
        None leaves modality values as they are, over their whole range.
    inverse : bool
        Presentation LUT Shape (2050,0020) INVERSE. The film's photometric interpretation says nothing beside it.
    presentation_lut : ndarray of float32, shape (n,), or None
        P-values, 0..1, of evenly spaced outputs of the VOI transformation; with it `inverse` is False.
    shutter : Shutter or None
    overlay_groups : tuple of int
        Groups (60xx) of overlays that are shown.
    overlays : tuple of Overlay
        Planes that the state brings itself.
    rotation : int
        Degrees clockwise, before the flip: 0, 90, 180, 270 (PS3.3 C.10.6).
    flipped : bool
        Left to right, after the rotation.
    area : DisplayedArea or None
    graphics : tuple of Graphic
    texts : tuple of Text
    notes : tuple of str
        What of the file was left out.
    """

    label: str = "CXRDESK"
    description: str = field(default="", repr=False)
    modality_lut: ModalityLut = field(default_factory=ModalityLut)
    voi: Voi | None = None
    inverse: bool = False
    presentation_lut: NDArray[np.float32] | None = None
    shutter: Shutter | None = None
    overlay_groups: tuple[int, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    rotation: Literal[0, 90, 180, 270] = 0
    flipped: bool = False
    area: DisplayedArea | None = None
    graphics: tuple[Graphic, ...] = ()
    texts: tuple[Text, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """How a film is to be put on the screen.

    Parameters
    ----------
    radiograph : Radiograph
        The film, with the state's modality LUT.
    presentation : Presentation
        With the state's shutter and overlays.
    voi : Window or VoiLut
    inverted : bool
        The reader's own inversion, on top of the film's polarity, as `cxrdesk.imaging.display.display_table` takes it.
    gamma : float
        Of the levels that are seen, as `cxrdesk.imaging.gamma.Curved` takes it; 1 for none.
    rotation, flipped, area, graphics, texts
        As in `PresentationState`.
    """

    radiograph: Radiograph
    presentation: Presentation
    voi: Voi
    inverted: bool = False
    gamma: float = 1.0
    rotation: Literal[0, 90, 180, 270] = 0
    flipped: bool = False
    area: DisplayedArea | None = None
    graphics: tuple[Graphic, ...] = ()
    texts: tuple[Text, ...] = ()


def applied(film: OpenedFilm, state: PresentationState) -> View:
    """Apply a state to a film (PS3.4 N.2).

    Raises
    ------
    ValueError
        If the film is a colour picture.
    FilmError
        ``state-too-wide`` if the state's modality values are too many for its presentation LUT.
    """
    if film.radiograph is None:
        raise ValueError("a grayscale presentation state goes with a radiograph")
    radiograph = replace(film.radiograph, modality_lut=state.modality_lut)
    voi: Voi = state.voi or full_range(radiograph)
    gamma, inverse = 1.0, state.inverse
    if state.presentation_lut is not None:
        power = gamma_of(state.presentation_lut)
        if power is not None:
            gamma, inverse = power
        else:
            voi = _through(voi, state.presentation_lut, radiograph.value_range)
    own = {overlay.group: overlay for overlay in (*film.presentation.overlays, *state.overlays)}
    vois = tuple(known for known in film.presentation.vois if known is not voi)
    presentation = replace(
        film.presentation,
        vois=(voi, *vois),
        shutter=state.shutter,
        overlays=tuple(own[group] for group in sorted(state.overlay_groups) if group in own),
    )
    return View(
        radiograph=radiograph,
        presentation=presentation,
        voi=voi,
        inverted=inverse != radiograph.inverted,
        gamma=gamma,
        rotation=state.rotation,
        flipped=state.flipped,
        area=state.area,
        graphics=state.graphics,
        texts=state.texts,
    )


def state_of(view: View, *, label: str = "CXRDESK", description: str = "not for diagnosis") -> PresentationState:
    """Make a state of what is on the screen, so that `applied` brings it back."""
    inverse, lut = view.inverted != view.radiograph.inverted, None
    if view.gamma != 1:
        inverse, lut = False, presentation_table(view.gamma, inverse=inverse)
    return PresentationState(
        label=label,
        description=description,
        modality_lut=view.radiograph.modality_lut,
        voi=view.voi,
        inverse=inverse,
        presentation_lut=lut,
        shutter=view.presentation.shutter,
        overlay_groups=tuple(overlay.group for overlay in view.presentation.overlays),
        rotation=view.rotation,
        flipped=view.flipped,
        area=view.area,
        graphics=view.graphics,
        texts=view.texts,
    )


def _through(voi: Voi, table: NDArray[np.float32], span: tuple[float, float]) -> VoiLut:
    """A VOI and the presentation LUT behind it as one table over modality values."""
    first, last = int(np.floor(span[0])), int(np.ceil(span[1]))
    if last - first >= _MOST_VALUES:
        text = "The presentation state spreads the film over more values than a table can hold; choose another state."
        raise FilmError("state-too-wide", text)
    levels = voi.apply(np.arange(first, last + 1, dtype=np.float32))
    index = np.rint(levels * (len(table) - 1)).astype(np.int64)
    return VoiLut(table=table[index], first=first, explanation=voi.explanation)
