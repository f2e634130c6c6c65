"""What is taken from an outline, and that classifiers are given nothing else."""

from __future__ import annotations

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")
pytest.importorskip("torch")
pytest.importorskip("sklearn")

from cxrdesk.evaluation.datasets import Row  # noqa: E402
from cxrdesk.imaging.radiograph import View  # noqa: E402
from reproductions.films import Films  # noqa: E402
from reproductions.framing import GRID, UNSEEN, answered, boxes, cut, in_the_film, within_the_box  # noqa: E402
from reproductions.seeds import areas  # noqa: E402


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


def test_a_film_is_cut_to_its_lungs_and_their_margin(tmp_path):
    film = np.zeros((160, 240), np.uint8)
    film[40:120, 60:180] = np.linspace(20, 220, 120).astype(np.uint8)
    path = tmp_path / "film.png"
    cv2.imwrite(str(path), film)
    row = Row(path=path, dataset="made", patient="p", view=View())
    films = Films(pixels=np.zeros((1, 40, 40), np.uint8), labels=np.zeros(1), rows=(row,))
    # A quarter of the way in on each side; the margin is 0.06 of 20 of 40 cells, that is 4.8 rows and 7.2 columns.
    found = cut(films, one(slice(10, 30), slice(10, 30), side=40))
    expected = cv2.resize(film[35:125, 52:187], (40, 40), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(found, expected[np.newaxis])


def test_a_film_without_outline_is_not_cut(tmp_path):
    film = np.arange(1600, dtype=np.uint8).reshape(40, 40)
    path = tmp_path / "film.png"
    cv2.imwrite(str(path), film)
    row = Row(path=path, dataset="made", patient="p", view=View())
    films = Films(pixels=np.zeros((1, 40, 40), np.uint8), labels=np.zeros(1), rows=(row,))
    np.testing.assert_array_equal(cut(films, np.full((1, 40, 40), 255, np.uint8)), film[np.newaxis])
