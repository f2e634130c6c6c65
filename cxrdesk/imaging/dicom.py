"""DICOM files to films: the numbers, and how to show them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from cxrdesk.imaging.dicom_attributes import read_age_years, read_sex, read_view
from cxrdesk.imaging.dicom_checks import check_header, frame_count, is_colour
from cxrdesk.imaging.dicom_file import read_file
from cxrdesk.imaging.dicom_luts import believable_padding, read_inverted, read_modality_lut, read_padding, read_vois
from cxrdesk.imaging.dicom_pixels import stored_pixels
from cxrdesk.imaging.dicom_presentation import read_presentation
from cxrdesk.imaging.dicom_spacing import read_spacing
from cxrdesk.imaging.dicom_values import integer, text
from cxrdesk.imaging.display import automatic_voi, film_values, shows_film
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.notices import collect_warnings, without_values
from cxrdesk.imaging.presentation import OpenedFilm
from cxrdesk.imaging.radiograph import ModalityLut, Radiograph, StoredPixels
from cxrdesk.imaging.voi import Voi, VoiFunction, Window

_LOOK_SIDE = 64
"""Rows and columns that are looked at to see whether a window shows the film: it must not delay the first picture."""

PHANTOM_MANUFACTURER = "cxrdesk phantom"
"""Manufacturer (0008,0070) of films that a simulator made."""


def read_header(path: Path | str) -> Dataset:
    """Everything in a DICOM file before its pixel data, checked to be a radiograph that can be shown.

    Raises
    ------
    FilmError
        ``missing-file``, ``is-a-folder``, ``unreadable``, ``not-dicom``, ``truncated``, ``too-large`` and those of
        `check_header`.
    """
    path = Path(path)
    return read_file(path, stop_before_pixels=True, check=partial(check_header, name=path.name))


def read_dataset(path: Path | str) -> Dataset:
    """Read a DICOM file, with or without preamble and file meta information, checked as by `read_header`.

    Returns
    -------
    Dataset
        With ``file_meta.TransferSyntaxUID``, also where the file has none.

    Raises
    ------
    FilmError
        As `read_header`: pixel data of a wrong file are never read.
    """
    path = Path(path)
    return read_file(path, stop_before_pixels=False, check=partial(check_header, name=path.name))


def radiograph_from_dataset(ds: Dataset, *, name: str) -> Radiograph:
    """Decode a dataset of one grayscale frame into a radiograph.

    Parameters
    ----------
    ds : Dataset
        With pixel data and ``file_meta.TransferSyntaxUID``.
    name : str
        Name of the file, for messages.

    Returns
    -------
    Radiograph
        Without identity. `voi` is the first usable VOI LUT, else window, that shows the film, else an automatic
        window; `notes` name what the file left open or got wrong.

    Raises
    ------
    FilmError
        Those of `check_header`, ``colour``, ``multi-frame`` and ``truncated``.
    """
    check_header(ds, name=name)
    if is_colour(ds):
        raise FilmError("colour", f"{name} is a colour image, not a radiograph; choose the original film.")
    if (frames := frame_count(ds)) > 1:
        raise FilmError("multi-frame", f"{name} has {frames} frames; export the frame with the film alone.")
    if integer(ds, "BitsAllocated", []) == 1:
        raise FilmError("unsupported-pixels", f"{name} has one bit per pixel; export the film with 8 or 16.")
    notes: list[str] = []
    with collect_warnings() as warned:
        return _radiograph(ds, name, notes, warned)


def film_from_dataset(ds: Dataset, *, name: str, frame: int = 0, decoded: NDArray[Any] | None = None) -> OpenedFilm:
    """Decode one frame of a dataset, of gray or colour, with all that it says of showing it.

    Parameters
    ----------
    ds : Dataset
        From `read_dataset`, which checked it.
    name : str
        Name of the file, for messages.
    frame : int
        Counted from 0.
    decoded : ndarray, shape (rows, cols), or None
        As for `cxrdesk.imaging.dicom_pixels.stored_pixels`.

    Raises
    ------
    FilmError
        ``no-pixels``, ``truncated``, ``corrupt``, and ``no-frame`` where there is no such frame.
    """
    if not 0 <= frame < frame_count(ds):
        raise FilmError("no-frame", f"{name} has no frame {frame + 1}, only {frame_count(ds)}; choose another one.")
    notes: list[str] = []
    with collect_warnings() as warned:
        if is_colour(ds):
            from cxrdesk.imaging.dicom_colour import colour_pixels

            colour = colour_pixels(ds, name=name, frame=frame)
            return OpenedFilm(
                radiograph=None, presentation=read_presentation(ds, name=name, frame=frame, colour=colour)
            )
        radiograph = _radiograph(ds, name, notes, warned, frame, decoded)
        return OpenedFilm(radiograph=radiograph, presentation=read_presentation(ds, name=name, frame=frame))


def _radiograph(
    ds: Dataset,
    name: str,
    notes: list[str],
    warned: list[str],
    frame: int = 0,
    decoded: NDArray[Any] | None = None,
) -> Radiograph:
    stored, bits_stored = stored_pixels(ds, name=name, notes=notes, frame=frame, decoded=decoded)
    signed_low = -(1 << (bits_stored - 1)) if stored.dtype.kind == "i" else 0
    padding = read_padding(ds, (signed_low, signed_low + (1 << bits_stored) - 1), ds.BitsAllocated, notes)
    padding = believable_padding(stored, padding, notes)
    modality_lut = read_modality_lut(ds, notes)
    spacing = read_spacing(ds, notes)
    return Radiograph(
        stored=stored,
        bits_stored=bits_stored,
        modality_lut=modality_lut,
        inverted=read_inverted(ds, notes),
        voi=_default_voi(ds, stored, modality_lut, padding, notes),
        padding=padding,
        pixel_spacing_mm=spacing.mm,
        spacing_source=spacing.source,
        patient_age_years=read_age_years(ds, notes),
        patient_sex=read_sex(ds, notes),
        view=read_view(ds, notes),
        view_position=text(ds, "ViewPosition", notes),
        modality=text(ds, "Modality", notes),
        source="phantom" if text(ds, "Manufacturer", notes) == PHANTOM_MANUFACTURER else "dicom",
        notes=tuple(dict.fromkeys(notes + without_values(warned))),
    )


def _default_voi(
    ds: Dataset,
    stored: StoredPixels,
    modality_lut: ModalityLut,
    padding: tuple[int, int] | None,
    notes: list[str],
) -> Voi:
    values = film_values(stored, modality_lut, padding=padding, side=_LOOK_SIDE)
    for voi in read_vois(ds, notes):
        if shows_film(voi, values):
            return voi
        kind = "window" if isinstance(voi, Window) else "VOI LUT"
        notes.append(f"a {kind} of the file hides the film and was ignored")
    if integer(ds, "BitsAllocated", []) == 1:  # a drawing: nothing lies between black and white
        low, high = sorted(modality_lut.apply(np.array([0, 1])).tolist())
        return Window(
            center=(low + high) / 2, width=high - low or 1, function=VoiFunction.LINEAR_EXACT, explanation="automatic"
        )
    return automatic_voi(stored, modality_lut, padding=padding)
