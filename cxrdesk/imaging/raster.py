"""PNG, JPEG and TIFF pictures of films to radiographs."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.dicom_checks import MOST_PIXELS
from cxrdesk.imaging.display import automatic_voi
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.files import open_file
from cxrdesk.imaging.notices import collect_warnings, without_values
from cxrdesk.imaging.radiograph import ModalityLut, Radiograph, StoredPixels
from cxrdesk.imaging.voi import VoiFunction, Window

if TYPE_CHECKING:  # Pillow is imported with the first picture: DICOM files do without it
    from PIL import Image

FORMATS = ("PNG", "JPEG", "TIFF")
PHANTOM_TEXT = ("cxrdesk", "simulated film")
"""Keyword and text of the tEXt chunk (PNG 11.3.3.2) that marks a film which a simulator computed."""

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
_BROKEN = (
    OSError,
    ValueError,
    TypeError,
    SyntaxError,
    LookupError,
    AttributeError,
    EOFError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""What Pillow raises for files that are broken."""

_STRIP_ROWS = 256
_GRAY_CHANNEL_STEPS = 12
"""Channels of a gray film stored as JPEG RGB differ by this at most, but for one pixel in a thousand."""


def looks_like_raster(head: bytes) -> bool:
    """Whether a file that starts with `head` (8 bytes or more) is PNG, JPEG or TIFF."""
    return head.startswith(_SIGNATURES)


def check_raster(path: Path | str) -> tuple[int, int]:
    """Look at a picture's header only.

    Returns
    -------
    tuple of int
        (rows, cols) as stored in the file.

    Raises
    ------
    FilmError
        As `read_raster`, as far as the header shows it.
    """
    path = Path(path)
    with open_file(path) as file, collect_warnings():
        image = _open(cast(BinaryIO, file), path.name)
        return image.height, image.width


def read_raster(path: Path | str) -> Radiograph:
    """Read a PNG, JPEG or TIFF picture of a film.

    Returns
    -------
    Radiograph
        Spacing, age, sex, view and modality unknown; larger is brighter unless a TIFF says WhiteIsZero, which is
        turned while reading. The default window is the whole range of 8-bit pictures and automatic for deeper ones.
        ``source`` is ``"phantom"`` for a PNG that a simulator marked as its own.

    Raises
    ------
    FilmError
        ``missing-file``, ``is-a-folder``, ``unreadable``, ``not-an-image``, ``truncated``, ``too-large``, ``colour``,
        ``multi-frame`` or ``unsupported-pixels``.
    """
    path = Path(path)
    notes: list[str] = []
    with open_file(path) as file, collect_warnings() as warned:
        image = _open(cast(BinaryIO, file), path.name)
        keyword, text = PHANTOM_TEXT
        simulated = image.format == "PNG" and image.info.get(keyword) == text
        stored = _gray(image, path.name, notes)
        if image.format == "JPEG":
            notes.append("the picture is a JPEG, compressed with loss: fine detail may be missing")
        notes += without_values(warned)
    if stored.dtype == np.uint8:
        # PS3.3 C.11.2.1.2: center 128 and width 256 leave 0..255 as they are.
        voi = Window(center=128.0, width=256.0, function=VoiFunction.LINEAR)
    else:
        voi = automatic_voi(stored, ModalityLut())
    return Radiograph(
        stored=stored,
        bits_stored=8 * stored.itemsize,
        voi=voi,
        source="phantom" if simulated else "raster",
        notes=tuple(dict.fromkeys(notes)),
    )


def read_gray(file: BinaryIO, name: str) -> StoredPixels:
    """Gray levels of an open PNG, JPEG or TIFF, larger is brighter.

    Raises
    ------
    FilmError
        As `read_raster`, as far as it does not concern opening the file.
    """
    with collect_warnings():
        return _gray(_open(file, name), name, [])


def _open(file: BinaryIO, name: str) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    try:
        image = Image.open(file, formats=FORMATS)
        pages = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
    except UnidentifiedImageError as error:
        raise FilmError("not-an-image", f"{name} is not a PNG, JPEG or TIFF picture; choose a film.") from error
    except Image.DecompressionBombError as error:
        raise FilmError("too-large", f"{name} claims more pixels than any film has; export it again.") from error
    except _BROKEN as error:
        raise FilmError("truncated", f"{name} is broken or ends early; copy or export it again.") from error
    if image.width * image.height > MOST_PIXELS:
        raise FilmError("too-large", f"{name} claims {image.height} x {image.width} pixels, too many for a film.")
    if pages > 1:
        raise FilmError("multi-frame", f"{name} has several pages; export the page with the film alone.")
    return image


def _gray(image: Image.Image, name: str, notes: list[str]) -> StoredPixels:
    from PIL import ExifTags, Image, ImageOps

    try:
        if not image.mode.startswith("I") and any("16" in str(tile.args) for tile in getattr(image, "tile", [])):
            notes.append("a picture of 16-bit colours was read with 8 bits")
        image.load()
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        if orientation != 1:
            notes.append("the picture was turned as its orientation tag says")
            image = ImageOps.exif_transpose(image)
        return _stored(image, name, notes)
    except FilmError:
        raise
    except Image.DecompressionBombError as error:
        raise FilmError("too-large", f"{name} claims more pixels than any film has; export it again.") from error
    except _BROKEN as error:
        raise FilmError("truncated", f"{name} is broken or ends early; copy or export it again.") from error


def _stored(image: Image.Image, name: str, notes: list[str]) -> StoredPixels:
    mode = image.mode
    if mode == "1":
        raise FilmError("unsupported-pixels", f"{name} has only black and white; export the film with gray levels.")
    if mode == "L":
        return _values(image, np.uint8)
    if mode in ("I;16", "I;16L", "I;16B", "I;16N"):
        values16 = _values(image, np.uint16)
        return np.subtract(np.uint16(65535), values16, out=values16) if _white_is_zero(image) else values16
    if mode == "I":
        # Pillow before 11 read 16-bit PNG as 32-bit.
        low, high = cast(tuple[float, float], image.getextrema())
        if low >= 0 and high <= 65535:
            return _values(image, np.uint16)
    if mode in ("LA", "La", "RGBA", "RGBa", "PA", "P", "RGB", "CMYK", "YCbCr", "LAB", "HSV"):
        return _from_channels(image, name, notes)
    raise FilmError("unsupported-pixels", f"{name} has no pixels of 8 or 16 bits; export it with either.")


def _values(image: Image.Image, dtype: type[np.uint8] | type[np.uint16]) -> StoredPixels:
    """Values of a gray picture, taken over strip by strip: Pillow's own way makes three copies of the whole at once."""
    values = np.empty((image.height, image.width), dtype)
    for top in range(0, image.height, _STRIP_ROWS):
        bottom = min(top + _STRIP_ROWS, image.height)
        values[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return values  # type: ignore[return-value]  # of either of the two


def _from_channels(image: Image.Image, name: str, notes: list[str]) -> StoredPixels:
    from PIL import Image

    if image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        if rgba[..., 3].min() < 255:
            notes.append("transparency was ignored")
        channels = rgba[..., :3]
    else:
        channels = np.asarray(image.convert("RGB"))
    if not _is_gray(channels):
        raise FilmError("colour", f"{name} is a colour picture, not a radiograph; choose the original film.")
    # The luma: what a JPEG stores, and the channels themselves where they are equal (ITU-R BT.601).
    return _values(Image.fromarray(channels).convert("L"), np.uint8)


def _white_is_zero(image: Image.Image) -> bool:
    """Whether a TIFF's zero is white (TIFF 6.0, PhotometricInterpretation); Pillow turns only 8-bit ones itself."""
    tags = getattr(image, "tag_v2", None)
    return tags is not None and tags.get(262) == 0


def _is_gray(channels: NDArray[np.uint8]) -> bool:
    spread = channels.max(axis=2).astype(np.int16) - channels.min(axis=2)
    return bool((spread > _GRAY_CHANNEL_STEPS).mean() <= 1e-3)
