"""What opens, what is refused and why: files bundled with pydicom, real films, and films made for the purpose."""

from __future__ import annotations

import os
import random
import re
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import generate_frames
from pydicom.uid import (
    MPEG2MPML,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from cxrdesk.imaging.codecs import frame_header
from cxrdesk.imaging.dicom import PHANTOM_MANUFACTURER, radiograph_from_dataset, read_dataset
from cxrdesk.imaging.dicom_checks import MOST_PIXELS
from cxrdesk.imaging.display import apply_table, display_table
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.notices import collect_warnings
from cxrdesk.imaging.radiograph import Projection, Radiograph
from cxrdesk.imaging.reader import read_film, read_radiograph

BUNDLED = Path(pydicom.__file__).parent / "data"  # what the wheel holds; the rest would be downloaded
BUNDLED_FILES = sorted(p for p in BUNDLED.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc"))


def load(path: Path) -> Radiograph:
    return radiograph_from_dataset(read_dataset(path), name=path.name)


def outcome(path: Path) -> Radiograph | FilmError:
    try:
        return read_radiograph(path)
    except FilmError as error:
        return error


def code_of(path: Path) -> str:
    with pytest.raises(FilmError) as caught:
        load(path)
    assert path.name in caught.value.text
    assert caught.value.text.endswith(".")
    return caught.value.code


@pytest.mark.parametrize("path", BUNDLED_FILES, ids=lambda p: str(p.relative_to(BUNDLED)))
def test_bundled_file_gives_pydicoms_values_or_one_coded_error(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    found = outcome(path)
    if isinstance(found, FilmError):
        assert re.fullmatch(r"[a-z-]+", found.code)
        assert path.name in found.text
    else:
        with collect_warnings():
            expected = pydicom.dcmread(path).pixel_array
        np.testing.assert_array_equal(found.stored, expected)
    assert not caplog.records


def test_every_bundled_radiograph_opens() -> None:
    def is_film(path: Path) -> bool:
        try:
            ds = pydicom.dcmread(path)
        except pydicom.errors.InvalidDicomError:
            return False
        return ds.get("Modality") in ("CR", "DX") and "PixelData" in ds

    with collect_warnings():
        films = [path for path in BUNDLED_FILES if is_film(path)]
    assert len(films) >= 3
    for path in films:
        assert load(path).modality in ("CR", "DX")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("test_files/CT_small.dcm", "not-a-radiograph"),
        ("test_files/MR_small_implicit.dcm", "not-a-radiograph"),
        ("test_files/examples_palette.dcm", "not-a-radiograph"),
        ("test_files/JPEG2000.dcm", "not-a-radiograph"),  # nuclear medicine as secondary capture
        ("test_files/liver_1frame.dcm", "not-a-radiograph"),
        ("test_files/reportsi.dcm", "not-a-radiograph"),
        ("test_files/rtplan.dcm", "not-a-radiograph"),
        ("test_files/SC_rgb_jpeg_dcmtk.dcm", "colour"),
        ("test_files/SC_rgb_rle_2frame.dcm", "colour"),
        ("test_files/dicomdirtests/DICOMDIR", "dicomdir"),
        ("test_files/README.txt", "not-dicom"),
        ("test_files/zipMR.gz", "not-dicom"),
    ],
)
def test_bundled_file_is_refused_for_the_right_reason(name: str, code: str) -> None:
    assert code_of(BUNDLED / name) == code


def test_a_refused_modality_is_named() -> None:
    with pytest.raises(FilmError, match="CT, computed tomography"):
        load(BUNDLED / "test_files/CT_small.dcm")


def test_real_films_equal_pydicom(real_dicom: Path) -> None:
    for path in sorted(real_dicom.glob("*.dcm")):
        np.testing.assert_array_equal(load(path).stored, pydicom.dcmread(path).pixel_array)


def test_real_chest_film_is_described_by_its_attributes(real_dicom: Path) -> None:
    film = load(real_dicom / "RG1_J2KI.dcm")
    assert (film.view.body_part, film.view.projection, film.view_position) == ("chest", Projection.PA, "PA")
    assert film.inverted
    assert film.bits_stored == 15
    assert film.patient_age_years == pytest.approx(55.56, abs=0.01)  # 1940-03-05 to 1995-09-26
    assert film.pixel_spacing_mm is None  # the file says 0 mm
    assert any("Pixel Spacing" in note for note in film.notes)
    hip = load(real_dicom / "RG2_J2KI_hip.dcm")
    assert (hip.view.body_part, hip.view.projection, hip.patient_age_years) == ("hip", None, None)


# Files


def test_missing_file_folder_and_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.dcm").touch()
    (tmp_path / "folder").mkdir()
    assert code_of(tmp_path / "none.dcm") == "missing-file"
    assert code_of(tmp_path / "folder") == "is-a-folder"
    assert code_of(tmp_path / "empty.dcm") == "not-dicom"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(save_film) -> None:
    path = save_film()
    path.chmod(0)
    assert code_of(path) == "unreadable"


def test_permission_error_of_the_system_is_told(save_film, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save_film()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert code_of(path) == "unreadable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert code_of(tmp_path / "pipe") == "unreadable"


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_encodings_without_compression(make_film, tmp_path: Path, syntax: str) -> None:
    stored = np.arange(480, dtype=np.uint16).reshape(24, 20)
    ds = make_film(stored.astype(">u2") if syntax == ExplicitVRBigEndian else stored, syntax=syntax)
    ds.save_as(tmp_path / "film", enforce_file_format=True)
    np.testing.assert_array_equal(load(tmp_path / "film").stored, stored)


@pytest.mark.parametrize("implicit", [True, False])
@pytest.mark.parametrize("little", [True, False])
def test_without_preamble_and_file_meta(make_film, tmp_path: Path, implicit: bool, little: bool) -> None:
    if implicit and not little:
        pytest.skip("no such encoding")
    stored = np.arange(480, dtype=np.uint16).reshape(24, 20)
    ds = make_film(stored if little else stored.astype(">u2"))
    del ds.file_meta
    ds.save_as(tmp_path / "film", implicit_vr=implicit, little_endian=little)
    assert (tmp_path / "film").read_bytes()[128:132] != b"DICM"
    np.testing.assert_array_equal(read_radiograph(tmp_path / "film").stored, stored)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_compressed(make_film, tmp_path: Path, syntax: str, dtype: type) -> None:
    stored = np.random.default_rng(2).integers(0, 256 if dtype is np.uint8 else 4096, (96, 80)).astype(dtype)
    ds = make_film(stored)
    ds.compress(syntax, generate_instance_uid=False)
    ds.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(load(tmp_path / "film.dcm").stored, stored)


def test_unsupported_transfer_syntax_is_named(make_film) -> None:
    with pytest.raises(FilmError, match="MPEG2 Main Profile") as caught:
        radiograph_from_dataset(make_film(syntax=MPEG2MPML), name="film.dcm")
    assert caught.value.code == "unsupported-transfer-syntax"


def test_truncation_anywhere_ends_in_one_error(save_film, tmp_path: Path) -> None:
    whole = save_film().read_bytes()
    codes = set()
    for length in range(0, len(whole), 7):
        cut = tmp_path / "cut.dcm"
        cut.write_bytes(whole[:length])
        codes.add(code_of(cut))
    assert codes >= {"not-dicom", "truncated"}
    assert codes <= {"not-dicom", "truncated", "not-a-radiograph", "no-pixels", "corrupt"}
    cut.write_bytes(whole[: len(whole) - 100])
    assert code_of(cut) == "truncated"


def test_truncated_compressed_film(real_dicom: Path, tmp_path: Path) -> None:
    whole = (real_dicom / "RG1_J2KI.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[: len(whole) // 2])
    assert code_of(tmp_path / "cut.dcm") in ("truncated", "corrupt")


def test_a_deflated_bomb_is_refused_before_it_is_inflated(make_film, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("cxrdesk.imaging.dicom_file._MOST_INFLATED_BYTES", 10_000_000)
    ds = make_film(syntax=DeflatedExplicitVRLittleEndian)
    ds.save_as(tmp_path / "bomb.dcm", enforce_file_format=True)
    head = (tmp_path / "bomb.dcm").read_bytes()
    meta_end = 144 + int.from_bytes(head[140:144], "little")
    deflater = zlib.compressobj(wbits=-15)
    body = b"".join(deflater.compress(bytes(1_000_000)) for _ in range(60)) + deflater.flush()
    (tmp_path / "bomb.dcm").write_bytes(head[:meta_end] + body)
    assert code_of(tmp_path / "bomb.dcm") == "too-large"


# Layout


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ({"PixelData": None}, "no-pixels"),
        ({"PixelData": None, "Rows": None, "Columns": None}, "no-pixels"),
        ({"NumberOfFrames": 2}, "multi-frame"),
        ({"PhotometricInterpretation": "RGB", "SamplesPerPixel": 3}, "colour"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour"),
        ({"PhotometricInterpretation": "NONSENSE"}, "corrupt"),
        ({"Rows": 65535, "Columns": 65535}, "too-large"),
        ({"BitsAllocated": 32, "BitsStored": 32}, "too-large"),
        ({"BitsAllocated": 4, "BitsStored": 4}, "unsupported-pixels"),
        ({"BitsAllocated": 1, "BitsStored": 1, "PhotometricInterpretation": "PALETTE COLOR"}, "unsupported-pixels"),
        ({"Rows": 0}, "corrupt"),
        ({"Rows": None}, "corrupt"),
        ({"Rows": 25}, "truncated"),
        ({"Modality": "MG"}, "not-a-radiograph"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, "not-a-radiograph"),
    ],
)
def test_layouts_that_are_no_film(make_film, attributes: dict[str, object], code: str) -> None:
    with pytest.raises(FilmError) as caught:
        radiograph_from_dataset(make_film(**attributes), name="film.dcm")
    assert caught.value.code == code


def test_one_frame_and_the_largest_size_are_films(make_film) -> None:
    assert radiograph_from_dataset(make_film(NumberOfFrames=1), name="x").shape == (24, 20)
    assert MOST_PIXELS > 5000 * 6000  # the largest detectors have about 30 million


@pytest.mark.parametrize(
    ("sop_class", "modality", "opens"),
    [
        ("1.2.840.10008.5.1.4.1.1.1.1", "DX", True),
        ("1.2.840.10008.5.1.4.1.1.1.1.1", "DX", True),
        ("1.2.840.10008.5.1.4.1.1.7", "OT", True),
        ("1.2.840.10008.5.1.4.1.1.7", "RG", True),
        ("1.2.840.10008.5.1.4.1.1.7", "CT", False),
        ("1.2.840.10008.5.1.4.1.1.1", "OT", False),
        ("1.2.840.10008.5.1.4.1.1.12.1", "XA", False),
    ],
)
def test_kinds(make_film, sop_class: str, modality: str, opens: bool) -> None:
    ds = make_film(SOPClassUID=sop_class, Modality=modality)
    if opens:
        assert radiograph_from_dataset(ds, name="x").modality == modality
    else:
        with pytest.raises(FilmError) as caught:
            radiograph_from_dataset(ds, name="x")
        assert caught.value.code == "not-a-radiograph"


@pytest.mark.parametrize("high_bit", [11, 13, 15])
@pytest.mark.parametrize("signed", [False, True])
def test_bits_that_are_not_stored_are_cleared(make_film, high_bit: int, signed: bool) -> None:
    rng = np.random.default_rng(3)
    values = rng.integers(-2048, 2048, (24, 20)) if signed else rng.integers(0, 4096, (24, 20))
    shift = high_bit - 11
    field = (values & 0xFFF) << shift
    garbage = rng.integers(0, 65536, values.shape) & ~(0xFFF << shift) & 0xFFFF
    raw = (field | garbage).astype(np.uint16)
    ds = make_film(raw.view(np.int16) if signed else raw, HighBit=high_bit)
    film = radiograph_from_dataset(ds, name="x")
    np.testing.assert_array_equal(film.stored, values)
    assert film.stored.dtype == (np.int16 if signed else np.uint16)


def test_signed_bytes(make_film) -> None:
    stored = np.arange(-100, 100, dtype=np.int8).reshape(10, 20)
    film = radiograph_from_dataset(make_film(stored, bits_stored=8), name="x")
    np.testing.assert_array_equal(film.stored, stored)
    assert film.stored_range == (-128, 127)


def test_source_is_phantom_only_where_marked_so(make_film) -> None:
    assert radiograph_from_dataset(make_film(), name="x").source == "dicom"
    assert radiograph_from_dataset(make_film(Manufacturer=PHANTOM_MANUFACTURER), name="x").source == "phantom"


def test_what_breaks_the_standard_becomes_a_note_and_no_warning(make_film, tmp_path: Path, caplog) -> None:
    with collect_warnings():
        ds = make_film(WindowCenter="100", WindowWidth="-5", RescaleSlope="0", PatientName="Secret^Name")
        ds.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    raw = (tmp_path / "film.dcm").read_bytes().replace(b"MONOCHROME2 ", b"MONOCHROME2\t")
    (tmp_path / "film.dcm").write_bytes(raw)
    film = load(tmp_path / "film.dcm")
    assert any("-5" in note for note in film.notes)
    assert any("Rescale Slope" in note for note in film.notes)
    assert not any("Secret" in note for note in film.notes)
    assert not caplog.records


def test_byte_flips_end_in_a_radiograph_or_one_error(save_film, tmp_path: Path) -> None:
    whole = save_film(
        WindowCenter="100",
        WindowWidth="500",
        PatientAge="003Y",
        PatientName="Secret^Name",
        ImagerPixelSpacing=[0.1, 0.1],
    ).read_bytes()
    chance = random.Random(20)
    path, outcomes = tmp_path / "flipped.dcm", {"film": 0, "error": 0}
    for _ in range(400):
        flipped = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            flipped[chance.randrange(128, 600)] = chance.randrange(256)
        path.write_bytes(flipped[: chance.choice([len(flipped), chance.randrange(len(flipped))])])
        found = outcome(path)
        if isinstance(found, FilmError):
            assert path.name in found.text
            assert "Secret" not in found.text
            outcomes["error"] += 1
        else:
            assert found.stored.size
            assert not any("Secret" in note for note in found.notes)
            outcomes["film"] += 1
    assert min(outcomes.values()) > 20


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_byte_flips_in_compressed_pixels(make_film, tmp_path: Path, syntax: str, capfd, caplog) -> None:
    ds = make_film(np.random.default_rng(2).integers(0, 4096, (96, 80)).astype(np.uint16))
    ds.compress(syntax, generate_instance_uid=False)
    path = tmp_path / "film.dcm"
    ds.save_as(path, enforce_file_format=True)
    whole = path.read_bytes()
    chance = random.Random(21)
    for _ in range(100):
        flipped = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            flipped[chance.randrange(700, len(whole))] = chance.randrange(256)
        path.write_bytes(flipped)
        found = outcome(path)
        if isinstance(found, FilmError):
            assert found.code in ("corrupt", "truncated", "no-pixels")
        else:
            assert found.shape == (96, 80)
    assert not caplog.records
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless])
def test_a_frame_that_claims_another_size_is_never_decoded(make_film, syntax: str, monkeypatch) -> None:
    ds = make_film(np.random.default_rng(2).integers(0, 4096, (96, 80)).astype(np.uint16))
    ds.compress(syntax, generate_instance_uid=False)
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    header = frame_header(frame)
    assert header is not None
    assert (header.rows, header.cols, header.components) == (96, 80, 1)
    ds.Rows, ds.Columns = 80, 96
    monkeypatch.setattr("cxrdesk.imaging.dicom_pixels.decode_frame", lambda *_, **__: pytest.fail("decoded"))
    with pytest.raises(FilmError) as caught:
        radiograph_from_dataset(ds, name="film.dcm")
    assert caught.value.code == "corrupt"


def test_sizes_that_jpegs_claim() -> None:
    for name in ("JPGExtended.dcm", "SC_rgb_jpeg_gdcm.dcm", "JPEGLSNearLossless_16.dcm", "693_J2KI.dcm"):
        ds = pydicom.dcmread(BUNDLED / "test_files" / name)
        frame = next(generate_frames(ds.PixelData, number_of_frames=1))
        header = frame_header(frame)
        assert header is not None
        assert (header.rows, header.cols, header.components) == (ds.Rows, ds.Columns, ds.SamplesPerPixel)


@pytest.mark.parametrize("shape", [(3, 5), (16, 8), (1, 1), (7, 9)])  # frames that begin within a byte, and that do not
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("sop_class", ["1.2.840.10008.5.1.4.1.1.7", "1.2.840.10008.5.1.4.1.1.7.1"])
def test_films_of_one_bit_are_shown_and_no_detector_gets_one(
    make_film, tmp_path: Path, shape: tuple[int, int], photometric: str, sop_class: str
) -> None:
    bits = np.random.default_rng(7).integers(0, 2, (3, *shape)).astype(np.uint8)
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds = make_film(
        bits[0], bits_stored=1, SOPClassUID=sop_class, Modality="OT", PhotometricInterpretation=photometric,
        BitsAllocated=1, NumberOfFrames=3, PixelData=packed + b"\0" * (len(packed) % 2),
    )  # fmt: skip
    ds["PixelData"].VR = "OB"
    ds.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    theirs = pydicom.dcmread(tmp_path / "film.dcm").pixel_array.reshape(bits.shape)
    for frame in range(3):
        film = read_film(tmp_path / "film.dcm", frame=frame).radiograph
        assert film is not None
        np.testing.assert_array_equal(film.stored, theirs[frame])
        shown = apply_table(film.stored, display_table(film, film.voi))
        np.testing.assert_array_equal(shown, 255 * (theirs[frame] ^ (photometric == "MONOCHROME1")))
    with pytest.raises(FilmError, match="3 frames"):
        read_radiograph(tmp_path / "film.dcm")
    ds.NumberOfFrames = 1
    ds.save_as(tmp_path / "film.dcm", enforce_file_format=True)
    with pytest.raises(FilmError, match="one bit per pixel"):
        read_radiograph(tmp_path / "film.dcm")
    ds.NumberOfFrames, ds.PixelData = 4, ds.PixelData
    if len(packed) * 8 < 4 * bits[0].size:
        ds.save_as(tmp_path / "film.dcm", enforce_file_format=True)
        with pytest.raises(FilmError, match="ends early"):
            read_film(tmp_path / "film.dcm", frame=3)
