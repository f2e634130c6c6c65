"""Occlusion and RISE against plain loops, and with a score that depends on one place alone."""

from __future__ import annotations

import numpy as np
import pytest

from cxrdesk.api import CancelledError, ModelInput
from cxrdesk.api.perturbation import Occlusion, Rise

SPOT = (slice(20, 28), slice(4, 12))


@pytest.fixture
def tensor():
    return np.random.default_rng(1).normal(size=(2, 40, 30)).astype(np.float32)


def spot(tensors):
    """Log odds that rest on one square of the first channel."""
    return np.abs(tensors[:, 0][:, *SPOT]).mean(axis=(1, 2)) * np.float32(4) - 1


def nothing():
    return None


def slow_occlusion(tensor, log_odds, window, step, hide):
    """Window after window, one forward each."""
    rows, cols = tensor.shape[1:]
    total, times = np.zeros((rows, cols)), np.zeros((rows, cols))
    whole = log_odds(tensor[None])[0]
    for row in range(0, rows - window[0] + 1, step):
        for col in range(0, cols - window[1] + 1, step):
            place = slice(row, row + window[0]), slice(col, col + window[1])
            changed = tensor.copy()
            hide(changed, place)
            total[place] += max(0.0, float(whole - log_odds(changed[None])[0]))
            times[place] += 1
    return (total / np.maximum(times, 1)).astype(np.float32)


@pytest.mark.parametrize("change", [None, -0.8])
def test_occlusion_is_the_mean_fall_over_windows(tensor, change):
    def hide(changed, place):
        changed[:, *place] = 0 if change is None else changed[:, *place] + np.float32(change)

    made = Occlusion(window=(8, 6), step=2, change=change, at_once=17).values(tensor, spot, nothing)
    np.testing.assert_array_equal(made, slow_occlusion(tensor, spot, (8, 6), 2, hide))
    assert made.dtype == np.float32
    assert made.max() > 0


@pytest.mark.parametrize("window", [(7, 7), (64, 64)])
def test_occlusion_reaches_every_cell(tensor, window):
    seen = []

    def log_odds(tensors):
        seen.append(tensors[:, 0] == 0)
        return np.zeros(len(tensors), np.float32)

    made = Occlusion(window=window, step=5).values(tensor, log_odds, nothing)
    assert np.concatenate(seen).any(axis=0).all()
    assert not made.any()


def test_rise_is_the_weighted_mean_less_the_mean(tensor):
    """The estimator of the paper, equation 6 over the mean of the masks, recomputed from what the network was shown."""
    shown = []

    def log_odds(tensors):
        shown.append(tensors[:, 0] / tensor[0])
        return spot(tensors)

    made = Rise(masks=120, at_once=50).values(tensor, log_odds, nothing)
    masks = np.concatenate(shown).astype(np.float64)
    assert masks.shape == (120, 40, 30)
    assert masks.min() > -1e-6
    assert masks.max() < 1 + 1e-6
    assert masks.mean() == pytest.approx(0.5, abs=0.03)
    scores = 1 / (1 + np.exp(-spot((masks[:, None] * tensor).astype(np.float32)).astype(np.float64)))
    weighted = (scores[:, None, None] * masks).sum(axis=0) / masks.sum(axis=0)
    np.testing.assert_allclose(made, np.maximum(weighted - scores.mean(), 0), atol=1e-5)


@pytest.mark.parametrize("method", [Occlusion(window=(8, 8), step=4), Rise(masks=300)])
def test_maps_point_at_what_matters_and_are_the_same_each_time(tensor, method):
    made = method.values(tensor, spot, nothing)
    np.testing.assert_array_equal(made, method.values(tensor, spot, nothing))
    assert made.dtype == np.float32
    assert made.min() >= 0
    row, col = np.unravel_index(made.argmax(), made.shape)
    assert SPOT[0].start - 4 <= row < SPOT[0].stop + 4
    assert SPOT[1].start - 4 <= col < SPOT[1].stop + 4


@pytest.mark.parametrize("method", [Occlusion(window=(8, 8), step=4), Rise(masks=60)])
def test_a_score_that_rests_on_nothing_gives_an_empty_map(tensor, method):
    made = method.values(tensor, lambda tensors: np.full(len(tensors), 3, np.float32), nothing)
    assert made.max() < 1e-6


@pytest.mark.parametrize("method", [Occlusion(window=(4, 4), step=2, at_once=8), Rise(masks=300, at_once=8)])
def test_cancel_is_honoured_between_batches(tensor, method):
    forwards = []

    def log_odds(tensors):
        forwards.append(len(tensors))
        return spot(tensors)

    def check():
        if len(forwards) >= 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        method.values(tensor, log_odds, check)
    assert len(forwards) == 3


def test_one_map_for_each_film_and_the_input_stays(tensor):
    inputs = [ModelInput(tensor=tensor), ModelInput(tensor=tensor[:, ::-1].copy())]
    before = [item.tensor.copy() for item in inputs]
    made = Occlusion(window=(8, 8), step=4).maps(inputs, "pneumonia", spot, nothing)
    assert [(item.film, item.finding, item.box) for item in made] == [
        (i, "pneumonia", x.box) for i, x in enumerate(inputs)
    ]
    for item, kept in zip(inputs, before, strict=True):
        np.testing.assert_array_equal(item.tensor, kept)


def test_settings_that_cannot_work():
    for wrong in ({"window": (0, 4), "step": 2}, {"window": (4, 4), "step": 0}):
        with pytest.raises(ValueError, match="at least"):
            Occlusion(**wrong)
    for wrong in ({"masks": 0}, {"cells": 1}, {"seen": 1.0}):
        with pytest.raises(ValueError, match="at least"):
            Rise(**wrong)
