"""A contact sheet: rows of thumbnails."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.phantom.batch import Picture
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.imaging.voi import Window

_SUFFIXES = (".dcm", ".png", ".jpg", ".jpeg", ".tif", ".tiff")


def real_films(folder: Path, count: int, seed: int = 0) -> list[Picture]:
    """`count` films below a folder, drawn by seed, as uint8 (rows, cols); fewer where there are fewer.

    Raises
    ------
    UserError
        ``no-data`` where the folder holds no film.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    if not files:
        raise UserError("no-data", f"{folder} holds no film to draw beside the phantoms.")
    chosen = np.random.default_rng(seed).permutation(len(files))[:count]
    return [_shown(files[int(index)]) for index in chosen]


def _shown(path: Path) -> Picture:
    film = read_radiograph(path)
    low, high = film.value_range
    if film.source == "dicom" and isinstance(film.voi, Window) and not film.inverted:
        low, high = film.voi.center - film.voi.width / 2, film.voi.center + film.voi.width / 2
    return np.asarray(np.rint(np.clip((film.pixels - low) / (high - low), 0, 1) * 255), np.uint8)


def contact_sheet(rows: Sequence[Sequence[Picture]], side: int = 160) -> Picture:
    """Pictures in a grid of squares, each squeezed to a square as data sets do, (rows, cols) uint8."""
    across = max(len(row) for row in rows)
    sheet = np.zeros((len(rows) * (side + 2), across * (side + 2)), np.uint8)
    for i, row in enumerate(rows):
        for j, picture in enumerate(row):
            small = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
            sheet[i * (side + 2) : i * (side + 2) + side, j * (side + 2) : j * (side + 2) + side] = small
    return sheet


def write_gallery(
    path: Path, phantoms: Sequence[Picture], beside: Path | None = None, *, across: int = 10, seed: int = 0
) -> None:
    """Write a contact sheet of phantoms, with rows of real films between where a folder is given.

    Raises
    ------
    UserError
        ``usage`` for a file name that names no picture format; ``no-data`` as `real_films`.
    """
    rows = [list(phantoms[start : start + across]) for start in range(0, len(phantoms), across)]
    if beside is not None:
        real = real_films(beside, len(phantoms), seed)
        others = [real[start : start + across] for start in range(0, len(real), across)]
        rows = [row for pair in zip(rows, others, strict=False) for row in pair]
    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UserError("usage", f"The gallery {path.name} must be a .png or .jpg file.")
    _, encoded = cv2.imencode(path.suffix.lower(), contact_sheet(rows))
    path.write_bytes(encoded.tobytes())
