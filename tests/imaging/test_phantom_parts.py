"""Films of other parts and pictures that are no films."""

import numpy as np
import pytest

from cxrdesk.imaging.phantom import adult, simulate
from cxrdesk.imaging.phantom.parts import PartParameters, neck, non_film, simulate_part


@pytest.mark.parametrize("part", ["hand", "hip"])
def test_hand_and_hip_show_bone_brighter_than_flesh_brighter_than_air(part):
    film = simulate_part(PartParameters(body_part=part, shape=(256, 256), seed=2)).radiograph
    assert film.view.body_part == part
    assert film.source == "phantom"
    pixels = film.pixels[8:-8, 8:-8]  # without the collimated border
    air, flesh, bone = np.percentile(pixels, (1, 60, 99.5))
    assert air < 0.2 * 4095
    assert bone > flesh + 0.1 * 4095


def test_the_neck_has_a_dark_airway_in_the_middle_and_hardly_any_lung():
    phantom = simulate_part(neck(seed=1))
    assert phantom.radiograph.view.body_part == "neck"
    assert phantom.masks["lungs"].mean() < 0.1
    row = phantom.radiograph.pixels[180:210].mean(axis=0)
    middle = slice(200, 312)
    beside = np.r_[row[150:200], row[312:362]].mean()
    assert row[middle].min() < beside


def test_other_parts_are_deterministic_and_unlike_a_chest():
    first, again = (simulate_part(PartParameters(seed=5, shape=(128, 128))).radiograph.stored for _ in range(2))
    np.testing.assert_array_equal(first, again)
    chests = [simulate(adult(shape=(128, 128), seed=seed)).radiograph.pixels.ravel() for seed in (1, 2)]
    same, different = np.corrcoef([*chests, first.ravel().astype(np.float32)])[0, 1:]
    assert same > 0.85
    assert different < same - 0.2


@pytest.mark.parametrize("kind", ["noise", "uniform", "gradient", "blobs"])
def test_non_films_have_no_view_age_or_spacing(kind):
    picture = non_film(kind, shape=(96, 128), seed=3)
    assert picture.shape == (96, 128)
    assert (picture.view.body_part, picture.patient_age_years, picture.pixel_spacing_mm) == (None, None, None)
    assert (np.ptp(picture.stored) == 0) == (kind == "uniform")
    assert not np.array_equal(picture.stored, non_film(kind, shape=(96, 128), seed=4).stored)
