"""Every DICOM file at hand against pydicom, PS3.3 and dcmtk: files.csv has the verdict on each, and why."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from PIL import Image

from cxrdesk.imaging.display import apply_table, display_table
from cxrdesk.imaging.gamma import Curved, presentation_table
from cxrdesk.imaging.gsps import PresentationState
from cxrdesk.imaging.presentation import Overlay
from cxrdesk.imaging.voi import VoiLut, Window
from tests.imaging.file_table import BUNDLED, DCMTK, files, read_table, row_of

PATHS = files()
TABLE = read_table()
REAL = "CXRDESK_DATA" in os.environ


def test_the_table_has_every_file_and_a_reason_for_each() -> None:
    assert {name for name in TABLE if REAL or not name.startswith("real/")} == set(PATHS)
    assert all(why for _, why in TABLE.values())


def test_the_table_says_that_nothing_differs() -> None:
    rows = [row for row, _ in TABLE.values()]
    assert not [row.file for row in rows if "differs" in row.stored + row.display + row.dcmtk]
    compared = [row for row in rows if row.stored == "equal"]
    assert len(compared) > 80
    assert len([row for row in compared if row.dcmtk == "within 1"]) > 40


@pytest.mark.parametrize("name", PATHS)
def test_a_file_is_as_the_table_says(name: str, caplog) -> None:
    row, _ = TABLE[name]
    assert row_of(name, PATHS[name]) == (row if DCMTK else replace(row, dcmtk=""))
    assert not caplog.records


@pytest.mark.skipif(not DCMTK, reason="dcmtk's dcm2pnm is not installed")
def test_overlays_are_where_dcmtk_draws_them(tmp_path: Path) -> None:
    from cxrdesk.imaging.dicom_file import read_file
    from cxrdesk.imaging.dicom_overlays import read_overlays

    path = BUNDLED / "test_files" / "examples_overlay.dcm"
    ds = read_file(path, stop_before_pixels=False)
    (overlay,) = read_overlays(ds, name="x", notes=[])
    drawn, plain = tmp_path / "drawn.pgm", tmp_path / "plain.pgm"
    for option, target in (("+O", drawn), ("-O", plain)):
        asked = [option, *(["1"] if option == "+O" else []), "+Omr", "+Ww", "450", "790", "--write-raw-pnm"]
        subprocess.run(["dcm2pnm", "-q", *asked, str(path), str(target)], check=True, timeout=60)
    with Image.open(drawn) as with_it, Image.open(plain) as without:
        changed = np.asarray(with_it) != np.asarray(without)
    bits = overlay.on_film((int(ds.Rows), int(ds.Columns)))
    assert changed.sum() > 100
    np.testing.assert_array_equal(changed, bits)


# Without SIGMOID: dcmtk's presentation states ignore the VOI LUT Function, its dcm2pnm does not (test_display).
WINDOWS = {
    "linear": Window(center=1500, width=2000),
    "lut": VoiLut(table=np.linspace(0, 1, 4096, dtype=np.float32) ** 2, first=0),
}


@pytest.mark.skipif(which("dcmp2pgm") is None, reason="dcmtk's dcmp2pgm is not installed")
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("gamma", [1.0, 1.6])
def test_dcmtk_shows_a_film_with_our_state_as_we_do(
    save_film, name: str, inverse: bool, photometric: str, gamma: float
) -> None:
    from cxrdesk.imaging.dicom import read_header
    from cxrdesk.imaging.gsps import applied
    from cxrdesk.imaging.gsps_write import state_dataset
    from cxrdesk.imaging.reader import read_film
    from tests.imaging.test_gsps import IDENTITY

    stored = np.random.default_rng(5).integers(0, 4096, (40, 30)).astype(np.uint16)
    film = save_film(stored=stored, PhotometricInterpretation=photometric, InstanceNumber=1, **IDENTITY)
    state = PresentationState(voi=WINDOWS[name], inverse=inverse)
    if gamma != 1:
        table = presentation_table(gamma, inverse=inverse)
        state = PresentationState(voi=WINDOWS[name], presentation_lut=table)
    target, picture = film.with_name("state.dcm"), film.with_name("picture.pgm")
    state_dataset(state, read_header(film)).save_as(target, enforce_file_format=True)
    subprocess.run(
        ["dcmp2pgm", "-q", "-p", str(target), str(film), str(picture)], check=True, capture_output=True, timeout=60
    )
    with Image.open(picture) as image:
        theirs = np.asarray(image).astype(int)
    view = applied(read_film(film), state)
    assert view.gamma == gamma
    turned = view.radiograph.inverted != view.inverted
    seen = Curved(voi=view.voi, gamma=gamma, turned=turned)
    ours = apply_table(stored, display_table(view.radiograph, seen, inverted=view.inverted)).astype(int)
    assert theirs.shape == ours.shape
    # Near black a power is so steep that a step of the table is several gray levels.
    assert np.abs(theirs - ours)[ours >= (16 if gamma != 1 else 0)].max() <= 1


@pytest.mark.skipif(which("dcmpschk") is None, reason="dcmtk's dcmpschk is not installed")
def test_dcmtk_finds_nothing_wrong_with_our_states(save_film) -> None:
    from cxrdesk.imaging.dicom import read_header
    from cxrdesk.imaging.gsps import DisplayedArea, Text
    from cxrdesk.imaging.gsps_write import state_dataset
    from tests.imaging.test_gsps import GRAPHICS, IDENTITY

    film = save_film(**IDENTITY)
    texts = (Text(text="12.5 mm\nsecond line", anchor=(4.5, 5.5), box=((1, 2), (9, 6))),)  # it knows no UTF-8
    area = DisplayedArea(box=(2, 3, 15, 21), mode="MAGNIFY", magnification=1.5)
    for voi in WINDOWS.values():
        lut = presentation_table(0.7, inverse=True)
        state = PresentationState(
            voi=voi, rotation=90, flipped=True, area=area, graphics=GRAPHICS, texts=texts, presentation_lut=lut
        )
        target = film.with_name("state.dcm")
        state_dataset(state, read_header(film)).save_as(target, enforce_file_format=True)
        done = subprocess.run(["dcmpschk", str(target)], capture_output=True, text=True, timeout=60, check=False)
        told = done.stdout + done.stderr
        assert "Test passed" in told, told
        assert "Error" not in told, told


def test_an_overlay_knows_its_group() -> None:
    assert Overlay(bits=np.zeros((1, 1), bool)).group == 0x6000
