"""Films of a download as pictures of a data set."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.raster import read_gray
from cxrdesk.training.prepare.download import Member


def read_film(member: Member) -> NDArray[np.uint8]:
    """The gray levels of a film of 8 bits.

    Returns
    -------
    ndarray of uint8
        [row, col], larger is brighter.

    Raises
    ------
    FilmError
        As `Member.read` and `cxrdesk.imaging.raster.read_raster`.
    """
    name = member.parts[-1]
    stored = read_gray(io.BytesIO(member.read()), name)
    if stored.dtype != np.uint8:
        raise FilmError("unsupported-pixels", f"{name} has more than 8 bits, unlike what was published.")
    return stored.astype(np.uint8, copy=False)


def fitting(shape: tuple[int, int], longest: int) -> tuple[int, int]:
    """(rows, cols) of the same aspect ratio whose longer side is `longest`; never larger than `shape`."""
    scale = min(1.0, longest / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def as_jpeg(pixels: NDArray[np.uint8], shape: tuple[int, int], *, quality: int) -> bytes:
    """A gray JPEG of (rows, cols), resampled by bicubic convolution over all pixels that fall into one."""
    from PIL import Image

    image = Image.fromarray(pixels)
    if pixels.shape != shape:
        image = image.resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
    file = io.BytesIO()
    image.save(file, format="JPEG", quality=quality)
    return file.getvalue()


def as_mask_png(mask: NDArray[np.bool_]) -> bytes:
    """A 1-bit PNG."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(mask).convert("1").save(file, format="PNG")
    return file.getvalue()
