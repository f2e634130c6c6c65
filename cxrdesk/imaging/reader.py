"""One door for files of any kind: the content decides, not the extension."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from cxrdesk.imaging.dicom import film_from_dataset, radiograph_from_dataset, read_dataset
from cxrdesk.imaging.dicom_file import looks_like_dicom
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.files import open_file
from cxrdesk.imaging.presentation import OpenedFilm, Presentation
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.raster import looks_like_raster, read_raster


def file_kind(path: Path | str) -> Literal["dicom", "raster"]:
    """Tell what a file holds, from its first bytes.

    Raises
    ------
    FilmError
        ``not-a-film`` for anything else, or why it cannot be opened.
    """
    path = Path(path)
    with open_file(path) as file:
        head = file.read(144)
    if looks_like_dicom(head):
        return "dicom"
    if looks_like_raster(head):
        return "raster"
    if not head:
        raise FilmError("truncated", f"{path.name} is empty; copy or send the file again.")
    raise FilmError("not-a-film", f"{path.name} is no DICOM, PNG, JPEG or TIFF file; choose a film.")


def read_radiograph(path: Path | str) -> Radiograph:
    """Read a film from a DICOM, PNG, JPEG or TIFF file.

    Raises
    ------
    FilmError
        With a stable code and one sentence for the user; see `cxrdesk.imaging.dicom` and `cxrdesk.imaging.raster`.
    """
    path = Path(path)
    if file_kind(path) == "dicom":
        return radiograph_from_dataset(read_dataset(path), name=path.name)
    return read_raster(path)


def read_film(path: Path | str, *, frame: int = 0) -> OpenedFilm:
    """Read one frame of a film with all that its file says of showing it.

    Parameters
    ----------
    path : Path or str
        A DICOM, PNG, JPEG or TIFF file.
    frame : int
        Counted from 0.

    Returns
    -------
    OpenedFilm
        Without a radiograph for colour pictures in DICOM files; other colour pictures are refused.

    Raises
    ------
    FilmError
        As `read_radiograph`, but for ``colour`` and ``multi-frame`` of DICOM files; ``no-frame``.
    """
    path = Path(path)
    if file_kind(path) == "dicom":
        return film_from_dataset(read_dataset(path), name=path.name, frame=frame)
    if frame:
        raise FilmError("no-frame", f"{path.name} has no frame {frame + 1}, only 1; choose another one.")
    radiograph = read_raster(path)
    return OpenedFilm(radiograph=radiograph, presentation=Presentation())
