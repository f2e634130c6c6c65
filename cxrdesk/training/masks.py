"""Outlines drawn by annotators."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.evaluation.datasets import Row
from cxrdesk.imaging.errors import FilmError


def drawn_mask(row: Row, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The drawn mask of a film, 0 or 255, on a film of `shape` (rows, cols).

    Raises
    ------
    FilmError
        If the file cannot be read as a picture.
    """
    mask: Any = cv2.imread(str(row.mask), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise FilmError("bad-mask", f"the lung mask {row.mask} cannot be read as a picture")
    return np.asarray(cv2.resize(mask, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST), np.uint8)
