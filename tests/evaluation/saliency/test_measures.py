"""Measures by hand on tiny maps, and against scipy, scikit-learn and definitions written out."""

from __future__ import annotations

import math

import numpy as np
import pytest

stats = pytest.importorskip("scipy.stats")
ndimage = pytest.importorskip("scipy.ndimage")
metrics = pytest.importorskip("sklearn.metrics")

from cxrdesk.api import WHOLE_FILM, Box  # noqa: E402
from cxrdesk.evaluation.saliency import measures  # noqa: E402

TRUTH = np.array([[0, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], bool)


def maps(*values):
    made = np.zeros((3, 4))
    for (row, col), value in values:
        made[row, col] = value
    return made


@pytest.mark.parametrize(
    ("place", "distance"),
    [((1, 1), 0), ((1, 2), 0), ((1, 3), 1 / 4), ((0, 0), math.sqrt(2) / 4), ((2, 3), math.sqrt(2) / 4)],
)
def test_the_pointing_game_is_played_with_the_maximum(place, distance):
    assert measures.miss(maps(((0, 1), 0.5), (place, 0.9)), TRUTH) == pytest.approx(distance)


def test_the_distance_is_scipys_distance_transform():
    rng = np.random.default_rng(3)
    for _ in range(20):
        truth, values = rng.random((15, 21)) > 0.97, rng.random((15, 21))
        truth[4, 7] = True
        row, col = np.unravel_index(values.argmax(), values.shape)
        expected = ndimage.distance_transform_edt(~truth)[row, col] / 21
        assert measures.miss(values, truth) == pytest.approx(expected)


def test_an_empty_map_points_nowhere_and_has_nothing_in_the_region():
    empty = np.zeros((3, 4))
    assert measures.miss(empty, TRUTH) == math.inf
    assert (measures.energy(empty, TRUTH), measures.overlap(empty, TRUTH)) == (0, 0)


def test_energy_is_the_share_of_the_mass():
    assert measures.energy(maps(((1, 1), 3.0), ((0, 0), 1.0)), TRUTH) == pytest.approx(0.75)
    assert measures.energy(np.ones((3, 4)), TRUTH) == pytest.approx(2 / 12)


@pytest.mark.parametrize(
    ("values", "share"),
    [
        ((((1, 1), 2.0), ((1, 2), 1.0), ((0, 0), 0.5)), 1.0),
        ((((1, 1), 2.0), ((0, 0), 1.0), ((1, 2), 0.5)), 1 / 3),
        ((((1, 1), 2.0),), 1 / 2),
        ((((0, 0), 2.0), ((0, 1), 1.0), ((1, 1), 0.5)), 0.0),
    ],
)
def test_overlap_is_of_as_large_a_part_as_the_region(values, share):
    made = maps(*values)
    assert measures.overlap(made, TRUTH) == pytest.approx(share)
    top = np.isin(np.arange(12), np.argsort(-made, axis=None, kind="stable")[:2]) & (made.ravel() > 0)
    assert measures.overlap(made, TRUTH) == pytest.approx(metrics.jaccard_score(TRUTH.ravel(), top))


def test_rank_correlation_is_scipys_and_none_of_a_constant():
    rng = np.random.default_rng(0)
    a, b = rng.random((5, 6)).round(1), rng.random((5, 6)).round(1)
    ranked = [stats.rankdata(values) for values in (a, b)]
    assert measures.rank_correlation(a, b) == pytest.approx(np.corrcoef(*ranked)[0, 1])
    assert measures.rank_correlation(a, a**3) == pytest.approx(1)
    assert measures.rank_correlation(a, -a) == pytest.approx(-1)
    assert measures.rank_correlation(a, np.ones((5, 6))) == 0
    assert measures.correlation(a, b) == pytest.approx(stats.pearsonr(a.ravel(), b.ravel()).statistic)
    assert measures.correlation(np.zeros((5, 6)), b) == 0


def test_similarity_is_one_with_itself_in_any_unit_and_falls_with_noise():
    values = np.random.default_rng(1).random((8, 8)).astype(np.float32)
    assert measures.similarity(values, values) == pytest.approx(1)
    assert measures.similarity(values, 7 * values) == pytest.approx(1, abs=1e-6)
    noise = [values + k * np.random.default_rng(2).random((8, 8)) for k in (0.1, 1, 10)]
    found = [measures.similarity(values, other) for other in noise]
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.5
    assert measures.similarity(values, np.zeros((8, 8))) < 0.2


def test_similarity_is_the_definition_with_scipys_window():
    side = measures.SSIM_SIDE
    a, b = np.random.default_rng(4).random((2, side, side))
    a, b = a / a.max(), b / b.max()

    def local(values):
        return ndimage.gaussian_filter(values, 1.5, mode="reflect", radius=5)

    u, v = local(a), local(b)
    s, t, c = local(a * a) - u * u, local(b * b) - v * v, local(a * b) - u * v
    expected = (2 * u * v + 1e-4) * (2 * c + 9e-4) / ((u * u + v * v + 1e-4) * (s + t + 9e-4))
    assert measures.similarity(a, b) == pytest.approx(expected.mean(), abs=1e-5)


def test_a_map_lies_in_its_box_and_keeps_its_place():
    made = measures.on_film(np.array([[0, 0], [0, 1]], np.float32), Box(x0=0.5, y0=0.25, x1=1, y1=0.75), (16, 20))
    assert made.shape == (16, 20)
    assert not made[:, :10].any()
    assert not made[:4].any()
    assert not made[12:].any()
    assert np.unravel_index(made.argmax(), made.shape)[0] >= 8
    whole = measures.on_film(np.eye(4, dtype=np.float32), WHOLE_FILM, (4, 4))
    np.testing.assert_array_equal(whole, np.eye(4))


def tensor_and_map():
    tensor = np.zeros((1, 20, 20), np.float32)
    tensor[0, :10, :10] = np.random.default_rng(5).normal(0, 1, (10, 10))
    values = np.zeros((2, 2), np.float32)
    values[0, 0] = 1
    return tensor, values


def test_a_map_of_what_counts_deletes_early_and_brings_back_early():
    tensor, values = tensor_and_map()
    fill = measures.blurred(tensor)

    def score(changed):
        return float(np.isclose(changed[:, :8, :8], tensor[:, :8, :8]).mean())

    good = measures.deletion_insertion(score, tensor, values)
    bad = measures.deletion_insertion(score, tensor, values[::-1, ::-1])
    assert (good.whole, good.filled) == (score(tensor), score(fill))
    assert good.deletion < 0.3 < 0.7 < bad.deletion
    assert bad.insertion < 0.3 < 0.7 < good.insertion


def test_areas_are_scikit_learns_of_the_scores_in_order():
    tensor, values = tensor_and_map()
    asked = []

    def score(changed):
        asked.append(float(1 / (1 + np.exp(-changed.sum()))))
        return asked[-1]

    found = measures.deletion_insertion(score, tensor, values)
    whole, filled, rest = asked[0], asked[1], asked[2:]
    x = np.linspace(0, 1, measures.STEPS + 1)
    assert found.deletion == pytest.approx(metrics.auc(x, [whole, *rest[::2], filled]))
    assert found.insertion == pytest.approx(metrics.auc(x, [filled, *rest[1::2], whole]))
    assert found == measures.deletion_insertion(score, tensor, values)


def test_the_share_that_is_blurred_grows_by_equal_steps():
    tensor = np.random.default_rng(6).normal(size=(2, 20, 20)).astype(np.float32)
    shares = []

    def score(changed):
        shares.append(float((changed != tensor).any(axis=0).mean()))
        return 0.5

    found = measures.deletion_insertion(score, tensor, np.ones((3, 3), np.float32))
    np.testing.assert_allclose(shares[2::2], np.linspace(0, 1, measures.STEPS + 1)[1:-1], atol=0.01)
    assert found.deletion == found.insertion == pytest.approx(0.5)


def test_the_fill_is_scipys_blur_of_each_channel():
    tensor = np.random.default_rng(7).normal(size=(2, 40, 30)).astype(np.float32)
    expected = [ndimage.gaussian_filter(channel, 4.0, mode="reflect", truncate=4) for channel in tensor]
    np.testing.assert_allclose(measures.blurred(tensor), np.stack(expected), atol=0.01)
