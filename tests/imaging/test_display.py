"""What is on the screen: against pydicom's pipeline and against dcmtk's pictures of the same files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut, apply_voi_lut
from pydicom.sequence import Sequence

from cxrdesk.imaging.dicom import radiograph_from_dataset
from cxrdesk.imaging.display import (
    apply_table,
    as_window,
    automatic_voi,
    display_table,
    film_values,
    full_range,
    percentiles,
    shows_film,
    window_limits,
)
from cxrdesk.imaging.radiograph import ModalityLut, Radiograph
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.imaging.voi import VoiFunction, VoiLut, Window

RAMP = np.tile(np.arange(4096, dtype=np.uint16), (2, 1))
WINDOW = {"WindowCenter": 1500, "WindowWidth": 2000}


def lut(keyword: str, entries: np.ndarray, first: int, bits: int, *, as_bytes: bool = False) -> dict[str, object]:
    item = Dataset()
    item.LUTDescriptor = [len(entries) % 65536, first, bits]
    item["LUTDescriptor"].VR = "US" if first >= 0 else "SS"
    item.LUTData = entries.astype("<u2").tobytes() if as_bytes else [int(entry) for entry in entries]
    item["LUTData"].VR = "OW" if as_bytes else "US"
    if keyword == "ModalityLUTSequence":
        item.ModalityLUTType = "US"
    return {keyword: Sequence([item])}


def shown(film: Radiograph) -> np.ndarray:
    return apply_table(film.stored, display_table(film, film.voi))


def curve(bits: int, count: int) -> np.ndarray:
    return np.rint((2**bits - 1) * np.linspace(0, 1, count) ** 2).astype(np.uint16)


PIPELINES: dict[str, dict[str, object]] = {
    "window": WINDOW,
    "two windows": {"WindowCenter": [1500, 100], "WindowWidth": [2000, 50]},
    "rescale": {"RescaleSlope": "0.5", "RescaleIntercept": "-700", "WindowCenter": 300, "WindowWidth": 900},
    "falling": {"RescaleSlope": "-1", "RescaleIntercept": "4095", **WINDOW},
    "sigmoid": {**WINDOW, "VOILUTFunction": "SIGMOID"},
    "exact": {**WINDOW, "VOILUTFunction": "LINEAR_EXACT"},
    "voi lut": lut("VOILUTSequence", curve(12, 3000), 500, 12),
    "voi lut as bytes": lut("VOILUTSequence", curve(16, 4096), 0, 16, as_bytes=True),
    "voi lut, then a window": lut("VOILUTSequence", curve(12, 3000), 500, 12) | WINDOW,
    "modality lut": lut("ModalityLUTSequence", curve(16, 4096), 0, 16) | {"WindowCenter": 30000, "WindowWidth": 60000},
}


@pytest.mark.parametrize("inverted", [False, True], ids=["MONOCHROME2", "MONOCHROME1"])
@pytest.mark.parametrize("name", [n for n in PIPELINES if n != "falling"])  # pydicom's range is reversed there
def test_equals_pydicoms_pipeline(make_film, name: str, inverted: bool) -> None:
    photometric = "MONOCHROME1" if inverted else "MONOCHROME2"
    ds = make_film(RAMP, PhotometricInterpretation=photometric, **PIPELINES[name])
    film = radiograph_from_dataset(ds, name="x")
    values = apply_modality_lut(RAMP, ds)
    np.testing.assert_allclose(film.modality_lut.apply(film.stored), values, rtol=1e-6)
    levels = apply_voi_lut(values, ds).astype(np.float64)
    if "voi lut" in name:
        levels /= 2 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1
    elif name == "modality lut":
        levels /= 2**16 - 1
    else:
        # pydicom's output spans the modality values of the stored range.
        low, high = sorted(apply_modality_lut(np.array([0, 4095]), ds).astype(float))
        levels = (levels - low) / (high - low)
    expected = np.rint(255 * (1 - levels if inverted else levels))
    assert np.abs(shown(film).astype(int) - expected).max() <= 1


@pytest.mark.skipif(shutil.which("dcm2pnm") is None, reason="dcmtk's dcm2pnm is not installed")
@pytest.mark.parametrize("shape", [None, "IDENTITY", "INVERSE"])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("name", [n for n in PIPELINES if n not in ("voi lut, then a window", "exact")])
def test_equals_dcmtks_picture(make_film, tmp_path: Path, name: str, photometric: str, shape: str | None) -> None:
    extra = {} if shape is None else {"PresentationLUTShape": shape}
    ds = make_film(RAMP, PhotometricInterpretation=photometric, **PIPELINES[name], **extra)
    ds.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    assert_like_dcmtk(tmp_path / "film.dcm", tmp_path, lut="voi lut" in name)


@pytest.mark.skipif(shutil.which("dcm2pnm") is None, reason="dcmtk's dcm2pnm is not installed")
@pytest.mark.parametrize("high_bit", [11, 13])
def test_high_bits_equal_dcmtk(make_film, tmp_path: Path, high_bit: int) -> None:
    raw = (np.random.default_rng(5).integers(0, 65536, (30, 40))).astype(np.uint16)
    ds = make_film(raw, HighBit=high_bit, **WINDOW)
    ds.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    assert_like_dcmtk(tmp_path / "film.dcm", tmp_path)


@pytest.mark.skipif(shutil.which("dcm2pnm") is None, reason="dcmtk's dcm2pnm is not installed")
def test_real_film_equals_dcmtk(real_dicom: Path, tmp_path: Path) -> None:
    assert_like_dcmtk(real_dicom / "CR-MONO1-10-chest.dcm", tmp_path)


def assert_like_dcmtk(path: Path, folder: Path, *, lut: bool = False) -> None:
    picture = folder / "picture.pgm"
    voi = ["+Wl" if lut else "+Wi", "1"]
    subprocess.run(["dcm2pnm", *voi, "--write-raw-pnm", path, picture], check=True, capture_output=True, timeout=60)
    with Image.open(picture) as image:
        expected = np.asarray(image).astype(int)
    assert np.abs(shown(read_radiograph(path)).astype(int) - expected).max() <= 1


def test_polarity_is_turned_once_and_after_the_window(make_film) -> None:
    films = [
        radiograph_from_dataset(make_film(RAMP, PhotometricInterpretation=photometric, **WINDOW, **extra), name="x")
        for photometric, extra in (
            ("MONOCHROME1", {}),
            ("MONOCHROME1", {"PresentationLUTShape": "INVERSE"}),
            ("MONOCHROME2", {}),
            ("MONOCHROME2", {"PresentationLUTShape": "IDENTITY"}),
        )
    ]
    dark, dark_twice, bright, bright_twice = (shown(film) for film in films)
    np.testing.assert_array_equal(dark, dark_twice)
    np.testing.assert_array_equal(bright, bright_twice)
    np.testing.assert_array_equal(dark, 255 - bright)
    assert bright[0, 400] == 0  # below 1500 - 1000
    assert dark[0, 400] == 255


@pytest.mark.parametrize("rescale", [{}, {"RescaleSlope": "-0.25", "RescaleIntercept": "90"}])
def test_without_a_voi_the_whole_range_is_shown(make_film, rescale: dict[str, object]) -> None:
    film = radiograph_from_dataset(make_film(RAMP, **WINDOW, **rescale), name="x")
    table = display_table(film, full_range(film))[:4096]
    ramp = np.arange(4096) / 4095 * 255
    assert np.abs(table - (ramp[::-1] if rescale else ramp)).max() <= 0.51


def test_readers_inversion_comes_on_top(make_film) -> None:
    film = radiograph_from_dataset(make_film(RAMP, PhotometricInterpretation="MONOCHROME1", **WINDOW), name="x")
    table = display_table(film, film.voi, inverted=True)
    np.testing.assert_array_equal(table[:4096], 255 - display_table(film, film.voi)[:4096])


def test_padding_is_black_in_either_polarity(make_film) -> None:
    stored = np.full((8, 8), 2000, np.int16)
    stored[0] = -2000
    for photometric in ("MONOCHROME1", "MONOCHROME2"):
        ds = make_film(stored, PhotometricInterpretation=photometric, WindowCenter=2000, WindowWidth=500)
        ds.add_new("PixelPaddingValue", "US", 63536)  # -2000 written with the wrong sign
        film = radiograph_from_dataset(ds, name="x")
        assert film.padding == (-2000, -2000)
        assert not shown(film)[0].any()
        assert shown(film)[1:].all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
@given(data=st.data())
def test_table_takes_every_stored_value(dtype: type, data: st.DataObject) -> None:
    stored = data.draw(arrays(dtype, (5, 7)))
    film = Radiograph(stored=stored, bits_stored=8 * stored.itemsize, voi=Window(center=90, width=300))
    expected = np.rint(255 * film.voi.apply(film.modality_lut.apply(stored)))
    np.testing.assert_array_equal(shown(film), expected)
    part = apply_table(stored[::2, 1:6:3], display_table(film, film.voi))  # a view, not contiguous
    np.testing.assert_array_equal(part, expected[::2, 1:6:3])


def chest(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[0:300, 0:240] / 300
    return (1500 + 800 * np.sin(5 * x) * np.cos(4 * y) + rng.normal(0, 40, (300, 240))).astype(np.uint16)


def test_automatic_window_spans_the_film_and_not_its_border() -> None:
    film = chest(np.random.default_rng(6))
    plain = automatic_voi(film, ModalityLut())
    low, high = plain.center - plain.width / 2, plain.center + plain.width / 2
    assert (film < low).mean() == pytest.approx(0.01, abs=0.005)
    assert (film > high).mean() == pytest.approx(0.01, abs=0.005)
    framed = np.full((420, 340), 4095, np.uint16)
    framed[:60] = 0
    framed[60:360, 50:290] = film
    framed[370:, 100:140] = 60000
    inside = automatic_voi(framed, ModalityLut(), padding=(60000, 65535))
    assert inside.center == pytest.approx(plain.center, rel=0.05)
    assert inside.width == pytest.approx(plain.width, rel=0.1)


@pytest.mark.parametrize("values", [np.zeros((4, 4)), np.full((1, 1), 7), np.eye(5)])
def test_automatic_window_of_films_with_nothing_on_them(values: np.ndarray) -> None:
    assert automatic_voi(values.astype(np.uint16), ModalityLut()).width > 0
    assert automatic_voi(values.astype(np.uint16), ModalityLut(), padding=(0, 65535)).width > 0


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"WindowCenter": 60000, "WindowWidth": 100},
        {"WindowCenter": 1500, "WindowWidth": 5_000_000},
        {"WindowCenter": 1500, "WindowWidth": 0},
        {"WindowCenter": 1500},
        lut("VOILUTSequence", np.full(10, 5), 0, 12),
    ],
)
def test_files_without_a_window_that_shows_the_film(make_film, bad: dict[str, object]) -> None:
    film = radiograph_from_dataset(make_film(chest(np.random.default_rng(7)), **bad), name="x")
    assert isinstance(film.voi, Window)
    assert film.voi.explanation == "automatic"
    assert np.percentile(shown(film), 95) - np.percentile(shown(film), 5) > 150
    assert bool(film.notes) == ((len(bad) > 0 and "WindowWidth" in bad) or "VOILUTSequence" in bad)


def test_the_first_usable_window_is_taken(make_film) -> None:
    ds = make_film(
        chest(np.random.default_rng(7)),
        WindowCenter=[60000, 1600],
        WindowWidth=[10, 1500],
        WindowCenterWidthExplanation=["WRONG", "LUNG"],
    )
    assert radiograph_from_dataset(ds, name="x").voi == Window(center=1600, width=1500, explanation="LUNG")


def test_real_films_keep_their_windows(real_dicom: Path) -> None:
    for path in sorted(real_dicom.glob("*.dcm")):
        film = read_radiograph(path)
        assert isinstance(film.voi, Window)
        assert film.voi.explanation == ""
        assert shows_film(film.voi, film_values(film.stored, film.modality_lut))


def test_limits_follow_the_values_and_not_the_bits() -> None:
    stored = (np.arange(10_000) % 300 + 20_000).astype(np.uint16).reshape(100, 100)
    film = Radiograph(stored=stored, bits_stored=16, voi=Window(center=20_150, width=300))
    limits = window_limits(film)
    assert limits.center[0] < 20_000 < 20_299 < limits.center[1]
    assert limits.width[1] < 5_000  # of 65535
    assert limits.clamp(film.voi) == film.voi
    assert limits.clamp(Window(center=0, width=60_000)) == Window(center=limits.center[0], width=limits.width[1])


def test_windowing_by_hand_starts_where_the_lut_is(make_film) -> None:
    table = np.float32(1 / (1 + np.exp(-(np.arange(4096) - 2000) / 200)))
    film = Radiograph(stored=RAMP.copy(), bits_stored=12, voi=VoiLut(table=table, first=0))
    window = as_window(film, film.voi)
    assert window.function is VoiFunction.LINEAR_EXACT
    assert window.center == pytest.approx(2000, abs=30)
    assert np.abs(window.apply(np.arange(4096.0)) - table).mean() < 0.05
    assert as_window(film, window) is window


@pytest.mark.parametrize("size", [1, 2, 3, 704, 100_000])
@pytest.mark.parametrize("shares", [(1.0, 99.0), (95.0, 5.0), (0.0, 50.0, 100.0)])
def test_percentiles_are_numpys(size, shares):
    values = np.random.default_rng(size).normal(1000, 300, size).astype(np.float32)
    np.testing.assert_allclose(percentiles(values, *shares), np.percentile(values, shares), rtol=1e-6)
