"""The first look at JPEG 2000 films: the film's own places, nearly its gray levels, and marked as no film."""

from __future__ import annotations

import random
import struct
from contextlib import suppress
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import UID, HTJ2KLossless, JPEG2000Lossless, JPEGLSLossless

from cxrdesk.imaging.codecs import frame_header
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.jpeg2000 import cut_to
from cxrdesk.imaging.preview import _reduced_whole, preview
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


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("syntax", [JPEG2000Lossless, HTJ2KLossless], ids=["JPEG 2000", "HTJ2K"])
@pytest.mark.parametrize(("bits", "signed"), [(8, False), (12, False), (16, False), (16, True)])
def test_a_cut_codestream_holds_what_openjpeg_makes_of_the_whole(
    syntax: UID, bits: int, signed: bool, levels: int
) -> None:
    # Of other sizes Pillow cannot make the smaller ones.
    stored = np.ascontiguousarray(picture(bits, signed=signed)[:1496, :1200])
    frame = encoded(syntax, stored, bits)
    header = frame_header(frame)
    assert header is not None
    cut = cut_to(frame, levels, share=0.9**levels)
    assert cut is not None
    assert len(cut) < len(frame)
    theirs = _reduced_whole(frame, levels, header.bits, signed)
    np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(cut), theirs)
    assert theirs.shape == (1496 >> levels, 1200 >> levels)


@pytest.mark.parametrize("levels", [1, 2, 3])
@pytest.mark.parametrize("syntax", [JPEG2000Lossless, HTJ2KLossless], ids=["JPEG 2000", "HTJ2K"])
def test_films_of_odd_sizes_are_cut_too(syntax: UID, levels: int) -> None:
    stored = np.ascontiguousarray(picture(12)[:1499, :1197])
    cut = cut_to(encoded(syntax, stored, 12), levels, share=0.9**levels)
    assert cut is not None
    small = imagecodecs.jpeg2k_decode(cut)
    assert small.shape == (-(-1499 >> levels), -(-1197 >> levels))
    # T.800 B.5: its pixels are those of the film at multiples of 2**levels, filtered.
    away = np.abs(small.astype(int) - stored[:: 1 << levels, :: 1 << levels])
    assert np.percentile(away, 99) < 20


def test_lossy_frames_are_cut_too() -> None:
    stored = np.ascontiguousarray(picture(12)[:1496, :1200])
    frame = imagecodecs.jpeg2k_encode(stored, codecformat="J2K", level=45, bitspersample=12)
    cut = cut_to(frame, 2, share=0.95)
    assert cut is not None
    np.testing.assert_array_equal(imagecodecs.jpeg2k_decode(cut), _reduced_whole(frame, 2, 12, False))


def test_what_cannot_be_cut_is_reduced_from_the_whole(save) -> None:
    stored = picture(12)
    boxed = imagecodecs.jpeg2k_encode(stored, codecformat="JP2", reversible=True, bitspersample=12)
    colours = imagecodecs.jpeg2k_encode(np.dstack([stored >> 4] * 3).astype(np.uint8), codecformat="J2K")
    plain = encoded(JPEG2000Lossless, stored, 12)
    order = plain.find(b"\xff\x52") + 5
    by_place = plain[:order] + b"\x03" + plain[order + 1 :]  # PCRL
    size = plain.find(b"\xff\x51")
    tiled = plain[: size + 22] + struct.pack(">II", 512, 512) + plain[size + 30 :]
    for frame in (tiled, colours, by_place):
        assert cut_to(frame, 1, share=0.9) is None
    assert cut_to(plain, 6, share=0.9) is None
    assert cut_to(b"\xff\xd8", 1, share=0.9) is None
    assert preview(save(JPEG2000Lossless, stored, 12, boxed)).presentation.reduced == 1


def test_where_nothing_can_be_left_out_the_film_itself_is_the_first_look(save, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("broken data stream")

    stored = picture(12)
    path = save(JPEG2000Lossless, stored, 12, encoded(JPEG2000Lossless, stored, 12))
    monkeypatch.setattr("cxrdesk.imaging.preview._reduced", broken)
    first = preview(path)
    assert first.presentation.reduced == 0
    np.testing.assert_array_equal(first.radiograph.stored, stored)


def test_a_cut_that_took_too_much_is_made_up_for(save, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = picture(12)
    path = save(HTJ2KLossless, stored, 12, encoded(HTJ2KLossless, stored, 12))
    usual = preview(path).radiograph.stored
    monkeypatch.setattr("cxrdesk.imaging.preview._SHARE_OF_LEVEL", 0.001)
    np.testing.assert_array_equal(preview(path).radiograph.stored, usual)


def test_broken_headers_are_cut_to_something_or_refused() -> None:
    frame, chance = encoded(HTJ2KLossless, picture(12), 12), random.Random(3)
    for _ in range(2000):
        broken = bytearray(frame)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(160)] = chance.randrange(256)
        with suppress(struct.error):
            cut_to(bytes(broken), chance.randint(1, 3), share=0.5)
