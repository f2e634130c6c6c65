"""Presentation states: those of another program read, ours written and read back, applied to films."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
from highdicom._standard_utils import check_required_attributes, get_iod_module_map
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import generate_uid

from cxrdesk.imaging.dicom import read_header
from cxrdesk.imaging.display import apply_table, display_table
from cxrdesk.imaging.errors import FilmError
from cxrdesk.imaging.gamma import Curved
from cxrdesk.imaging.gsps import DisplayedArea, Graphic, PresentationState, Text, View, applied, state_of
from cxrdesk.imaging.gsps_read import read_state_file, references_of, state_for
from cxrdesk.imaging.gsps_write import state_dataset
from cxrdesk.imaging.presentation import Overlay, Shutter
from cxrdesk.imaging.radiograph import ModalityLut
from cxrdesk.imaging.reader import read_film
from cxrdesk.imaging.voi import VoiFunction, VoiLut, Window

IDENTITY = {
    "PatientName": "Müller^Jürgen",
    "PatientID": "1",
    "PatientBirthDate": "19700101",
    "PatientSex": "M",
    "StudyInstanceUID": generate_uid(entropy_srcs=["study"]),
    "SeriesInstanceUID": generate_uid(entropy_srcs=["series"]),
    "StudyID": "1",
    "StudyDate": "20200101",
    "StudyTime": "120000",
    "AccessionNumber": "",
    "ReferringPhysicianName": "",
    "SpecificCharacterSet": "ISO_IR 100",
}
GRAPHICS = (
    Graphic(kind="POLYLINE", points=((1.5, 2.25), (10.0, 20.0), (3.0, 4.0))),
    Graphic(kind="POLYLINE", points=((1, 1), (5, 1), (5, 5), (1, 1)), filled=True),
    Graphic(kind="ELLIPSE", points=((2, 5), (12, 5), (7, 2), (7, 8))),
    Graphic(kind="CIRCLE", points=((10, 10), (12, 10))),
    Graphic(kind="POINT", points=((3, 4),)),
    Graphic(kind="INTERPOLATED", points=((0, 0), (0.5, 0.5), (1, 0)), on_film=False),
)
TEXTS = (
    Text(text="12,5 mm\nzweite Zeile, 日本", anchor=(4.5, 5.5), box=((1, 2), (9, 6))),
    Text(text="a", anchor=(0, 0)),
)
POLYGON = ((1.5, 1.5), (18.5, 1.5), (9.5, 22.5))


@pytest.fixture
def path(save_film) -> Path:
    return save_film(WindowCenter=2000, WindowWidth=1000, PhotometricInterpretation="MONOCHROME1", **IDENTITY)


def written(state: PresentationState, film: Path, frame: int | None = None) -> Path:
    target = film.with_name("state.dcm")
    state_dataset(state, read_header(film), frame=frame).save_as(target, enforce_file_format=True)
    return target


def read_back(state: PresentationState, film: Path) -> PresentationState:
    found = state_for(read_state_file(written(state, film)), read_header(film).SOPInstanceUID)
    assert found is not None
    return found


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flipped", [False, True])
def test_what_is_written_is_read_back(path: Path, rotation: int, flipped: bool) -> None:
    state = PresentationState(
        label="WARD_3",
        description="not for diagnosis",
        voi=Window(center=1234.5, width=777.25, function=VoiFunction.SIGMOID, explanation="lungs"),
        inverse=True,
        shutter=Shutter(rectangle=(1, 2, 20, 18), circle=(9.5, 11.5, 8), polygon=POLYGON),
        rotation=rotation,
        flipped=flipped,
        area=DisplayedArea(box=(2, 3, 15, 21), mode="MAGNIFY", magnification=1.5),
        graphics=GRAPHICS,
        texts=TEXTS,
    )
    found = read_back(state, path)
    for name in ("label", "description", "voi", "inverse", "rotation", "flipped", "area", "graphics", "texts"):
        assert getattr(found, name) == getattr(state, name), name
    assert found.shutter is not None
    assert (found.shutter.rectangle, found.shutter.circle) == (state.shutter.rectangle, state.shutter.circle)
    assert found.shutter.polygon == state.shutter.polygon
    assert found.notes == ()


@pytest.mark.parametrize(
    ("rotation", "flipped", "first", "last"),
    # Pixels 3..15 across and 4..21 down; which one is at the screen's upper left, from PS3.3 figure C.10.4-1.
    [
        (0, False, [3, 4], [15, 21]),
        (90, False, [3, 21], [15, 4]),
        (180, False, [15, 21], [3, 4]),
        (270, False, [15, 4], [3, 21]),
        (0, True, [15, 4], [3, 21]),
        (90, True, [3, 4], [15, 21]),
    ],
)
def test_corners_of_the_displayed_area_are_those_of_the_turned_film(path, rotation, flipped, first, last) -> None:
    state = PresentationState(rotation=rotation, flipped=flipped, area=DisplayedArea(box=(2, 3, 15, 21)))
    area = state_dataset(state, read_header(path)).DisplayedAreaSelectionSequence[0]
    assert (list(area.DisplayedAreaTopLeftHandCorner), list(area.DisplayedAreaBottomRightHandCorner)) == (first, last)


def test_a_voi_lut_and_a_modality_lut_are_written_whole(path: Path) -> None:
    voi = VoiLut(table=np.linspace(0, 1, 65536, dtype=np.float32) ** 2, first=-5000, explanation="curve")
    state = PresentationState(voi=voi, modality_lut=ModalityLut(table=np.arange(4096, dtype=np.float32) * 3, first=0))
    found = read_back(state, path)
    assert isinstance(found.voi, VoiLut)
    np.testing.assert_allclose(found.voi.table, voi.table, atol=1e-5)
    assert (found.voi.first, found.voi.explanation) == (-5000, "curve")
    np.testing.assert_array_equal(found.modality_lut.table, state.modality_lut.table)
    sloped = read_back(replace(state, modality_lut=ModalityLut(slope=-0.1234567890123, intercept=4095.5)), path)
    assert sloped.modality_lut.slope == pytest.approx(-0.1234567890123)
    assert sloped.modality_lut.intercept == 4095.5


def test_what_must_be_there_is_there(path: Path) -> None:
    """By highdicom's tables of PS3.3."""
    state = PresentationState(
        voi=Window(center=1, width=2), graphics=GRAPHICS, texts=TEXTS, shutter=Shutter(rectangle=(1, 2, 20, 18))
    )
    ds = pydicom.dcmread(written(state, path))
    modules = get_iod_module_map()["grayscale-softcopy-presentation-state"]
    held = {"display-shutter", "graphic-annotation", "graphic-layer", "spatial-transformation", "softcopy-voi-lut"}
    for module in modules:
        if module["usage"] == "M" or module["key"] in held:
            check_required_attributes(ds, module["key"])
    assert ds.PatientName == "Müller^Jürgen"
    assert ds.StudyInstanceUID == IDENTITY["StudyInstanceUID"]


def test_a_view_survives_the_file(path: Path) -> None:
    film = read_film(path)
    view = View(
        radiograph=film.radiograph,
        presentation=film.presentation,
        voi=Window(center=1800, width=700),
        inverted=True,
        rotation=90,
        area=DisplayedArea(box=(0, 0, 10, 10)),
        graphics=GRAPHICS,
    )
    again = applied(film, read_back(state_of(view), path))
    for name in ("voi", "inverted", "rotation", "flipped", "area", "graphics"):
        assert getattr(again, name) == getattr(view, name), name
    assert again.presentation.vois[0] == view.voi


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("inverse", [False, True])
def test_polarity_is_the_states_whatever_the_film_says(save_film, photometric: str, inverse: bool) -> None:
    ramp = np.tile(np.arange(4096, dtype=np.uint16), (2, 1))
    film = read_film(save_film(stored=ramp, PhotometricInterpretation=photometric, **IDENTITY))
    view = applied(film, PresentationState(voi=Window(center=2048, width=4096), inverse=inverse))
    shown = apply_table(ramp, display_table(view.radiograph, view.voi, inverted=view.inverted))
    assert shown[0, 0] == (255 if inverse else 0)
    assert shown[0, 4095] == (0 if inverse else 255)


def test_a_state_without_luts_shows_the_stored_range_as_it_is(save_film) -> None:
    ramp = np.tile(np.arange(4096, dtype=np.uint16), (2, 1))
    film = read_film(save_film(stored=ramp, RescaleSlope="3", RescaleIntercept="-7", WindowCenter=9, WindowWidth=5))
    view = applied(film, PresentationState())
    shown = apply_table(ramp, display_table(view.radiograph, view.voi))
    np.testing.assert_allclose(shown[0], np.arange(4096) / 4095 * 255, atol=0.51)


def test_a_presentation_lut_comes_after_the_window(save_film) -> None:
    ramp = np.tile(np.arange(4096, dtype=np.uint16), (2, 1))
    film = read_film(save_film(stored=ramp))
    evenly = np.linspace(0, 1, 256)
    window, lut = Window(center=1500, width=2000), np.float32(3 * evenly**2 - 2 * evenly**3)
    view = applied(film, PresentationState(voi=window, presentation_lut=lut))
    expected = lut[np.rint(window.apply(np.arange(4096, dtype=np.float32)) * 255).astype(int)]
    shown = apply_table(ramp, display_table(view.radiograph, view.voi, inverted=view.inverted))
    np.testing.assert_allclose(shown[0], expected * 255, atol=0.51)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("inverted", [False, True])
def test_gamma_goes_through_a_file_as_a_presentation_lut(save_film, photometric: str, inverted: bool) -> None:
    ramp = np.tile(np.arange(4096, dtype=np.uint16), (2, 1))
    path = save_film(stored=ramp, PhotometricInterpretation=photometric, **IDENTITY)
    film, window = read_film(path), Window(center=1500, width=2000)
    view = View(radiograph=film.radiograph, presentation=film.presentation, voi=window, inverted=inverted, gamma=1.7)
    ds = pydicom.dcmread(written(state_of(view), path))
    assert "PresentationLUTShape" not in ds
    check_required_attributes(ds, "softcopy-presentation-lut")
    again = applied(film, read_back(state_of(view), path))
    assert (again.gamma, again.inverted, again.voi) == (1.7, inverted, window)
    # The table of the file, looked up as PS3.4 N.2 says.
    table = pydicom.dcmread(written(state_of(view), path)).PresentationLUTSequence[0].LUTData
    p_values = np.frombuffer(table, "<u2")[np.rint(window.apply(np.float32(ramp[0])) * 4095).astype(int)] / 65535
    turned = again.radiograph.inverted != again.inverted
    seen = Curved(voi=again.voi, gamma=again.gamma, turned=turned)
    shown = apply_table(ramp, display_table(again.radiograph, seen, inverted=again.inverted))
    steep = np.abs(np.gradient(p_values)) > 0.002  # near black a step of the table is more than one gray level
    np.testing.assert_allclose(shown[0][~steep], p_values[~steep] * 255, atol=1.01)


def state_of_highdicom(film: Dataset, **more: object) -> Dataset:
    layer = highdicom.pr.GraphicLayer("ARROWS", 1)
    graphic = highdicom.pr.GraphicObject("POLYLINE", np.array([[2.0, 3.0], [9.0, 8.0]]), units="PIXEL")
    words = highdicom.pr.TextObject("look", units="PIXEL", anchor_point=(2.0, 3.0))
    note = highdicom.pr.GraphicAnnotation([film], layer, graphic_objects=[graphic], text_objects=[words])
    window = highdicom.pr.SoftcopyVOILUTTransformation(window_center=900, window_width=400)
    return highdicom.pr.GrayscaleSoftcopyPresentationState(
        [film], generate_uid(), 1, generate_uid(), 1, "maker", "model", "1", "1", "LABEL",
        graphic_annotations=[note], graphic_layers=[layer], voi_lut_transformations=[window], **more,
    )  # fmt: skip


def test_a_state_of_another_program(path: Path) -> None:
    film = pydicom.dcmread(path)
    shape = highdicom.PresentationLUTTransformation(presentation_lut_shape="INVERSE")
    ds = state_of_highdicom(film, presentation_lut_transformation=shape)
    ds.save_as(path.with_name("theirs.dcm"), enforce_file_format=True)
    theirs = read_state_file(path.with_name("theirs.dcm"))
    assert references_of(theirs) == {film.SOPInstanceUID: frozenset()}
    state = state_for(theirs, film.SOPInstanceUID)
    assert state is not None
    assert state.voi == Window(center=900, width=400)
    assert state.inverse
    assert state.graphics == (Graphic(kind="POLYLINE", points=((2, 3), (9, 8))),)
    assert [(text.text, text.anchor) for text in state.texts] == [("look", (2, 3))]
    assert state.area == DisplayedArea(box=(0, 0, 20, 24))
    assert state_for(theirs, "1.2.3") is None


def test_items_are_for_the_films_that_they_name(path: Path) -> None:
    header = read_header(path)
    ds = state_dataset(PresentationState(voi=Window(center=1, width=2)), header)
    other, item = Dataset(), Dataset()
    other.ReferencedSOPInstanceUID = "1.2.3"
    item.WindowCenter, item.WindowWidth, item.ReferencedImageSequence = 70, 80, Sequence([other])
    ds.SoftcopyVOILUTSequence.insert(0, item)
    ds.ReferencedSeriesSequence[0].ReferencedImageSequence.append(other)
    ours, theirs = state_for(ds, header.SOPInstanceUID), state_for(ds, "1.2.3")
    assert ours is not None
    assert theirs is not None
    assert (ours.voi.center, theirs.voi.center) == (1, 70)


def test_a_state_of_one_frame_is_for_no_other(path: Path) -> None:
    header = read_header(path)
    ds = state_dataset(PresentationState(), header, frame=2)
    assert state_for(ds, header.SOPInstanceUID, frame=2) is not None
    assert state_for(ds, header.SOPInstanceUID, frame=0) is None


def test_overlays_are_shown_where_the_state_says_so(make_film, tmp_path: Path) -> None:
    from tests.imaging.test_presentation import overlaid, saved

    bits = np.random.default_rng(4).random((24, 20)) < 0.3
    film_ds = make_film(**IDENTITY)
    overlaid(film_ds, 0x6000, bits)
    overlaid(film_ds, 0x6002, ~bits)
    film_path = saved(film_ds, tmp_path / "film.dcm")
    ds = state_dataset(PresentationState(overlay_groups=(0x6002, 0x6004)), read_header(film_path))
    overlaid(ds, 0x6004, bits[:5, :5])
    state = state_for(ds, film_ds.SOPInstanceUID)
    assert state is not None
    shown = applied(read_film(film_path), state).presentation.overlays
    assert [overlay.group for overlay in shown] == [0x6002, 0x6004]
    np.testing.assert_array_equal(shown[0].bits, ~bits)
    np.testing.assert_array_equal(shown[1].bits, bits[:5, :5])


def test_what_cannot_be_used_is_told(path: Path) -> None:
    header = read_header(path)
    ds = state_dataset(PresentationState(graphics=GRAPHICS[:1], texts=TEXTS[:1]), header)
    ds.ImageRotation = 45
    ds.GraphicAnnotationSequence[0].GraphicObjectSequence[0].GraphicData = [1.0, 2.0, 3.0]
    del ds.GraphicAnnotationSequence[0].TextObjectSequence[0].AnchorPoint
    del ds.GraphicAnnotationSequence[0].TextObjectSequence[0].BoundingBoxTopLeftHandCorner
    del ds.DisplayedAreaSelectionSequence[0].PresentationSizeMode
    state = state_for(ds, header.SOPInstanceUID)
    assert state is not None
    assert (state.rotation, state.graphics, state.texts, state.area) == (0, (), (), None)
    assert len(state.notes) == 4


def test_what_is_no_state_or_cannot_be_written(path: Path, tmp_path: Path) -> None:
    with pytest.raises(FilmError) as caught:
        read_state_file(path)
    assert caught.value.code == "not-a-presentation-state"
    header = read_header(path)
    with pytest.raises(ValueError, match="not written"):
        state_dataset(PresentationState(overlays=(Overlay(bits=np.ones((2, 2), bool)),)), header)
    header.PhotometricInterpretation = "PALETTE COLOR"
    with pytest.raises(ValueError, match="grayscale"):
        state_dataset(PresentationState(), header)
    header.PhotometricInterpretation = "MONOCHROME2"
    del header.SeriesInstanceUID
    with pytest.raises(ValueError, match="UIDs"):
        state_dataset(PresentationState(), header)
    for points in ((), ((1, 1), (2, 2), (3, 3))):
        with pytest.raises(ValueError, match="points"):
            Graphic(kind="CIRCLE", points=points)
    with pytest.raises(ValueError, match="anchor"):
        Text(text="x")


def test_byte_flips_end_in_a_state_or_one_error(path: Path, caplog) -> None:
    state = PresentationState(
        voi=VoiLut(table=np.linspace(0, 1, 300, dtype=np.float32), first=-5),
        shutter=Shutter(rectangle=(1, 2, 20, 18), polygon=POLYGON),
        graphics=GRAPHICS,
        texts=TEXTS,
        overlay_groups=(0x6000,),
    )
    film, whole = read_film(path), written(state, path).read_bytes()
    instance = read_header(path).SOPInstanceUID
    chance, flipped_path, outcomes = random.Random(24), path.with_name("flipped.dcm"), set()
    for _ in range(400):
        flipped = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            flipped[chance.randrange(300, len(whole))] = chance.randrange(256)
        flipped_path.write_bytes(flipped)
        try:
            found = state_for(read_state_file(flipped_path), instance)
        except FilmError as error:
            outcomes.add(error.code)
            continue
        outcomes.add("state" if found is not None else "of another film")
        if found is not None:
            view = applied(film, found)
            display_table(view.radiograph, view.voi, inverted=view.inverted)
    assert outcomes >= {"state", "truncated"}
    assert not caplog.records


def test_nobody_is_named_where_a_state_is_printed() -> None:
    assert "Secret" not in repr(PresentationState(description="Secret", texts=(Text(text="Secret", anchor=(0, 0)),)))
