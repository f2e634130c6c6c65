from __future__ import annotations

import json
from collections import namedtuple
from dataclasses import fields, replace
from multiprocessing import shared_memory

import numpy as np
import pytest

from cxrdesk.imaging.radiograph import ModalityLut, Projection, Radiograph, View
from cxrdesk.imaging.voi import Window
from cxrdesk.inference import pixels, wire
from cxrdesk.inference.pixels import MappedFilm, SharedFilm
from tests.support import film, with_table


def signed() -> Radiograph:
    stored = np.random.default_rng(2).integers(-2048, 2048, (31, 17)).astype(np.int16)
    return Radiograph(
        stored=stored,
        bits_stored=12,
        voi=Window(center=0, width=100),
        modality_lut=ModalityLut(slope=0.5, intercept=-3.25),
        inverted=True,
        pixel_spacing_mm=(0.14, 0.143),
        spacing_source="imager",
        patient_sex="F",
        view=View(body_part="chest"),
        notes=("a note",),
        view_position="AP",
    )


ODD = Radiograph(stored=np.arange(15, dtype=np.uint8).reshape(3, 5), bits_stored=8, voi=Window(center=7, width=15))


@pytest.mark.parametrize("sent", [film(), signed(), with_table(film()), with_table(signed()), with_table(ODD)])
def test_a_film_arrives_as_it_is(sent):
    shared = SharedFilm(sent)
    # As it travels: a table of 65,536 entries must not make the message too long.
    wire.packed({"films": [shared.description]})
    mapped = MappedFilm(json.loads(json.dumps(shared.description)))
    got = mapped.film
    assert got.digest == sent.digest
    np.testing.assert_array_equal(got.pixels, sent.pixels)
    for name in ("bits_stored", "inverted", "pixel_spacing_mm", "spacing_source", "patient_age_years", "patient_sex",
                 "view", "modality", "source"):  # fmt: skip
        assert getattr(got, name) == getattr(sent, name)
    assert not got.stored.flags.writeable
    del got
    mapped.close()
    shared.close()
    with pytest.raises(FileNotFoundError):
        shared_memory.SharedMemory(name=shared.description["memory"])


def test_a_description_holds_what_a_detector_may_know_and_nothing_else():
    shared = SharedFilm(signed())
    told = shared.description
    shared.close()
    # A new attribute of Radiograph must be thought about here before it travels.
    assert {item.name for item in fields(Radiograph)} == {
        "stored", "bits_stored", "modality_lut", "inverted", "voi", "padding", "pixel_spacing_mm", "spacing_source",
        "patient_age_years", "patient_sex", "view", "view_position", "modality", "source", "notes",
    }  # fmt: skip
    assert set(told) == {
        "memory", "dtype", "shape", "bits_stored", "slope", "intercept", "first", "table", "inverted", "spacing_mm",
        "spacing_source", "age_years", "sex", "body_part", "projection", "modality", "source",
    }  # fmt: skip
    assert "note" not in json.dumps(told)


def test_a_plugin_that_keeps_pixels_does_not_break_the_close():
    shared = SharedFilm(film(view=View(body_part="chest", projection=Projection.PA)))
    mapped = MappedFilm(shared.description)
    kept = mapped.film.stored[:4]
    mapped.close()
    assert mapped.film is None
    assert kept.max() > 0
    del kept
    mapped.close()
    shared.close()


def test_a_block_that_is_gone_already_is_no_error():
    shared = SharedFilm(film())
    shared._memory.unlink()
    shared.close()


def test_no_room_is_an_error_and_not_a_crash(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(pixels.sys, "platform", "linux")
    monkeypatch.setattr(pixels.Path, "is_dir", lambda self: True)
    monkeypatch.setattr(pixels.shutil, "disk_usage", lambda path: usage(10, 0, 10))
    with pytest.raises(OSError, match="no room"):
        SharedFilm(replace(film()))
