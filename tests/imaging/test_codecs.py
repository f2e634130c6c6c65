"""Decoders: every syntax gives the values that were put in, and broken frames end in one error."""

from __future__ import annotations

import random

import cv2
import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder
from pydicom.uid import (
    HTJ2K,
    JPEG2000,
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
)

from cxrdesk.imaging.codecs import COMPRESSED, decode_frame, frame_header
from cxrdesk.imaging.dicom import radiograph_from_dataset
from cxrdesk.imaging.dicom_pixels import from_decoder
from cxrdesk.imaging.errors import FilmError

SHAPE = (96, 80)


def film(bits: int = 12) -> np.ndarray:
    """Smooth with a little noise, as films are."""
    rng = np.random.default_rng(3)
    smooth = cv2.GaussianBlur(rng.normal(0, 1, SHAPE).astype(np.float32), (0, 0), 4)
    smooth = (smooth - smooth.min()) / np.ptp(smooth)
    return np.clip(smooth * ((1 << bits) - 1) + rng.normal(0, 3, SHAPE), 0, (1 << bits) - 1).astype(
        np.uint8 if bits == 8 else np.uint16
    )


FRAMES: dict[str, tuple[UID, int, bytes, int]] = {
    "baseline": (JPEGBaseline8Bit, 8, imagecodecs.jpeg8_encode(film(8), level=95), 12),
    "extended, 12 bit": (JPEGExtended12Bit, 12, imagecodecs.jpeg8_encode(film(), level=98, bitspersample=12), 40),
    "JPEG-LS": (JPEGLSLossless, 12, imagecodecs.jpegls_encode(film()), 0),
    "JPEG-LS, 16 bit": (JPEGLSLossless, 16, imagecodecs.jpegls_encode(film(16)), 0),
    "JPEG-LS, near": (JPEGLSNearLossless, 12, imagecodecs.jpegls_encode(film(), level=3), 3),
    "JPEG 2000": (
        JPEG2000Lossless,
        12,
        imagecodecs.jpeg2k_encode(film(), codecformat="J2K", reversible=True, bitspersample=12),
        0,
    ),
    "JPEG 2000, lossy": (JPEG2000, 16, imagecodecs.jpeg2k_encode(film(16), 80, codecformat="J2K"), 60),
    "HTJ2K": (HTJ2KLossless, 16, imagecodecs.htj2k_encode(film(16), reversible=True), 0),
    "HTJ2K, RPCL": (HTJ2KLosslessRPCL, 8, imagecodecs.htj2k_encode(film(8), reversible=True), 0),
    "HTJ2K, lossy": (HTJ2K, 16, imagecodecs.htj2k_encode(film(16), 0.0001, reversible=False), 60),
} | {
    f"lossless, {bits} bit, predictor {predictor}": (
        JPEGLosslessSV1 if predictor == 1 else JPEGLossless,
        bits,
        imagecodecs.jpeg8_encode(film(bits), lossless=True, predictor=predictor, bitspersample=bits),
        0,
    )
    for bits in (8, 12, 16)
    for predictor in (1, 4, 7)
}


def test_all_compressed_syntaxes_are_tried_here_or_with_the_datasets() -> None:
    assert {syntax for syntax, *_ in FRAMES.values()} | {"1.2.840.10008.1.2.5"} == COMPRESSED  # and RLE


@pytest.mark.parametrize("name", FRAMES)
def test_values_are_those_that_were_put_in(name: str) -> None:
    syntax, bits, frame, tolerance = FRAMES[name]
    header = frame_header(frame)
    assert header is not None
    assert (header.rows, header.cols, header.components, header.signed) == (*SHAPE, 1, False)
    assert header.bits == bits or (syntax in (JPEGLSLossless, JPEGLSNearLossless) and header.bits >= bits)
    decoded = decode_frame(frame, syntax, shape=SHAPE, bits_allocated=8 if bits == 8 else 16)
    assert np.abs(decoded.astype(int) - film(bits)).max() <= tolerance


@pytest.mark.parametrize("name", [name for name in FRAMES if "12 bit" not in name or "lossless" in name])
def test_values_are_those_of_pydicoms_own_decoders(name: str, make_film) -> None:
    syntax = FRAMES[name][0]
    ds = compressed(make_film, name)
    expected, _ = get_decoder(syntax).as_array(ds, raw=True)
    # Lossy ones may round otherwise: T.81 leaves the last step of the inverse transform to the decoder.
    tolerance = 2 if "baseline" in name or "lossy" in name else 0
    stored = radiograph_from_dataset(ds, name="x").stored
    assert np.abs(stored.astype(int) - expected).max() <= tolerance


def compressed(make_film, name: str, frame: bytes | None = None) -> Dataset:
    syntax, bits, whole, _ = FRAMES[name]
    ds = make_film(film(bits), bits_stored=bits, syntax=syntax, NumberOfFrames=1)
    ds.PixelData = encapsulate([whole if frame is None else frame])
    ds["PixelData"].VR = "OB"
    return ds


@pytest.mark.parametrize("name", ["JPEG 2000", "JPEG-LS", "lossless, 12 bit, predictor 1", "HTJ2K", "extended, 12 bit"])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.999])
def test_a_frame_that_ends_early_is_refused_and_not_filled_up(name: str, share: float, make_film) -> None:
    whole = FRAMES[name][2]
    ds = compressed(make_film, name, whole[: int(len(whole) * share)])
    with pytest.raises(FilmError) as caught:
        radiograph_from_dataset(ds, name="x")
    assert caught.value.code == "corrupt"


def test_padding_after_the_end_of_a_frame_is_allowed(make_film) -> None:
    for name in ("JPEG 2000", "lossless, 12 bit, predictor 1"):
        ds = compressed(make_film, name, FRAMES[name][2] + bytes(7))
        np.testing.assert_array_equal(radiograph_from_dataset(ds, name="x").stored, film())


@pytest.mark.parametrize("name", ["JPEG 2000", "JPEG-LS", "baseline"])
def test_a_frame_with_more_components_than_the_header_is_never_decoded(name: str, make_film, monkeypatch) -> None:
    whole = bytearray(FRAMES[name][2])
    if name == "JPEG 2000":
        whole[whole.find(b"\xff\x51") + 39] = 200
    else:
        sof = whole.find(b"\xff\xf7" if name == "JPEG-LS" else b"\xff\xc0")
        whole[sof + 9] = 200
    monkeypatch.setattr("cxrdesk.imaging.dicom_pixels.decode_frame", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(FilmError) as caught:
        radiograph_from_dataset(compressed(make_film, name, bytes(whole)), name="x")
    assert caught.value.code == "corrupt"


@pytest.mark.parametrize("name", ["JPEG 2000", "JPEG-LS", "HTJ2K", "lossless, 16 bit, predictor 1", "extended, 12 bit"])
def test_byte_flips_end_in_a_film_or_one_error(name: str, make_film, capfd, caplog) -> None:
    whole, chance, outcomes = FRAMES[name][2], random.Random(22), set()
    for _ in range(150):
        flipped = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            flipped[chance.randrange(chance.choice([100, len(whole)]))] = chance.randrange(256)
        try:
            found = radiograph_from_dataset(compressed(make_film, name, bytes(flipped)), name="x")
            assert found.shape == SHAPE
            outcomes.add("film")
        except FilmError as error:
            outcomes.add(error.code)
    assert outcomes <= {"film", "corrupt"}
    assert not caplog.records
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("raw", "bits", "allocated", "signed", "expected"),
    [
        (np.uint16([0, 2047, 2048, 4095]), 12, 16, True, [0, 2047, -2048, -1]),
        (np.uint16([0, 0x7FFF, 0x8000, 0xFFFF]), 16, 16, True, [0, 32767, -32768, -1]),
        (np.int16([-1, 5, -2048]), 12, 16, False, [4095, 5, 2048]),
        (np.uint8([0, 127, 128, 255]), 8, 8, True, [0, 127, -128, -1]),
        (np.int8([-1, 5]), 8, 8, False, [255, 5]),
        (np.uint8([0, 255]), 8, 16, False, [0, 255]),
        (np.int16([-7, 7]), 16, 16, True, [-7, 7]),
    ],
)
def test_the_dataset_says_how_to_read_the_sign(raw, bits: int, allocated: int, signed: bool, expected) -> None:
    found = from_decoder(raw.reshape(1, -1), bits=bits, allocated=allocated, signed=signed)
    assert found.tolist() == [expected]
    assert found.dtype == (np.int16 if signed else np.uint8 if allocated == 8 else np.uint16)


@pytest.mark.parametrize("level", [b"", b"\xff\x4f\xff\x51\x00\x29", b"\xff\xd8\xff\xc0\x00"])
def test_headers_that_end_early(level: bytes, make_film) -> None:
    with pytest.raises(FilmError) as caught:
        radiograph_from_dataset(compressed(make_film, "JPEG 2000", level + b"\0"), name="x")
    assert caught.value.code == "corrupt"


def test_resolution_levels_are_counted() -> None:
    for resolutions in (1, 2, 4):
        frame = imagecodecs.jpeg2k_encode(film(), codecformat="J2K", reversible=True, resolutions=resolutions)
        header = frame_header(frame)
        assert header is not None
        assert header.levels == resolutions - 1
