"""What is on the screen of a film as a presentation state, which other viewers can show."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Literal, cast

from cxrdesk.imaging.dicom import read_header
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.gsps import DisplayedArea, View, state_of
from cxrdesk.imaging.gsps_write import state_dataset
from cxrdesk.imaging.radiograph import ModalityLut
from cxrdesk.packages.files import write_whole, writing
from cxrdesk.studies.annotations import Annotation
from cxrdesk.studies.importers import Film
from cxrdesk.ui.viewer.film_view import FilmView
from cxrdesk.ui.viewer.tools.graphics import graphics
from cxrdesk.ui.viewer.tools.values import Subject


def save_state(path: Path, film: Film, view: FilmView, items: list[Annotation], subject: Subject) -> None:
    """Write window, polarity, turn, visible part and annotations of the film in a view.

    Raises
    ------
    UserError
        ``not-dicom`` for a picture, which has nothing to refer to; ``colour``; ``changed``; ``file-exists`` for the
        film's own name; ``disk-full`` or ``not-written``; those of `read_header`.
    """
    loaded, voi, geometry = view.loaded, view.voi, view.geometry_
    assert loaded is not None
    assert voi is not None
    if film.instance_uid is None:
        raise UserError(
            "not-dicom",
            f"{film.path.name} is no DICOM film with a UID, and a presentation state needs one to refer to.",
        )
    presentation = loaded.presentation
    if presentation.colour is not None:
        raise UserError("colour", f"{film.path.name} is a colour picture; presentation states are made of films.")
    if film.changed:
        raise UserError("changed", f"{film.path.name} was replaced by another file meanwhile; open it again.")
    if path.exists() and path.samefile(film.path):
        raise UserError("file-exists", f"{film.path.name} is the film itself; choose another name.")
    shutter, radiograph = presentation.shutter, loaded.radiograph
    if not view.switches.modality:
        radiograph = replace(radiograph, modality_lut=ModalityLut())
    if not view.switches.presentation:
        radiograph = replace(radiograph, inverted=False)
    drawn, texts = graphics(items, subject)
    corners = geometry.to_film(0.0, 0.0), geometry.to_film(*geometry.viewport)
    (x0, x1), (y0, y1) = (sorted(ends) for ends in zip(*corners, strict=True))
    shown = View(
        radiograph=radiograph,
        presentation=replace(
            presentation,
            overlays=presentation.overlays if view.planes_shown else (),
            shutter=replace(shutter, bitmap=None) if shutter is not None else None,
        ),
        voi=voi,
        inverted=view.inverted,
        gamma=view.windowing.gamma if view.switches.presentation and view.windowing is not None else 1.0,
        rotation=cast(Literal[0, 90, 180, 270], geometry.rotation),
        flipped=geometry.flipped,
        area=None if geometry.fitted else DisplayedArea(box=(x0, y0, x1, y1)),
        graphics=drawn,
        texts=texts,
    )
    try:
        frame = presentation.frame if presentation.frames > 1 else None
        ds = state_dataset(state_of(shown), read_header(film.path), frame=frame)
    except ValueError as error:
        raise UserError("not-dicom", f"No presentation state can refer to {film.path.name}: {error}.") from error
    content = BytesIO()
    ds.save_as(content, enforce_file_format=True)
    with writing(path.parent):
        write_whole(path, content.getvalue())
