"""Presentation states beside a film, for tests."""

from __future__ import annotations

from pathlib import Path

import pydicom
from pydicom.uid import generate_uid

from cxrdesk.imaging.dicom import read_header
from cxrdesk.imaging.gsps import DisplayedArea, Graphic, PresentationState, Text
from cxrdesk.imaging.gsps_write import state_dataset
from cxrdesk.imaging.presentation import Shutter
from cxrdesk.imaging.voi import Window
from tests.ui.conftest import Seat

TYPES = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")

STATE = PresentationState(
    label="BONES",
    voi=Window(center=2200, width=900),
    inverse=True,
    shutter=Shutter(rectangle=(100, 100, 900, 800)),
    rotation=90,
    flipped=True,
    area=DisplayedArea(box=(200, 150, 700, 650)),
    graphics=(Graphic(kind="POLYLINE", points=((300, 300), (500, 300), (500, 500))),),
    texts=(Text(text="look here", anchor=(400, 400)),),
)


def film_folder(folder: Path, film: Path) -> Path:
    """A folder with a film of a study."""
    ds = pydicom.dcmread(film)
    for keyword in TYPES:
        setattr(ds, keyword, ds.get(keyword) or generate_uid())
    folder.mkdir()
    ds.save_as(folder / "film.dcm")
    return folder


def put(folder: Path, state: PresentationState, name: str = "state.dcm", frame: int | None = None, **more: str) -> Path:
    ds = state_dataset(state, read_header(folder / "film.dcm"), frame=frame)
    for keyword, value in more.items():
        setattr(ds, keyword, value)
    ds.save_as(folder / name, enforce_file_format=True)
    return folder / name


def choose(seat: Seat, number: int) -> None:
    files = seat.window.states.states()
    seat.window.states.choose(files[number])
    seat.qtbot.waitUntil(lambda: seat.window.states.current is files[number])
