"""Places of findings: read beside their films, moved as their films are, and learnt where they are known."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from cxrdesk.evaluation.labelled import labelled  # noqa: E402
from cxrdesk.imaging.phantom.batch import Order, produce, recorded  # noqa: E402
from cxrdesk.imaging.preprocess import WHOLE_FILM, InputSpec  # noqa: E402
from cxrdesk.training.augment import Geometry, warp  # noqa: E402
from cxrdesk.training.located import (  # noqa: E402
    Located,
    LocatedDraws,
    LocatedFit,
    LocatedFixed,
    places_of,
)

SPEC = InputSpec(size=(160, 160))
FINDINGS = ("effusion", "edema")


def blob(shape, centre, radius):
    picture = np.zeros(shape, np.uint8)
    cv2.circle(picture, centre, radius, 255, -1)
    return picture


def example(**changes):
    """A bright disc on black, whose place is the disc; the second finding is absent."""
    disc = blob((240, 200), (130, 80), 40)
    small = cv2.resize(disc, (53, 64), interpolation=cv2.INTER_AREA)
    told = {"film": disc, "box": WHOLE_FILM, "labels": (1.0, 0.0), "known": (True, True)}
    return Located(**told | {"places": np.stack([small, np.zeros_like(small)])} | changes)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    order = Order(kinds=("chest-pa",), findings=(("effusion", 0.9), ("edema", None)), prevalence=1.0, size=128)
    list(recorded(produce(order, 3, folder, formats=("png",)), order, folder))
    return list(labelled(folder).values())


def test_places_are_those_of_the_simulator(rows):
    row = rows[0]
    told = places_of(row, (1.0, 1.0), FINDINGS, (128, 128))
    assert told["known"] == (True, True)
    mask = cv2.imread(str(row.path.parent.parent / "masks" / f"{row.path.stem}-effusion.png"), cv2.IMREAD_GRAYSCALE)
    assert told["places"].shape == (2, 64, 64)
    assert told["places"][0].mean() == pytest.approx(mask.mean(), rel=0.02)


@pytest.mark.parametrize("label", [0.7, math.nan])
def test_the_place_of_what_is_uncertain_is_not_known(rows, label):
    told = places_of(rows[0], (label, 0.0), FINDINGS, (128, 128))
    assert told["known"] == (False, True)
    assert not told["places"].any()


def test_films_without_masks_know_only_where_nothing_is(rows):
    row = replace(rows[0], path=rows[0].path.parent / "other.png")
    told = places_of(row, (1.0, 0.0), FINDINGS, (128, 128))
    assert told["known"] == (False, True)


def test_places_move_with_their_film():
    """The film is its own outline: both must still agree after any change."""
    turned = Geometry(rotation_degrees=20, scale=0.3, aspect=0.3, shift=0.2, flip=0.5)
    draws = LocatedDraws([example()], SPEC, [1.0], 40, seed=3, geometry=turned, strength=0.0)
    agreements = []
    for number in range(40):
        matrix = turned.draw(draws.rng(number), (240, 200), SPEC.size)
        film = warp(example().film, matrix, SPEC.size).astype(np.float32) / 255
        labels, places, known = draws[number][1]
        assert labels.tolist() == [1.0, 0.0]
        assert known.tolist() == [True, True]
        assert places.shape == (2, 40, 40)
        assert not places[1].any()
        seen = cv2.resize(film, (40, 40), interpolation=cv2.INTER_AREA)
        agreements.append(2 * np.minimum(seen, places[0].numpy()).sum() / (seen.sum() + places[0].numpy().sum()))
    assert min(agreements) > 0.9


def test_a_film_as_the_viewer_prepares_it_keeps_its_place():
    image, (labels, places, _) = LocatedFixed([example()], SPEC)[0]
    assert image.shape == (1, 160, 160)
    assert labels.tolist() == [1.0, 0.0]
    centre = np.array(np.nonzero(places[0].numpy() > 0.5)).mean(axis=1)
    assert centre == pytest.approx((80 / 240 * 40, 130 / 200 * 40), abs=0.7)


class Maps(torch.nn.Module):
    """One map for each finding, straight from the film."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(1, 2, 1)

    def located(self, films):
        maps = self.layer(torch.nn.functional.avg_pool2d(films, 8))
        return maps.mean(dim=(2, 3)), maps

    def forward(self, films):
        return self.located(films)[0]


def batch(known=((True, True), (True, True))):
    places = torch.zeros(2, 2, 40, 40)
    places[:, 0, 10:20, 10:20] = 1
    return places, torch.tensor(known)


def test_right_maps_cost_nothing_and_wrong_ones_much():
    module = LocatedFit(Maps())
    places, known = batch()
    right = (torch.nn.functional.avg_pool2d(places, 2) * 2 - 1) * 20
    assert module.of_places(right, places, known) < 0.02
    assert module.of_places(-right, places, known) > 10


def test_unknown_places_do_not_count():
    module = LocatedFit(Maps())
    places, known = batch(known=((False, True), (False, True)))
    wrong = (torch.nn.functional.avg_pool2d(places, 2) * 2 - 1) * -20
    # The second finding is absent, and its map far below 0: that costs nothing.
    wrong[:, 1] = -20
    assert module.of_places(wrong, places, known) < 1e-3
    assert torch.isfinite(module.of_places(wrong, places, torch.zeros(2, 2, dtype=torch.bool)))


def test_the_gradient_of_places_reaches_the_network():
    module = LocatedFit(Maps())
    module.log = lambda *told, **more: None
    places, known = batch()
    labels = torch.tensor([[1.0, 0.0], [1.0, float("nan")]])
    loss = module.training_step((torch.rand(2, 1, 160, 160), (labels, places, known)), 0)
    loss.backward()
    assert torch.isfinite(loss)
    assert module.network.layer.weight.grad.abs().sum() > 0
