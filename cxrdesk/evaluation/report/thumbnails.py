"""Small pictures of films, as the viewer first shows them."""

from __future__ import annotations

import base64
import io

import cv2
from PIL import Image

from cxrdesk.evaluation.datasets import Row
from cxrdesk.imaging.display import apply_table, display_table
from cxrdesk.imaging.reader import read_radiograph

SIDE = 200
"""Longest side in pixels."""
_QUALITY = 80


def thumbnail(row: Row) -> str:
    """The film as a ``data:`` address of a JPEG, without any text of the file.

    Raises
    ------
    FilmError
        If the film cannot be read any more.
    """
    film = read_radiograph(row.path)
    gray = apply_table(film.stored, display_table(film, film.voi))
    rows, cols = gray.shape
    scale = min(1.0, SIDE / max(rows, cols))
    size = (max(1, round(cols * scale)), max(1, round(rows * scale)))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, format="JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
