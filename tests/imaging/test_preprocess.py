"""From a film to a model's input: one way, the same for every reader of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxrdesk.imaging.phantom import adult, simulate
from cxrdesk.imaging.preprocess import (
    WHOLE_FILM,
    Box,
    InputSpec,
    NoRegionError,
    mask_box,
    normalised,
    prepare,
    region_box,
    resized,
)
from cxrdesk.imaging.radiograph import ModalityLut, Radiograph
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.imaging.voi import Window

shares = st.floats(0, 1, allow_nan=False)


def film(stored, **changes):
    stored = np.ascontiguousarray(stored)
    made = Radiograph(stored=stored, bits_stored=stored.dtype.itemsize * 8, voi=Window(center=128, width=256))
    return replace(made, **changes)


def noise(shape=(120, 90), dtype=np.uint16, seed=0, high=4096):
    return np.random.default_rng(seed).integers(0, high, shape).astype(dtype)


@pytest.mark.parametrize("corners", [(0, 0, 0, 1), (0.5, 0, 0.4, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.1), (0, 1, 1, 1)])
def test_what_is_no_region_is_refused(corners):
    with pytest.raises(ValueError, match="not a region"):
        Box(**dict(zip(("x0", "y0", "x1", "y1"), corners, strict=True)))


@given(shares, shares, shares, shares, st.floats(0, 5))
def test_a_grown_box_holds_the_box_and_stays_on_the_film(x0, y0, x1, y1, margin):
    if not (x0 < x1 and y0 < y1):
        return
    box = Box(x0=x0, y0=y0, x1=x1, y1=y1)
    grown = box.grown(margin)
    assert grown.x0 <= box.x0 < box.x1 <= grown.x1
    assert grown.y0 <= box.y0 < box.y1 <= grown.y1
    assert grown.x1 - grown.x0 <= (1 + 2 * margin) * (x1 - x0) + 1e-12


def test_a_margin_by_hand():
    grown = Box(x0=0.2, y0=0.1, x1=0.6, y1=0.9).grown(0.25)
    assert (grown.x0, grown.y0, grown.x1, grown.y1) == pytest.approx((0.1, 0, 0.7, 1))


@pytest.mark.parametrize(
    "changes",
    [{"size": (7, 64)}, {"percentiles": (50, 50)}, {"percentiles": (-1, 99)}, {"std": 0.0}, {"margin": -0.1}],
)
def test_an_unusable_input_is_refused(changes):
    with pytest.raises(ValueError, match="not a usable input"):
        InputSpec(**{"size": (64, 64), **changes})


def test_a_declaration_survives_json_and_unknown_keys_are_refused():
    spec = InputSpec(size=(96, 128), region="lungs", margin=0.1, percentiles=(2.0, 98.0))
    data = json.loads(json.dumps(spec.to_json()))
    assert InputSpec.from_json(data) == spec
    with pytest.raises(TypeError):
        InputSpec.from_json(data | {"sharpen": True})


def test_a_digest_changes_with_everything_that_changes_the_tensor():
    spec = InputSpec(size=(96, 96))
    changed = [
        replace(spec, size=(96, 97)),
        replace(spec, region="lungs"),
        replace(spec, margin=0.1),
        replace(spec, percentiles=(1.0, 98.0)),
        replace(spec, mean=0.4),
        replace(spec, std=0.2),
    ]
    digests = [spec.digest(), spec.digest("a"), spec.digest("b"), *(item.digest() for item in changed)]
    assert len(set(digests)) == len(digests)
    assert spec.digest("a", "b") == spec.digest("b", "a")
    assert spec.digest() == InputSpec.from_json(spec.to_json()).digest()


def test_a_masks_box_by_hand():
    values = np.zeros((10, 20), np.float32)
    values[2:5, 4:12] = 0.5
    values[7, 15] = 0.49
    box = mask_box(values)
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx((0.2, 0.2, 0.6, 0.5))
    assert mask_box(np.ones((3, 4), np.float32)) == WHOLE_FILM
    with pytest.raises(NoRegionError):
        mask_box(np.full((3, 4), 0.4, np.float32))


def test_a_region_needs_its_mask():
    spec = InputSpec(size=(16, 16), region="lungs", margin=0.5)
    values = np.zeros((10, 10), np.float32)
    values[4:6, 4:6] = 1
    box = region_box(spec, {"lungs": values})
    assert (box.x0, box.x1) == pytest.approx((0.3, 0.7))
    with pytest.raises(KeyError):
        region_box(spec, {})
    assert region_box(InputSpec(size=(16, 16)), {}) == WHOLE_FILM
    with pytest.raises(NoRegionError):
        prepare(film(noise()), spec, {"lungs": np.zeros((10, 10), np.float32)})


def test_shrinking_is_the_mean_over_area():
    stored = noise((60, 40))
    found = resized(film(stored), (15, 10))
    # Stored integers are averaged and rounded, so half a step at most is lost.
    np.testing.assert_allclose(found, stored.reshape(15, 4, 10, 4).mean(axis=(1, 3)), atol=0.5 + 1e-3)


def test_a_boxs_pixels_are_those_under_it():
    stored = noise((60, 40))
    found = resized(film(stored), (30, 10), Box(x0=0.25, y0=0.5, x1=0.5, y1=1.0))
    np.testing.assert_array_equal(found, stored[30:60, 10:20])


def test_the_modality_lut_is_applied_whatever_the_order():
    stored = noise((60, 40))
    plain = resized(film(stored), (15, 10))
    np.testing.assert_allclose(
        resized(film(stored, modality_lut=ModalityLut(slope=2.0, intercept=-100.0)), (15, 10)),
        2 * plain - 100,
        atol=1e-3,
    )


def test_a_lut_table_comes_before_the_mean():
    stored = noise((60, 40), high=256)
    table = np.square(np.arange(256, dtype=np.float32))
    found = resized(film(stored, modality_lut=ModalityLut(table=table)), (15, 10))
    expected = table[stored].reshape(15, 4, 10, 4).mean(axis=(1, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_an_inverted_film_gives_the_same_input_as_its_positive():
    stored = noise((64, 64), np.uint8, high=256)
    spec = InputSpec(size=(32, 32))
    straight = prepare(film(stored), spec)
    negative = prepare(film(255 - stored, inverted=True), spec)
    # Rounding of the mean goes up on both sides: one step of 255.
    np.testing.assert_allclose(straight, negative, atol=4.5 / 100)
    assert np.corrcoef(straight.ravel(), prepare(film(255 - stored), spec).ravel())[0, 1] < -0.99


@settings(max_examples=40)
@given(st.integers(0, 1000), st.floats(0.1, 40), st.floats(-500, 500))
def test_gain_and_offset_of_a_unit_do_not_count(seed, gain, offset):
    values = np.random.default_rng(seed).normal(100, 30, (24, 20)).astype(np.float32)
    spec = InputSpec(size=(24, 20))
    changed = (values * np.float32(gain) + np.float32(offset)).astype(np.float32)
    np.testing.assert_allclose(normalised(changed, spec), normalised(values, spec), atol=2e-3)


def test_percentiles_become_the_ends():
    values = np.arange(10_001, dtype=np.float32).reshape(73, 137)
    out = normalised(values, InputSpec(size=(73, 137), percentiles=(10.0, 90.0), mean=0.0, std=1.0))
    assert (out.min(), out.max()) == (0, 1)
    assert (out == 0).mean() == pytest.approx(0.1, abs=0.001)
    assert (out == 1).mean() == pytest.approx(0.1, abs=0.001)
    assert out[36, 68] == pytest.approx(0.5, abs=0.001)


def test_one_grey_value_is_no_division_by_zero():
    spec = InputSpec(size=(16, 16), mean=0.5, std=0.25)
    out = prepare(film(np.full((40, 40), 7, np.uint8)), spec)
    assert (out == -2).all()


def test_what_lies_outside_the_region_does_not_count():
    """A marker, a border and another exposure beside the lungs leave the input as it was."""
    stored = noise((120, 90))
    mask = np.zeros((60, 45), np.float32)
    mask[15:45, 10:30] = 1
    spec = InputSpec(size=(32, 32), region="lungs")
    changed = stored.copy()
    changed[:25] = 4095
    changed[:, 70:] = 0
    np.testing.assert_array_equal(
        prepare(film(changed), spec, {"lungs": mask}), prepare(film(stored), spec, {"lungs": mask})
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16])
@pytest.mark.parametrize("shape", [(8, 8), (3, 500), (512, 100), (1, 1)])
def test_every_film_gives_the_declared_tensor(dtype, shape):
    out = prepare(film(noise(shape, dtype, high=120)), InputSpec(size=(48, 32)))
    assert out.shape == (1, 48, 32)
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert -2 <= out.min() <= out.max() <= 2


def test_more_pixels_of_the_same_film_give_the_same_input():
    """Two detectors' resolutions of one phantom: the input is about the same."""
    spec = InputSpec(size=(64, 64))
    coarse, fine = (simulate(adult(seed=3, shape=(n, n))).radiograph for n in (256, 512))
    assert np.corrcoef(prepare(coarse, spec).ravel(), prepare(fine, spec).ravel())[0, 1] > 0.99


def test_a_real_film_agrees_with_a_float_area_resize(real_dicom: Path):
    radiograph = read_radiograph(real_dicom / "RG1_J2KI.dcm")
    expected = cv2.resize(radiograph.pixels, (160, 160), interpolation=cv2.INTER_AREA)
    lo, hi = radiograph.value_range
    # The shared reduction blurs a sharp edge (the collimator's) by a fraction of a pixel of the input.
    np.testing.assert_allclose(resized(radiograph, (160, 160)), expected, atol=0.005 * (hi - lo))


@pytest.mark.parametrize("shape", [(1955, 1841), (3000, 3000)])
def test_one_reduction_serves_all_inputs_as_a_direct_area_resize_would(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 4000, (10, 10)).astype(np.float32)
    stored = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC).clip(0, 4095).astype(np.uint16)
    film = Radiograph(stored=stored, bits_stored=12, voi=Window(center=2048, width=4096))
    direct = cv2.resize(stored, (160, 160), interpolation=cv2.INTER_AREA).astype(np.float32)
    difference = np.abs(resized(film, (160, 160)) - direct)
    assert difference.max() < 0.005 * 4095
