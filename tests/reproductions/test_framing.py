"""What is taken from an outline, and that classifiers are given nothing else."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")
pytest.importorskip("sklearn")

from reproductions.framing import GRID, UNSEEN, answered, boxes, in_the_film, within_the_box
from reproductions.seeds import areas


def one(rows, columns, side=80):
    mask = np.zeros((1, side, side), np.uint8)
    mask[:, rows, columns] = 255
    return mask


def test_a_box_is_that_of_the_outline_and_of_the_film_where_there_is_none():
    assert boxes(one(slice(8, 60), slice(20, 72)))[0].tolist() == [8, 59, 20, 71]
    assert boxes(np.zeros((1, 80, 80), np.uint8))[0].tolist() == [0, 79, 0, 79]
    assert boxes(one(slice(8, 60), slice(20, 72)) // 3)[0].tolist() == [0, 79, 0, 79]


def test_an_outline_within_its_box_no_longer_tells_where_it_lay():
    near, far = one(slice(4, 44), slice(8, 48)), one(slice(36, 76), slice(40, 80))
    assert (in_the_film(near) != in_the_film(far)).any()
    np.testing.assert_array_equal(within_the_box(near), within_the_box(far))
    assert within_the_box(near).shape == (1, GRID * GRID)
    assert (within_the_box(near) == 1).all()
    assert in_the_film(near).sum() == pytest.approx(GRID * GRID / 4)


@pytest.mark.parametrize("name", UNSEEN)
def test_the_classifier_learns_where_outlines_lie(name):
    rng = np.random.default_rng(0)
    labels = np.arange(120) % 2
    masks = np.concatenate([one(slice(10, 60 + 10 * y), slice(10 + k % 5, 50 + k % 7)) for k, y in enumerate(labels)])
    # Those are hollow too, which is all that is left within a box.
    masks[labels == 1, 20:40, 20:40] = 0
    given = UNSEEN[name](masks)
    found = answered(dict.fromkeys(("train", "tune", "report"), given), labels)
    assert set(found) == {"tune", "report"}
    assert areas(labels, found["report"][np.newaxis]) > 0.99
    assert areas(labels, answered({"train": given, "tune": given, "report": given[rng.permutation(120)]}, labels)[
        "report"][np.newaxis]) < 0.8  # fmt: skip
