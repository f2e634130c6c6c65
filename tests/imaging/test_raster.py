"""Pictures of films: PNG, JPEG and TIFF as Pillow and other programs write them."""

from __future__ import annotations

import io
import random
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.radiograph import Radiograph, View
from cxrdesk.imaging.raster import read_raster
from cxrdesk.imaging.reader import file_kind, read_radiograph

GRAY8 = np.add.outer(np.arange(120), np.arange(100)).astype(np.uint8)
GRAY16 = np.multiply.outer(np.arange(120), np.arange(100) * 5).astype(np.uint16)


def saved(folder: Path, name: str, values: np.ndarray | Image.Image, **options: object) -> Path:
    image = values if isinstance(values, Image.Image) else Image.fromarray(values)
    image.save(folder / name, **options)
    return folder / name


def code_of(path: Path) -> str:
    with pytest.raises(FilmError) as caught:
        read_radiograph(path)
    assert path.name in caught.value.text
    return caught.value.code


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
@pytest.mark.parametrize("values", [GRAY8, GRAY16], ids=["8 bits", "16 bits"])
def test_gray_pictures_keep_their_values(tmp_path: Path, name: str, values: np.ndarray) -> None:
    film = read_raster(saved(tmp_path, name, values))
    np.testing.assert_array_equal(film.stored, values)
    assert film.bits_stored == values.itemsize * 8
    assert (film.source, film.view, film.modality) == ("raster", View(), None)
    assert (film.patient_age_years, film.pixel_spacing_mm, film.spacing_source) == (None, None, "unknown")
    assert film.notes == ()


def test_8_bit_pictures_are_shown_as_they_are(tmp_path: Path) -> None:
    film = read_raster(saved(tmp_path, "a.png", GRAY8))
    np.testing.assert_array_equal(np.rint(255 * film.voi.apply(film.stored.astype(np.float32))), GRAY8)


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jpg"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_values_equal_opencv(tmp_path: Path, name: str, dtype: type) -> None:
    if name == "a.jpg" and dtype is np.uint16:
        pytest.skip("JPEG has 8 bits")
    values = np.random.default_rng(8).integers(0, np.iinfo(dtype).max, (40, 30)).astype(dtype)
    assert cv2.imwrite(str(tmp_path / name), values)
    expected = cv2.imread(str(tmp_path / name), cv2.IMREAD_UNCHANGED)
    np.testing.assert_allclose(read_raster(tmp_path / name).stored, expected, atol=1 if name == "a.jpg" else 0)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "CMYK"])
def test_gray_stored_in_channels_is_gray(tmp_path: Path, mode: str) -> None:
    name = "a.tif" if mode == "CMYK" else "a.png"
    film = read_raster(saved(tmp_path, name, Image.fromarray(GRAY8).convert(mode)))
    np.testing.assert_array_equal(film.stored, GRAY8)
    assert film.bits_stored == 8


def test_gray_jpeg_with_chroma_noise_is_gray(tmp_path: Path) -> None:
    noisy = np.stack(
        [GRAY8.astype(int) + noise for noise in np.random.default_rng(9).integers(-2, 3, (3, 120, 100))], -1
    )
    film = read_raster(saved(tmp_path, "a.jpg", np.clip(noisy, 0, 255).astype(np.uint8), quality=90))
    assert np.abs(film.stored.astype(int) - GRAY8)[5:-5, 5:-5].mean() < 3


def test_colour_is_refused(tmp_path: Path) -> None:
    rgb = np.random.default_rng(10).integers(0, 256, (50, 50, 3)).astype(np.uint8)
    assert code_of(saved(tmp_path, "photo.png", rgb)) == "colour"
    assert code_of(saved(tmp_path, "photo.jpg", rgb)) == "colour"
    gray_with_mark = np.repeat(GRAY8[..., None], 3, axis=2)
    gray_with_mark[:10, :10] = (255, 0, 0)
    assert code_of(saved(tmp_path, "marked.png", gray_with_mark)) == "colour"


def test_transparency_is_ignored_and_noted(tmp_path: Path) -> None:
    rgba = np.dstack([GRAY8, GRAY8, GRAY8, np.full_like(GRAY8, 7)])
    film = read_raster(saved(tmp_path, "a.png", rgba))
    np.testing.assert_array_equal(film.stored, GRAY8)
    assert any("transparency" in note for note in film.notes)


def test_orientation_tag_is_followed(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    film = read_raster(saved(tmp_path, "a.png", GRAY8, exif=exif))
    np.testing.assert_array_equal(film.stored, np.rot90(GRAY8, -1))
    assert film.notes


@pytest.mark.parametrize("values", [GRAY8, GRAY16], ids=["8 bits", "16 bits"])
def test_tiff_with_white_as_zero_is_turned(tmp_path: Path, values: np.ndarray) -> None:
    top = np.iinfo(values.dtype).max
    plain = saved(tmp_path, "a.tif", top - values).read_bytes()
    # Tag 262 (PhotometricInterpretation), SHORT, one value: BlackIsZero becomes WhiteIsZero.
    tag = struct.pack("<HHI", 262, 3, 1)
    assert plain.count(tag) == 1
    at = plain.index(tag) + len(tag)
    (tmp_path / "a.tif").write_bytes(plain[:at] + b"\0" + plain[at + 1 :])
    np.testing.assert_array_equal(read_raster(tmp_path / "a.tif").stored, values)


def test_pictures_that_are_no_film(tmp_path: Path) -> None:
    assert code_of(saved(tmp_path, "bits.png", Image.fromarray(GRAY8 > 100))) == "unsupported-pixels"
    assert code_of(saved(tmp_path, "float.tif", GRAY8.astype(np.float32))) == "unsupported-pixels"
    pages = [Image.fromarray(GRAY8)] * 2
    assert code_of(saved(tmp_path, "pages.tif", pages[0], save_all=True, append_images=pages[1:])) == "multi-frame"
    (tmp_path / "three.png").write_bytes(b"\x89PN")
    assert code_of(tmp_path / "three.png") == "not-a-film"
    (tmp_path / "empty.png").touch()
    assert code_of(tmp_path / "empty.png") == "truncated"
    (tmp_path / "head.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert code_of(tmp_path / "head.png") in ("not-an-image", "truncated")
    assert code_of(tmp_path) == "is-a-folder"
    saved(tmp_path, "a.gif", GRAY8)
    assert code_of(tmp_path / "a.gif") == "not-a-film"


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("width", "height"), [(20_000, 20_000), (11_000, 10_000), (2**31 - 1, 2**31 - 1)])
def test_decompression_bombs(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png_header(width, height))
    assert code_of(tmp_path / "bomb.png") in ("too-large", "truncated")


def test_content_decides_and_not_the_extension(tmp_path: Path) -> None:
    path = saved(tmp_path, "a.png", GRAY8).rename(tmp_path / "film.dcm")
    assert file_kind(path) == "raster"
    assert read_radiograph(path).source == "raster"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_byte_flips_end_in_a_radiograph_or_one_error(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    buffer = io.BytesIO()
    noise = np.random.default_rng(11).integers(0, 256, (40, 30)).astype(np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    whole, chance = buffer.getvalue(), random.Random(22)
    path = tmp_path / "flipped"
    films = 0
    for _ in range(200):
        flipped = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            flipped[chance.choice([chance.randrange(len(whole)), chance.randrange(100)])] = chance.randrange(256)
        path.write_bytes(flipped[: chance.choice([len(whole), chance.randrange(len(whole))])])
        films += isinstance(outcome(path), Radiograph)
    assert films > 0
    assert not caplog.records


def outcome(path: Path) -> Radiograph | FilmError:
    try:
        return read_radiograph(path)
    except FilmError as error:
        return error


def test_data_set_pictures_open(real_pictures: list[Path]) -> None:
    for path in real_pictures:
        film = read_raster(path)
        with Image.open(path) as image:
            np.testing.assert_array_equal(film.stored, np.asarray(image.convert("L")))


@pytest.fixture(scope="session")
def real_pictures(real_dicom: Path) -> list[Path]:
    folder = real_dicom.parent / "kermany"
    paths = sorted(folder.glob("*/*.jp*g"))[::200]
    if not paths:
        pytest.skip("CXRDESK_DATA holds no pictures")
    return paths
