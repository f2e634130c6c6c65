"""The GAN, and that its films are learnt from and nothing else."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from reproductions import generated as module  # noqa: E402
from reproductions.dcgan import LATENT, Rivalry, discriminator, generator, learnt, made_by  # noqa: E402
from reproductions.films import Films  # noqa: E402
from reproductions.generated import Enlarged, enlarged, generated, is_generated, sheet, together, wanted  # noqa: E402
from reproductions.phantoms import Sets  # noqa: E402
from tests.reproductions import made  # noqa: E402

SETS = Sets(name="made", report=frozenset({"report"}))
FEW = Rivalry(steps=3, batch=8, width=2)


@pytest.mark.parametrize("side", [16, 128])
def test_both_networks_are_those_of_radford(side):
    maker, judge = generator(side, 4), discriminator(side, 4)
    films = maker(torch.zeros(2, LATENT, 1, 1))
    assert films.shape == (2, 1, side, side)
    assert judge(films).shape == (2, 1)
    kinds = {type(part) for network in (maker, judge) for part in network.modules()}
    assert not kinds & {torch.nn.MaxPool2d, torch.nn.AvgPool2d, torch.nn.Linear}
    weights = torch.cat([p.detach().flatten() for n, p in maker.named_parameters() if p.ndim == 4])
    assert float(weights.std()) == pytest.approx(0.02, rel=0.1)


@pytest.mark.parametrize("side", [4, 100, 48])
def test_other_sides_are_refused(side):
    with pytest.raises(ValueError, match="side"):
        generator(side, 4)


def test_generated_films_come_to_look_like_those_learnt_from():
    films = made.films(64, side=8)
    bright = films.pixels[films.labels == 1]
    maker = learnt(bright, Rivalry(steps=80, batch=16, width=8, rate=2e-3), 0, "made")
    found = made_by(maker, 40, 0)
    assert found.dtype == np.uint8
    assert found.shape == (40, 8, 8)
    assert abs(found.mean() - bright.mean()) < 25
    np.testing.assert_array_equal(found, made_by(maker, 40, 0))


def test_each_generator_sees_the_training_films_of_one_class(tmp_path, monkeypatch):
    films = made.of_sets(40, "train", "tune", "report")
    train = SETS.parts(films)[0]
    seen = []

    def spied(pixels, how, seed, told):
        seen.append(pixels)
        return generator(16, 2)

    monkeypatch.setattr(module, "learnt", spied)
    found = generated(tmp_path, train, 30, FEW, 0)
    assert len(seen) == 2
    for label, pixels in enumerate(seen):
        np.testing.assert_array_equal(pixels, train.pixels[train.labels == label])
    assert found.labels.tolist() == [0] * 15 + [1] * 15
    assert is_generated(found)
    monkeypatch.setattr(module, "learnt", lambda *given: pytest.fail("learnt again"))
    np.testing.assert_array_equal(generated(tmp_path, train, 30, FEW, 0).pixels, found.pixels)


def test_a_sheet_shows_real_films_above_generated_ones(tmp_path):
    train = made.of_sets(8, "train")
    found = generated(tmp_path, train, 6, FEW, 0)
    sheet(tmp_path / "sheet.png", train, found, columns=4)
    picture = cv2.imread(str(tmp_path / "sheet.png"), cv2.IMREAD_GRAYSCALE)
    assert picture.shape == (4 * 16, 4 * 16)
    np.testing.assert_array_equal(picture[16:32, :16], train.pixels[train.labels == 1][0])
    np.testing.assert_array_equal(picture[48:, :16], found.pixels[found.labels == 1][0])
    assert not picture[48:, 48:].any()


def test_no_generator_learns_from_generated_films(tmp_path):
    train = made.of_sets(8, "train")
    both = together(train, generated(tmp_path, train, 8, FEW, 0))
    with pytest.raises(ValueError, match="real films"):
        generated(tmp_path / "again", both, 8, FEW, 0)


@pytest.mark.parametrize(("share", "real", "others"), [(0.25, 40, 13), (0.5, 40, 40), (1.0, 0, 40)])
def test_generated_films_are_in_training_alone(tmp_path, share, real, others):
    films = made.of_sets(40, "train", "tune", "report")
    split = Enlarged(split=SETS, made=generated(tmp_path, SETS.parts(films)[0], 40, FEW, 0), share=share)
    train, tune, report = split.parts(films)
    whence = np.array([row.dataset == module.GENERATED for row in train.rows])
    assert (int((~whence).sum()), int(whence.sum())) == (real, others)
    assert abs(int(train.labels[whence].sum()) * 2 - others) <= 2
    assert not is_generated(tune)
    assert not is_generated(report)
    assert split.name == SETS.name


@pytest.mark.parametrize("part", ["tune", "report"])
def test_a_generated_film_among_those_that_are_measured_on_is_refused(tmp_path, part):
    films = made.of_sets(40, "train", "tune", "report")
    found = generated(tmp_path, SETS.parts(films)[0], 4, FEW, 0)
    smuggled = Films(
        pixels=found.pixels, labels=found.labels, rows=tuple(replace(row, family=part) for row in found.rows)
    )
    split = Enlarged(split=SETS, made=found, share=0.05)
    with pytest.raises(ValueError, match="never chosen or reported on"):
        split.parts(together(films, smuggled))


def test_more_films_than_were_made_are_refused(tmp_path):
    train = made.of_sets(40, "train")
    with pytest.raises(ValueError, match="40 generated films are wanted"):
        enlarged(train, generated(tmp_path, train, 10, FEW, 0), 0.5)
    assert [wanted(300, share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)] == [0, 100, 300, 900, 300]


def test_no_set_is_in_two_parts():
    with pytest.raises(ValueError, match="two parts"):
        Sets(name="made", report=frozenset({"train"}))
    with pytest.raises(ValueError, match="two parts"):
        Sets(name="made", tune=frozenset({"train", "tune"}), report=frozenset({"report"}))
