"""Distances between outlines: against scipy's own, against what a ruler says, and where there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("scipy")

from scipy.spatial.distance import directed_hausdorff

from cxrdesk.evaluation.surfaces import hausdorff


def box(rows, cols, top, left, bottom, right):
    mask = np.zeros((rows, cols), bool)
    mask[top:bottom, left:right] = True
    return mask


def test_a_shift_is_as_far_as_it_is_long():
    mask = box(60, 60, 10, 10, 40, 40)
    assert hausdorff(mask, mask, (0.5, 0.5)) == 0
    down, across = (hausdorff(mask, np.roll(mask, 4, axis), (0.5, 0.2), 100) for axis in (0, 1))
    assert down == pytest.approx(4 * 0.5)
    assert across == pytest.approx(4 * 0.2)


def test_the_greatest_distance_is_scipys():
    rng = np.random.default_rng(0)
    for _ in range(5):
        a, b = (box(40, 50, *rng.integers(2, 15, 2), *rng.integers(20, 38, 2)) for _ in range(2))
        edges = []
        for mask in (a, b):
            inner = mask[1:-1, 1:-1] & mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
            edge = mask.copy()
            edge[1:-1, 1:-1] &= ~inner
            edges.append(np.argwhere(edge) * (0.3, 0.7))
        wanted = max(directed_hausdorff(*edges)[0], directed_hausdorff(*edges[::-1])[0])
        assert hausdorff(a, b, (0.3, 0.7), 100) == pytest.approx(wanted)
        assert hausdorff(a, b, (0.3, 0.7)) == hausdorff(b, a, (0.3, 0.7)) <= wanted


def test_a_stray_spot_counts_only_at_the_greatest_distance():
    truth = box(100, 100, 20, 20, 80, 80)
    mask = truth.copy()
    mask[2, 2] = True
    assert hausdorff(mask, truth, (1, 1)) == 0
    assert hausdorff(mask, truth, (1, 1), 100) == pytest.approx(math.hypot(18, 18))


def test_an_outline_that_is_not_there_is_at_no_distance():
    mask = box(10, 10, 2, 2, 8, 8)
    assert math.isnan(hausdorff(mask, np.zeros_like(mask), (1, 1)))
    assert math.isnan(hausdorff(np.zeros_like(mask), mask, (1, 1)))
