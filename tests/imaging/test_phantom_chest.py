"""The chest phantom: truth, proportions, findings, and likeness to real films."""

import os
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from cxrdesk.imaging.phantom import (
    ADULT,
    CHILD_3_YEARS,
    ChestParameters,
    Opacity,
    adult,
    child,
    child_bedside,
    simulate,
)
from cxrdesk.imaging.phantom.body import Body
from cxrdesk.imaging.phantom.film import cardiothoracic_ratio
from cxrdesk.imaging.phantom.skeleton import ribs
from cxrdesk.imaging.radiograph import Projection

MAKERS = pytest.mark.parametrize("maker", [adult, child, child_bedside])


@pytest.fixture(scope="module")
def films():
    return {maker: simulate(maker(shape=(280, 360), seed=1)) for maker in (adult, child, child_bedside)}


@MAKERS
def test_equal_parameters_give_equal_films(maker, films):
    again = simulate(maker(shape=(280, 360), seed=1))
    np.testing.assert_array_equal(again.radiograph.stored, films[maker].radiograph.stored)
    for name, mask in films[maker].masks.items():
        np.testing.assert_array_equal(again.masks[name], mask)
    other = simulate(maker(shape=(280, 360), seed=2))
    assert (other.radiograph.stored != films[maker].radiograph.stored).mean() > 0.5


def test_the_radiograph_says_what_it_is(films):
    film = films[child].radiograph
    assert film.stored.dtype == np.uint16
    assert film.bits_stored == 12
    assert film.stored.max() <= 4095
    assert (film.source, film.modality, film.view_position) == ("phantom", "CR", "AP")
    assert film.view.body_part == "chest"
    assert film.view.projection is Projection.AP
    assert film.patient_age_years == 3.0
    width = CHILD_3_YEARS.field_width_u * CHILD_3_YEARS.half_width_mm
    assert film.pixel_spacing_mm == pytest.approx((width / 360, width / 360))
    assert films[adult].radiograph.view.projection is Projection.PA


@MAKERS
def test_lungs_are_dark_heart_is_bright_and_air_is_black(maker, films):
    pixels, masks = films[maker].radiograph.pixels, films[maker].masks
    lung = np.median(pixels[masks["lungs"] & ~masks["heart"]])
    assert np.median(pixels[masks["heart"]]) > lung + 0.15 * 4095
    assert np.median(pixels[:, 175:185]) > lung + 0.25 * 4095  # spine
    assert np.percentile(pixels, 1) < 0.02 * 4095


@MAKERS
def test_masks_are_two_lungs_with_a_heart_between(maker, films):
    masks = films[maker].masks
    count, _, stats, centers = cv2.connectedComponentsWithStats(masks["lungs"].astype(np.uint8))
    assert count == 3  # background and two lungs
    assert stats[1:, cv2.CC_STAT_AREA].min() > 0.08 * masks["lungs"].size
    assert centers[1:, 0].min() < 180 < centers[1:, 0].max()
    heart_x = np.nonzero(masks["heart"])[1].mean()
    assert heart_x > 180  # to the patient's left, the image's right
    assert not masks["opacity"].any()


def test_proportions_follow_age(films):
    grown, young = (cardiothoracic_ratio(films[maker].masks) for maker in (adult, child))
    assert 0.38 < grown < 0.5
    assert grown < young < 0.55

    def fall_per_width(habitus):
        path = ribs(Body(habitus=habitus))[12].path  # the seventh rib's right side
        return (path[-1, 1] - path[0, 1]) / np.ptp(path[:, 0])

    assert fall_per_width(CHILD_3_YEARS) < 0.75 * fall_per_width(ADULT)
    assert CHILD_3_YEARS.half_depth_mm / CHILD_3_YEARS.half_width_mm > ADULT.half_depth_mm / ADULT.half_width_mm


@pytest.mark.parametrize("zone", ["upper", "middle", "lower"])
@pytest.mark.parametrize("side", ["right", "left"])
def test_an_opacity_brightens_its_own_zone_and_nothing_else(side, zone, films):
    clear = films[child]
    ill = simulate(child(shape=(280, 360), seed=1, opacity=Opacity(side=side, zone=zone)))
    mask, lungs = ill.masks["opacity"], ill.masks["lungs"]
    np.testing.assert_array_equal(lungs, clear.masks["lungs"])
    assert mask.any()
    assert not (mask & ~lungs).any()
    rows, columns = np.nonzero(mask)
    assert (columns.mean() > 180) == (side == "left")
    share = (rows.mean() - np.nonzero(lungs)[0].min()) / np.ptp(np.nonzero(lungs)[0])
    assert share == pytest.approx({"upper": 0.25, "middle": 0.52, "lower": 0.7}[zone], abs=0.1)
    change = ill.radiograph.pixels - clear.radiograph.pixels
    other_half = lungs & ((np.arange(360) > 180)[None, :] != (side == "left"))
    open_lung = mask & ~ill.masks["heart"]
    assert np.median(change[open_lung]) > 0.06 * 4095
    assert abs(np.median(change[other_half])) < 0.25 * np.median(change[open_lung])


def test_a_severer_opacity_is_brighter():
    means = []
    for severity in (0.3, 0.6, 0.9):
        ill = simulate(child(shape=(280, 360), seed=1, opacity=Opacity(severity=severity)))
        means.append(ill.radiograph.pixels[ill.masks["opacity"] & ~ill.masks["heart"]].mean())
    assert means[0] + 100 < means[1] < means[2] - 50


def test_variation_zero_is_the_mean_person():
    still = [simulate(adult(shape=(200, 200), variation=0.0, seed=seed)).masks["lungs"] for seed in (1, 2)]
    np.testing.assert_array_equal(*still)


def test_any_shape_keeps_the_anatomy_in_place():
    small, large = (simulate(adult(shape=shape, seed=4)).masks["lungs"] for shape in ((200, 200), (701, 701)))
    shrunk = cv2.resize(large.astype(np.float32), (200, 200), interpolation=cv2.INTER_AREA) > 0.5
    assert 2 * (small & shrunk).sum() / (small.sum() + shrunk.sum()) > 0.98


def test_parameters_are_frozen_and_checked():
    with pytest.raises(FrozenInstanceError):
        adult().seed = 3
    with pytest.raises(ValueError, match="shape"):
        adult(shape=(32, 32))
    with pytest.raises(ValueError, match="projection"):
        replace(ChestParameters(), projection=Projection.FRONTAL)
    with pytest.raises(ValueError, match="severity"):
        Opacity(severity=0.0)


def mean_thumbnail(images):
    mean = np.mean([cv2.resize(image, (56, 56), interpolation=cv2.INTER_AREA) for image in images], axis=0)
    return (mean - mean.mean()) / mean.std()


@pytest.mark.skipif("CXRDESK_DATA" not in os.environ, reason="CXRDESK_DATA names no folder of real films")
def test_the_mean_phantom_resembles_the_mean_real_film():
    files = sorted((Path(os.environ["CXRDESK_DATA"]) / "kermany" / "NORMAL").glob("*"))[::10]
    real = mean_thumbnail([cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files])
    films = [simulate(child(shape=(240, 307), seed=seed)).radiograph.pixels for seed in range(4)]
    # The films of that data set were squeezed to a square, and so are these.
    assert (mean_thumbnail(films) * real).mean() > 0.85
