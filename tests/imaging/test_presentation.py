"""What films ask for when they are shown: orientation, spacing, overlays, shutters, frames, colours."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.notices import collect_warnings
from cxrdesk.imaging.presentation import OpenedFilm, Overlay, Presentation, Shutter
from cxrdesk.imaging.reader import read_film, read_radiograph
from cxrdesk.imaging.voi import VoiFunction, Window

SHAPE = (24, 20)


def presentation(save_film, **attributes: object) -> Presentation:
    return read_film(save_film(**attributes)).presentation


def test_a_film_without_a_word_about_it(save_film) -> None:
    told = presentation(save_film)
    assert (told.vois, told.overlays, told.shutter, told.orientation, told.laterality) == ((), (), None, None, None)
    assert (told.frames, told.frame, told.colour, told.for_processing, told.reduced) == (1, 0, None, False, 0)
    assert (told.spacing.mm, told.spacing.plane, told.spacing.words) == (None, "unknown", "not calibrated")


def test_numbers_are_those_of_the_radiograph_alone(save_film) -> None:
    path = save_film(WindowCenter=2000, WindowWidth=1000, PatientOrientation=["L", "F"])
    assert read_film(path).radiograph.digest == read_radiograph(path).digest


def test_windows_are_listed_by_their_explanation_also_those_that_hide_the_film(save_film) -> None:
    opened = read_film(
        save_film(
            WindowCenter=[60000, 2000],
            WindowWidth=[10, 4000],
            WindowCenterWidthExplanation=["WRONG", "LUNG"],
            VOILUTFunction="SIGMOID",
        )
    )
    assert opened.presentation.vois == (
        Window(center=60000, width=10, function=VoiFunction.SIGMOID, explanation="WRONG"),
        Window(center=2000, width=4000, function=VoiFunction.SIGMOID, explanation="LUNG"),
    )
    assert opened.radiograph.voi == opened.presentation.vois[1]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["L", "F"], ("L", "F")),
        (["A", "FR"], ("A", "FR")),
        (["P", "FL"], ("P", "FL")),
        ([], None),
        (["L"], None),
        (["LEFT", "DOWN"], None),
    ],
)
def test_orientation(save_film, given: list[str], told: tuple[str, str] | None) -> None:
    found = presentation(save_film, PatientOrientation=given)
    assert found.orientation == told
    assert any("Patient Orientation" in note for note in found.notes) == (told is None and bool(given))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"ImageLaterality": "U", "Laterality": "L"}, "U"),
        ({"Laterality": "R"}, "R"),
        ({"ImageLaterality": "X"}, None),
        ({}, None),
    ],
)
def test_laterality(save_film, given: dict[str, str], told: str | None) -> None:
    assert presentation(save_film, **given).laterality == told


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"PresentationIntentType": "FOR PROCESSING"}, True),
        ({"PresentationIntentType": "FOR PRESENTATION"}, False),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1.1", "Modality": "DX"}, True),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "Modality": "DX"}, False),
    ],
)
def test_films_that_were_not_made_for_showing(save_film, given: dict[str, str], told: bool) -> None:
    assert presentation(save_film, **given).for_processing is told


@pytest.mark.parametrize(
    ("given", "mm", "plane", "words"),
    [
        ({"ImagerPixelSpacing": [0.1, 0.2]}, (0.1, 0.2), "detector", "at the detector"),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 1.25},
            (0.16, 0.16),
            "magnified",
            "magnification of 1.25 taken out",
        ),
        # The same values twice are the detector's (PS3.3 10.7.1.3).
        ({"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "detector", "at the detector"),
        (
            {"ImagerPixelSpacing": [0.2, 0.2], "PixelSpacing": [0.2, 0.2],
             "EstimatedRadiographicMagnificationFactor": 1.25},
            (0.16, 0.16), "magnified", "magnification of 1.25 taken out",
        ),
        ({"PixelSpacing": [0.2, 0.2]}, (0.2, 0.2), "unstated", "plane not stated"),
        ({"PixelSpacing": [0.2, 0.2], "PixelSpacingCalibrationType": "FIDUCIAL"}, (0.2, 0.2), "calibrated",
         "calibrated"),
        ({"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": 0.5}, (0.2, 0.2), "detector",
         "at the detector"),
    ],
)  # fmt: skip
def test_spacing_is_told_with_what_it_holds_for(save_film, given, mm, plane: str, words: str) -> None:
    spacing = presentation(save_film, **given).spacing
    assert spacing.mm == pytest.approx(mm)
    assert (spacing.plane, spacing.words) == (plane, words)


@pytest.mark.parametrize(("given", "noted"), [
    ({"PixelAspectRatio": [2, 1]}, True),
    ({"PixelAspectRatio": [3, 3]}, False),
    ({"PixelAspectRatio": [2, 1], "PixelSpacing": [0.4, 0.2]}, False),
])  # fmt: skip
def test_pixels_that_are_not_square_by_their_ratio_alone_are_noted(save_film, given, noted: bool) -> None:
    notes = read_film(save_film(**given)).radiograph.notes
    assert any("not square" in note for note in notes) is noted


# Overlays


def overlaid(ds: Dataset, group: int, bits: np.ndarray, *, origin: tuple[int, int] = (1, 1), kind: str = "G") -> None:
    ds.add_new(Tag(group, 0x0010), "US", bits.shape[0])
    ds.add_new(Tag(group, 0x0011), "US", bits.shape[1])
    ds.add_new(Tag(group, 0x0040), "CS", kind)
    ds.add_new(Tag(group, 0x0050), "SS", list(origin))
    ds.add_new(Tag(group, 0x0100), "US", 1)
    ds.add_new(Tag(group, 0x0102), "US", 0)
    ds.add_new(Tag(group, 0x1500), "LO", "label")
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds.add_new(Tag(group, 0x3000), "OW", packed + b"\0" * (len(packed) % 2))


def saved(ds: Dataset, path: Path) -> Path:
    ds.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian])
def test_overlays_are_pydicoms(make_film, tmp_path: Path, syntax: str) -> None:
    bits = np.random.default_rng(4).random(SHAPE) < 0.3
    ds = make_film(syntax=syntax)
    overlaid(ds, 0x6000, bits)
    overlaid(ds, 0x6004, bits[:10, :7], origin=(-2, 16), kind="R")
    told = read_film(saved(ds, tmp_path / "film.dcm")).presentation
    first, second = told.overlays
    np.testing.assert_array_equal(first.bits, pydicom.dcmread(tmp_path / "film.dcm").overlay_array(0x6000))
    np.testing.assert_array_equal(first.bits, bits)
    assert (first.origin, first.kind, first.label) == ((0, 0), "graphics", "label")
    assert (second.origin, second.kind) == ((-3, 15), "roi")
    on_film = second.on_film(SHAPE)
    np.testing.assert_array_equal(on_film[:7, 15:], bits[3:10, :5])
    assert on_film.sum() == bits[3:10, :5].sum()


def test_overlays_of_big_endian_files_are_words(make_film, tmp_path: Path) -> None:
    bits = np.random.default_rng(4).random(SHAPE) < 0.3
    ds = make_film(np.arange(480, dtype=">u2").reshape(SHAPE), syntax=ExplicitVRBigEndian)
    overlaid(ds, 0x6000, bits)
    words = np.frombuffer(ds[0x60003000].value, np.uint16).byteswap().tobytes()
    ds[0x60003000].value = words
    opened = read_film(saved(ds, tmp_path / "film.dcm"))
    np.testing.assert_array_equal(opened.presentation.overlays[0].bits, bits)
    np.testing.assert_array_equal(opened.radiograph.stored, np.arange(480).reshape(SHAPE))


def test_overlays_in_bits_that_the_image_leaves_unused(make_film, tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    stored, bits = rng.integers(0, 4096, SHAPE).astype(np.uint16), rng.random(SHAPE) < 0.3
    ds = make_film(stored | (bits.astype(np.uint16) << 14))
    overlaid(ds, 0x6000, bits)
    del ds[0x60003000]
    ds[0x60000100].value, ds[0x60000102].value = 16, 14
    opened = read_film(saved(ds, tmp_path / "film.dcm"))
    np.testing.assert_array_equal(opened.presentation.overlays[0].bits, bits)
    np.testing.assert_array_equal(opened.radiograph.stored, stored)
    ds[0x60000102].value = 11  # a bit of the image
    told = read_film(saved(ds, tmp_path / "film.dcm")).presentation
    assert told.overlays == ()
    assert any("6000" in note for note in told.notes)


def test_an_overlay_of_several_frames_follows_the_film(make_film, tmp_path: Path) -> None:
    bits = np.random.default_rng(4).random((2, 5, 5)) < 0.3
    ds = make_film(np.arange(3 * 480, dtype=np.uint16).reshape(72, 20), Rows=24, NumberOfFrames=3)
    overlaid(ds, 0x6000, bits.reshape(10, 5))
    ds[0x60000010].value = 5
    ds.add_new(0x60000015, "IS", 2)
    ds.add_new(0x60000051, "US", 2)
    path = saved(ds, tmp_path / "film.dcm")
    assert read_film(path).presentation.overlays == ()
    for frame in (1, 2):
        np.testing.assert_array_equal(read_film(path, frame=frame).presentation.overlays[0].bits, bits[frame - 1])


def test_an_overlay_that_is_too_short_is_left_out_and_told(make_film, tmp_path: Path) -> None:
    ds = make_film()
    overlaid(ds, 0x6000, np.ones(SHAPE, bool))
    ds[0x60000010].value = 200
    told = read_film(saved(ds, tmp_path / "film.dcm")).presentation
    assert told.overlays == ()
    assert told.notes == ("the overlay of group 6000 is not usable and was left out",)


# Shutters

RECTANGLE = {
    "ShutterLeftVerticalEdge": 3,
    "ShutterRightVerticalEdge": 18,
    "ShutterUpperHorizontalEdge": 2,
    "ShutterLowerHorizontalEdge": 20,
}
CIRCLE = {"CenterOfCircularShutter": [12, 10], "RadiusOfCircularShutter": 8}
POLYGON = {"VerticesOfThePolygonalShutter": [2, 2, 2, 18, 22, 10]}


def test_a_rectangular_shutter_shows_its_edges(save_film) -> None:
    shutter = presentation(save_film, ShutterShape="RECTANGULAR", ShutterPresentationValue=32768, **RECTANGLE).shutter
    assert shutter is not None
    assert shutter.gray == pytest.approx(0.5, abs=1e-4)
    shown = ~shutter.hidden(SHAPE)
    rows, cols = np.indices(SHAPE) + 1  # counted from 1, as in the file
    np.testing.assert_array_equal(shown, (rows >= 2) & (rows <= 20) & (cols >= 3) & (cols <= 18))


def test_a_circular_shutter(save_film) -> None:
    shutter = presentation(save_film, ShutterShape="CIRCULAR", **CIRCLE).shutter
    assert shutter is not None
    rows, cols = np.indices(SHAPE) + 1
    np.testing.assert_array_equal(~shutter.hidden(SHAPE), (rows - 12) ** 2 + (cols - 10) ** 2 <= 64)


def test_a_polygonal_shutter(save_film) -> None:
    shutter = presentation(save_film, ShutterShape="POLYGONAL", **POLYGON).shutter
    assert shutter is not None
    hidden = shutter.hidden(SHAPE)
    assert not hidden[10, 9]  # inside the triangle
    assert hidden[20, 1]
    assert hidden[0].all()
    assert (~hidden).sum() == pytest.approx(16 * 20 / 2, abs=30)


def test_shapes_are_combined_and_incomplete_ones_left_out(save_film) -> None:
    both = presentation(save_film, ShutterShape=["RECTANGULAR", "CIRCULAR"], **RECTANGLE, **CIRCLE).shutter
    assert both is not None
    rows, cols = np.indices(SHAPE) + 1
    inside = (rows >= 2) & (rows <= 20) & (cols >= 3) & (cols <= 18) & ((rows - 12) ** 2 + (cols - 10) ** 2 <= 64)
    np.testing.assert_array_equal(~both.hidden(SHAPE), inside)
    broken = presentation(save_film, ShutterShape=["CIRCULAR", "POLYGONAL"], CenterOfCircularShutter=[1])
    assert broken.shutter is None
    assert any("Shutter Shape" in note for note in broken.notes)


def test_a_bitmap_shutter_hides_its_bits_and_is_no_overlay(make_film, tmp_path: Path) -> None:
    bits = np.random.default_rng(4).random(SHAPE) < 0.3
    ds = make_film(ShutterShape="BITMAP", ShutterOverlayGroup=0x6002)
    overlaid(ds, 0x6000, ~bits)
    overlaid(ds, 0x6002, bits)
    told = read_film(saved(ds, tmp_path / "film.dcm")).presentation
    assert len(told.overlays) == 1
    assert told.shutter is not None
    np.testing.assert_array_equal(told.shutter.hidden(SHAPE), bits)


def test_a_shutter_outside_the_film_hides_it_whole() -> None:
    assert Shutter(rectangle=(30, 30, 40, 40)).hidden(SHAPE).all()
    assert not Overlay(bits=np.ones((3, 3), bool), origin=(50, -50)).on_film(SHAPE).any()


def test_byte_flips_in_what_is_told_of_showing(make_film, tmp_path: Path, caplog) -> None:
    ds = make_film(ShutterShape=["RECTANGULAR", "CIRCULAR", "POLYGONAL"], **RECTANGLE, **CIRCLE, **POLYGON)
    ds.PatientOrientation, ds.PatientName = ["L", "F"], "Secret^Name"
    overlaid(ds, 0x6000, np.ones(SHAPE, bool))
    whole = saved(ds, tmp_path / "film.dcm").read_bytes()
    chance, path, outcomes = random.Random(23), tmp_path / "flipped.dcm", set()
    sentences: list[str] = []
    for _ in range(500):
        flipped = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            flipped[chance.randrange(350, len(whole) - 960)] = chance.randrange(256)
        path.write_bytes(flipped)
        try:
            told = read_film(path).presentation
        except FilmError as error:
            outcomes.add(error.code)
            sentences.append(error.text)
            continue
        outcomes.add("overlay" if told.overlays else "no overlay")
        sentences += told.notes
        if told.shutter is not None:
            assert told.shutter.hidden(SHAPE).shape == SHAPE
    assert outcomes >= {"overlay", "no overlay", "truncated"}
    assert "Secret" not in " ".join(sentences)
    assert not caplog.records


# Frames and colours


@pytest.mark.parametrize("compressed", [False, True])
def test_frames(make_film, tmp_path: Path, compressed: bool) -> None:
    frames = np.random.default_rng(5).integers(0, 4096, (3, *SHAPE)).astype(np.uint16)
    ds = make_film(frames.reshape(72, 20), Rows=24, NumberOfFrames=3)
    if compressed:
        ds.compress(RLELossless, generate_instance_uid=False)
    path = saved(ds, tmp_path / "film.dcm")
    for frame in range(3):
        opened = read_film(path, frame=frame)
        np.testing.assert_array_equal(opened.radiograph.stored, frames[frame])
        assert (opened.presentation.frames, opened.presentation.frame) == (3, frame)
    for wrong in (3, -1):
        with pytest.raises(FilmError, match="only 3") as caught:
            read_film(path, frame=wrong)
        assert caught.value.code == "no-frame"
    with pytest.raises(FilmError) as caught:
        read_radiograph(path)
    assert caught.value.code == "multi-frame"


BUNDLED = Path(pydicom.__file__).parent / "data" / "test_files"
COLOUR = [path for path in sorted(BUNDLED.glob("*.dcm")) if path.name.startswith(("SC_rgb", "SC_ybr"))]


@pytest.mark.parametrize("path", COLOUR, ids=lambda path: path.name)
def test_colour_pictures_are_pydicoms_and_no_detector_sees_them(path: Path) -> None:
    with collect_warnings():
        ds = pydicom.dcmread(path)
    if ds.BitsAllocated > 16:
        with pytest.raises(FilmError, match="bits per pixel"):
            read_film(path)
        return
    opened = read_film(path)
    assert opened.radiograph is None
    with collect_warnings():
        expected = ds.pixel_array
    expected = expected[0] if opened.presentation.frames > 1 else expected
    expected = expected >> 8 if ds.BitsAllocated == 16 else expected
    np.testing.assert_array_equal(opened.presentation.colour, expected)
    assert opened.shape == expected.shape[:2]
    with pytest.raises(FilmError) as caught:
        read_radiograph(path)
    assert caught.value.code == "colour"


def test_palette_pictures_show_their_colours(tmp_path: Path) -> None:
    ds = pydicom.dcmread(BUNDLED / "examples_palette.dcm")
    ds.Modality, ds.SOPClassUID = "OT", "1.2.840.10008.5.1.4.1.1.7"
    expected = pydicom.pixels.apply_color_lut(ds.pixel_array, ds)
    opened = read_film(saved(ds, tmp_path / "film.dcm"))
    np.testing.assert_array_equal(opened.presentation.colour, expected >> (8 if expected.dtype == np.uint16 else 0))


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_colours_that_end_early(make_film, tmp_path: Path, photometric: str) -> None:
    colours = np.zeros((24, 60), np.uint8)
    ds = make_film(colours, Columns=21, SamplesPerPixel=3, PhotometricInterpretation=photometric, PlanarConfiguration=0)
    with pytest.raises(FilmError) as caught:
        read_film(saved(ds, tmp_path / "film.dcm"))
    assert caught.value.code == "truncated"


def test_a_film_is_gray_or_colour() -> None:
    with pytest.raises(ValueError, match="either"):
        OpenedFilm(radiograph=None, presentation=Presentation())
    with pytest.raises(ValueError, match="frame"):
        Presentation(frame=1)
    with pytest.raises(ValueError, match="colour"):
        Presentation(colour=np.zeros((4, 4), np.uint8))


def test_a_polygon_whose_corners_are_far_away_hides_what_lies_outside() -> None:
    far = 2.0**31 - 1
    shutter = Shutter(polygon=((-far, -far), (far, -far), (far, 3.0), (-far, 3.0)))
    hidden = shutter.hidden((8, 6))
    assert not hidden[:3].any()
    assert hidden[4:].all()
