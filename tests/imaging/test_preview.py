"""The first look at JPEG 2000 films: the film's own places, nearly its gray levels, and marked as no film."""

from __future__ import annotations

from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID, HTJ2KLossless, JPEG2000Lossless, JPEGLSLossless

from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.preview import preview
from cxrdesk.imaging.reader import read_film

SHAPE = (1500, 1201)


def picture(bits: int, *, signed: bool = False) -> np.ndarray:
    rng = np.random.default_rng(3)
    small = rng.normal(0, 1, (12, 10)).astype(np.float32)
    smooth = cv2.resize(small, SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    values = (smooth - smooth.min()) / np.ptp(smooth) * ((1 << bits) - 1)
    if signed:
        return (values - (1 << (bits - 1))).astype(np.int16)
    return values.astype(np.uint8 if bits == 8 else np.uint16)


def encoded(syntax: UID, stored: np.ndarray, bits: int) -> bytes:
    if syntax == HTJ2KLossless:
        return imagecodecs.htj2k_encode(stored, reversible=True)
    depth = None if bits in (8, 16) else bits
    return imagecodecs.jpeg2k_encode(stored, codecformat="J2K", reversible=True, bitspersample=depth)


@pytest.fixture
def save(make_film, tmp_path: Path):
    def saved(syntax: UID, stored: np.ndarray, bits: int, frame: bytes) -> Path:
        ds = make_film(stored, bits_stored=bits, syntax=syntax, NumberOfFrames=1, PatientOrientation=["L", "F"])
        ds.PixelData = encapsulate([frame])
        ds["PixelData"].VR = "OB"
        ds.save_as(tmp_path / "film.dcm", enforce_file_format=True)
        return tmp_path / "film.dcm"

    return saved


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, HTJ2KLossless], ids=["JPEG 2000", "HTJ2K"])
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (12, False), (16, False), (16, True)])
def test_a_preview_looks_like_the_film(save, syntax: UID, bits: int, signed: bool) -> None:
    stored = picture(bits, signed=signed)
    path = save(syntax, stored, bits, encoded(syntax, stored, bits))
    first, film = preview(path), read_film(path)
    np.testing.assert_array_equal(film.radiograph.stored, stored)
    assert (first.presentation.reduced, film.presentation.reduced) == (1, 0)
    assert first.presentation.orientation == ("L", "F")
    assert first.shape == film.shape == SHAPE
    assert first.radiograph.stored.dtype == stored.dtype
    away = np.abs(first.radiograph.stored.astype(int) - stored)
    assert np.percentile(away, 99) < 0.01 * (1 << bits) + 1


def test_where_nothing_is_faster_it_is_the_film_itself(save, save_film) -> None:
    stored = picture(12)
    for path in (save_film(), save(JPEGLSLossless, stored, 12, imagecodecs.jpegls_encode(stored))):
        first = preview(path)
        assert first.presentation.reduced == 0
        np.testing.assert_array_equal(first.radiograph.stored, read_film(path).radiograph.stored)


def test_a_film_without_levels_is_decoded_whole(save) -> None:
    stored = picture(12)
    frame = imagecodecs.jpeg2k_encode(stored, codecformat="J2K", reversible=True, bitspersample=12, resolutions=1)
    assert preview(save(JPEG2000Lossless, stored, 12, frame)).presentation.reduced == 0


def test_a_broken_film_has_no_preview(save) -> None:
    stored = picture(12)
    frame = encoded(JPEG2000Lossless, stored, 12)
    with pytest.raises(FilmError) as caught:
        preview(save(JPEG2000Lossless, stored, 12, frame[:200] + b"\xff" * 3000))
    assert caught.value.code == "corrupt"


def test_real_films(real_dicom: Path) -> None:
    for path in sorted(real_dicom.glob("*J2KI*.dcm")):
        first, film = preview(path), read_film(path)
        assert first.presentation.reduced == 1
        away = np.abs(first.radiograph.stored.astype(int) - film.radiograph.stored)
        assert np.percentile(away, 95) < 0.02 * (1 << film.radiograph.bits_stored)
