"""Proposals against shapes drawn by hand and against simulated chests, whose heart is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cxrdesk.imaging.cardiothoracic import propose
from cxrdesk.imaging.measure import Scale, cardiothoracic_ratio
from cxrdesk.imaging.phantom import adult, simulate
from cxrdesk.imaging.phantom.film import Phantom
from cxrdesk.imaging.phantom.film import cardiothoracic_ratio as true_ratio
from tests.support import film


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return simulate(replace(adult(), shape=(400, 400), anatomy_columns=200))


def drawn(*, heart: tuple[int, int] = (140, 300)) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lungs from column 60 to 380 with the part behind the heart, and a bright heart between two columns."""
    lungs, hearts = np.zeros((400, 440), np.float32), np.zeros((400, 440), np.float32)
    lungs[60:340, 60:200] = lungs[60:340, 230:380] = 1
    hearts[200:400, heart[0] : heart[1]] = 1
    stored = np.where(lungs > 0, 1000, 3000)
    stored[hearts > 0] = 3000
    return stored.astype(np.uint16), lungs, hearts


def test_borders_by_hand() -> None:
    stored, lungs, _ = drawn()
    found = propose(film(stored=stored), lungs)
    assert found is not None
    (left, right), (start, end) = found.heart, found.thorax
    assert (left[0], right[0]) == pytest.approx((140, 300), abs=4)
    assert 200 < left[1] < 340
    assert 200 < right[1] < 340
    assert (start[0], end[0]) == pytest.approx((60, 380), abs=2)
    assert start[1] == end[1]


def test_a_heart_mask_is_believed() -> None:
    stored, lungs, hearts = drawn(heart=(120, 320))
    found = propose(film(stored=np.full_like(stored, 7)), lungs, hearts)
    assert found is not None
    assert [point[0] for point in found.heart] == pytest.approx([120, 320], abs=2)


def test_lungs_that_end_at_the_heart_do_as_well() -> None:
    stored, lungs, hearts = drawn()
    lungs[hearts > 0] = 0
    found = propose(film(stored=stored), lungs)
    assert found is not None
    assert [point[0] for point in found.heart] == pytest.approx([140, 300], abs=4)


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("step", [1, 3])
def test_polarity_side_and_size_change_nothing(inverted: bool, mirrored: bool, step: int) -> None:
    stored, lungs, _ = drawn(heart=(160, 300))
    if mirrored:
        stored, lungs = stored[:, ::-1].copy(), lungs[:, ::-1].copy()
    if inverted:
        stored = (4095 - stored).astype(np.uint16)
    found = propose(film(stored=stored.repeat(step, 0).repeat(step, 1), inverted=inverted), lungs)
    assert found is not None
    ratio = cardiothoracic_ratio(found.heart, found.thorax, Scale())
    assert ratio is not None
    assert ratio.ratio == pytest.approx(140 / 320, abs=0.02)
    assert found.thorax[1][0] / step == pytest.approx(440 - 60 if mirrored else 380, abs=2)


@pytest.mark.parametrize(
    "lungs",
    [
        np.zeros((64, 64), np.float32),
        np.ones((64, 64), np.float32),
        np.pad(np.ones((40, 20), np.float32), ((12, 12), (4, 40))),
        np.pad(np.ones((1, 20), np.float32), ((30, 33), (4, 40))),
    ],
)
def test_without_two_lungs_nothing_is_proposed(lungs: np.ndarray) -> None:
    assert propose(film(), lungs) is None


def test_a_film_of_noise_or_of_one_gray_ends_well() -> None:
    _, lungs, _ = drawn()
    for stored in (np.full((400, 440), 5, np.uint16), np.random.default_rng(1).integers(0, 9, (400, 440), np.uint16)):
        found = propose(film(stored=stored), lungs)
        assert found is None or found.heart[0][0] < found.heart[1][0]


def test_a_simulated_chest(phantom: Phantom) -> None:
    masks = {name: mask.astype(np.float32) for name, mask in phantom.masks.items()}
    truth = true_ratio(phantom.masks)
    by_film = propose(phantom.radiograph, masks["lungs"])
    by_mask = propose(phantom.radiograph, masks["lungs"], masks["heart"])
    assert by_film is not None
    assert by_mask is not None
    of_film = cardiothoracic_ratio(by_film.heart, by_film.thorax, Scale())
    of_mask = cardiothoracic_ratio(by_mask.heart, by_mask.thorax, Scale())
    assert of_film is not None
    assert of_mask is not None
    assert of_mask.ratio == pytest.approx(truth, abs=0.01)
    # The simulated heart is widest under the dome, where no film shows it.
    assert of_film.ratio == pytest.approx(truth, abs=0.08)
