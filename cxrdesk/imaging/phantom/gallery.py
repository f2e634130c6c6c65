"""A contact sheet: rows of thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

import cv2
import numpy as np

from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.imaging.phantom.batch import Picture
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.imaging.voi import Window

FORMATS = (".png", ".jpg", ".jpeg")
SIDE = 160
"""Of each square, in pixels."""
MOST = 2000
"""Phantoms on a sheet: more with as many films between, and JPEG could not hold its height."""
_SUFFIXES = (".dcm", ".png", ".jpg", ".jpeg", ".tif", ".tiff")


def real_films(folder: Path, count: int, seed: int = 0) -> list[Picture]:
    """`count` films below a folder, drawn by seed, as small squares; those that cannot be read are passed over.

    Raises
    ------
    UserError
        ``no-data`` where the folder holds no film, or not one that can be read.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    found: list[Picture] = []
    for index in np.random.default_rng(seed).permutation(len(files)):
        if len(found) == count:
            break
        with suppress(FilmError):
            found.append(_square(_shown(files[int(index)])))
    if not found:
        raise UserError("no-data", f"{folder} holds no film that can be read to draw beside the phantoms.")
    return found


def _shown(path: Path) -> Picture:
    film = read_radiograph(path)
    low, high = film.value_range
    if film.source == "dicom" and isinstance(film.voi, Window) and not film.inverted:
        low, high = film.voi.center - film.voi.width / 2, film.voi.center + film.voi.width / 2
    return np.asarray(np.rint(np.clip((film.pixels - low) / (high - low), 0, 1) * 255), np.uint8)


def _square(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def contact_sheet(rows: Sequence[Sequence[Picture]]) -> Picture:
    """Pictures in a grid of squares, each squeezed to a square as data sets do, (rows, cols) uint8."""
    across = max(len(row) for row in rows)
    sheet = np.zeros((len(rows) * (SIDE + 2), across * (SIDE + 2)), np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            y, x = i * (SIDE + 2), j * (SIDE + 2)
            sheet[y : y + SIDE, x : x + SIDE] = _square(picture)
    return sheet


def write_gallery(path: Path, phantoms: Sequence[Picture], beside: Sequence[Picture] = (), *, across: int = 10) -> None:
    """Write a contact sheet of phantoms, with rows of other films between.

    Parameters
    ----------
    path : Path
        Ends with one of `FORMATS`.
    phantoms, beside : sequence of ndarray of uint8
        At most `MOST` each.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    own, others = ([list(row[k : k + across]) for k in range(0, len(row), across)] for row in (phantoms, beside))
    rows = [row for pair in zip_longest(own, others) for row in pair if row]
    _, encoded = cv2.imencode(path.suffix.lower(), contact_sheet(rows))
    path.write_bytes(encoded.tobytes())
