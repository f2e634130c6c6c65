"""Both error rates of the gate, counted film by film."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("sklearn")

from cxrdesk.evaluation import film_check
from cxrdesk.evaluation.datasets import DATASETS
from cxrdesk.evaluation.film_check import in_scope, others, picture, refusal_rates
from cxrdesk.evaluation.intervals import proportion
from cxrdesk.imaging.quality import look
from cxrdesk.imaging.reader import read_radiograph
from tests.made_data import real_data


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """All pictures that are no chest film, made once, with few phantoms."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(film_check, "PART_SEEDS", range(1000, 1002))
        return list(others(tmp_path_factory.mktemp("none")))


@pytest.fixture(scope="module")
def rates(made_data, pictures):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(film_check, "others", lambda data: iter(pictures))
        return refusal_rates(made_data)


def test_rates_are_those_of_films_looked_at_one_by_one(rates, made_data):
    rows = [row for rows in DATASETS.values() for row in rows(made_data) if row.split == "report"]
    counted = dict.fromkeys(["kept", "right", "half", "left", "negative"], 0)
    for row in rows:
        grey = cv2.imread(str(row.path), cv2.IMREAD_GRAYSCALE)
        changed = {
            "kept": grey,
            "right": np.rot90(grey),
            "half": np.rot90(grey, 2),
            "left": np.rot90(grey, 3),
            "negative": 255 - grey,
        }
        for kind, values in changed.items():
            film = replace(read_radiograph(row.path), stored=np.ascontiguousarray(values))
            counted[kind] += not look(film).accepted
    assert rates["split"] == "report"
    assert rates["false_refusals"]["in scope"] == proportion(counted["kept"], len(rows))
    for kind, name in (("right", "90"), ("half", "180"), ("left", "270")):
        assert rates["kinds"][f"turned by {name} degrees"] == proportion(counted[kind], len(rows))
    assert rates["kinds"]["negative"].value == pytest.approx(counted["negative"] / len(rows), abs=1 / len(rows))


def test_each_data_set_is_told_by_itself(rates):
    own = rates["false_refusals"]
    assert set(own) == {"in scope", *(f"in scope: {name}" for name in DATASETS)}
    assert own["in scope"].n == sum(estimate.n for kind, estimate in own.items() if kind != "in scope")


def test_all_kinds_make_up_the_whole(rates):
    hits = sum(estimate.value * estimate.n for estimate in rates["kinds"].values())
    n = sum(estimate.n for estimate in rates["kinds"].values())
    assert rates["refused"].n == n
    assert rates["refused"].value == pytest.approx(hits / n)


def test_every_kind_that_was_promised_is_there(pictures):
    kinds = {kind for kind, _ in pictures}
    assert kinds >= {"simulated hip", "simulated hand", "simulated neck", "noise", "photograph", "CT", "ultrasound"}


def test_no_picture_is_counted_twice(pictures):
    """pydicom brings one CT slice in a dozen transfer syntaxes; it is one picture."""
    digests = [film.digest for _, film in pictures]
    assert len(set(digests)) == len(digests)


def test_most_of_what_is_no_chest_is_refused(pictures):
    refused = [not look(film).accepted for _, film in pictures]
    assert np.mean(refused) >= 0.9


def test_a_grey_picture_fills_eight_bits():
    film = picture(np.array([[-1000.0, 0.0], [500.0, 3000.0]]))
    assert film.stored.dtype == np.uint8
    assert (film.stored.min(), film.stored.max()) == (0, 255)
    assert (picture(np.full((3, 3), 9)).stored == 0).all()


def test_real_films_in_scope_are_accepted_and_others_refused():
    """A small fixed sample; the whole is measured by ``cxrdesk evaluate film-check``."""
    data = real_data()
    sample = []
    for rows in DATASETS.values():
        sample += [row for row in rows(data) if row.split == "report"][:20]
    films = [read_radiograph(row.path) for row in sample]
    assert np.mean([look(film).accepted for film in films]) >= 0.95
    for quarters in (1, 2, 3):
        turned = [replace(film, stored=np.ascontiguousarray(np.rot90(film.stored, quarters))) for film in films]
        assert np.mean([look(film).accepted for film in turned]) <= 0.1
    negatives = [replace(film, inverted=not film.inverted) for film in films]
    assert np.mean([look(film).accepted for film in negatives]) <= 0.1


def test_the_real_hip_is_refused():
    hips = [film for kind, film in _quick_others(real_data()) if kind == "hip"]
    assert len(hips) == 1
    assert not look(hips[0]).accepted


def _quick_others(data: Path):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(film_check, "PART_SEEDS", ())
        return list(others(data))


def test_only_the_split_asked_for_is_read(made_data):
    for split in ("tune", "report"):
        assert {row.split for row, _ in in_scope(made_data, split)} == {split}
