"""The heads against the description, where maps point, and the study on made films."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
pytest.importorskip("sklearn")
pytest.importorskip("lightning")

from reproductions import asthma_sequence, asthma_told, heads  # noqa: E402
from reproductions.__main__ import main  # noqa: E402
from reproductions.asthma_sequence import (  # noqa: E402
    GEOMETRY,
    HEADS_TOGETHER,
    PLAIN,
    SEQUENCE,
    SETS,
    TOGETHER,
    Kind,
    one_cycle,
)
from reproductions.films import FOLDS, Films  # noqa: E402
from reproductions.pointing import hirescam, pointed  # noqa: E402
from reproductions.runs import Run, Scored  # noqa: E402
from tests.reproductions import made  # noqa: E402


def test_the_described_head_reads_a_projection_of_1024_numbers_with_64_units():
    head = heads.Steps().eval()
    assert [p.out_features for p in head.project if isinstance(p, torch.nn.Linear)] == [1024]
    assert (head.lstm.hidden_size, head.lstm.input_size) == (64, 128)
    cells = torch.rand(3, 2048, 3, 3)
    with torch.inference_mode():
        assert head(cells).shape == (3, 1)
        # The mean of the cells alone counts, wherever they are.
        torch.testing.assert_close(head(cells), head(cells.flip(2)))


def test_the_head_over_cells_reads_them_in_their_order():
    head, cells = heads.Cells().eval(), torch.rand(3, 2048, 3, 3)
    seen = []
    head.lstm.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    with torch.inference_mode():
        first, turned = head(cells), head(cells.flip(2))
    assert seen[0].shape == (3, 9, 2048)
    torch.testing.assert_close(seen[0][:, 1], cells[:, :, 0, 1])
    assert not torch.allclose(first, turned)


def test_heads_together_see_the_same_features():
    network = heads.Headed(("plain", "steps", "plain")).eval()
    films = torch.rand(2, 1, heads.SIDE, heads.SIDE)
    with torch.inference_mode():
        logits = network(films)
        cells = network.features.forward_features(films)
        assert cells.shape == (2, 2048, 3, 3)
        for k, head in enumerate(network.heads):
            torch.testing.assert_close(logits[:, k : k + 1], head(cells))
    assert logits.shape == (2, 3)
    assert not torch.equal(logits[:, 0], logits[:, 2])
    assert set(HEADS_TOGETHER) == set(heads.HEADS)


@pytest.mark.parametrize("name", ["resnet50", "densenet121"])
def test_baselines_have_a_layer_to_look_at(name):
    network = heads.plain(name)
    assert isinstance(network.get_submodule(heads.LAYERS[name]), torch.nn.Module)
    assert network.get_classifier().out_features == 1


def test_augmentation_is_conservative():
    assert GEOMETRY.flip == 0.0
    film = np.full((32, 32), 100, np.uint8)
    found = asthma_sequence.changed(film, np.random.default_rng(0))
    assert (found.dtype, found.shape) == (np.uint8, (32, 32))


def test_the_rate_rises_and_falls_once():
    for steps in (1, 2, 40):
        optimiser = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
        schedule, rates = one_cycle(optimiser, steps), []
        for _ in range(steps):
            rates.append(optimiser.param_groups[0]["lr"])
            optimiser.step()
            schedule.step()
        turns = np.diff(np.sign(np.diff(rates)))
        assert np.count_nonzero(turns) <= 1
        assert max(rates) <= 0.1 + 1e-12


class Corner(torch.nn.Module):
    """Its logit is the brightness of the lower right quarter."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.AvgPool2d(8)

    def forward(self, films):
        shares = self.layer(films * torch.ones(1, requires_grad=True))
        return shares[:, 0, 1:, 1:].mean(dim=(1, 2))[:, None]


def outlined(tmp_path, inside):
    """Four bright films, the first without an outline."""
    mask = np.zeros((16, 16), np.uint8)
    mask[inside] = 255
    path = tmp_path / "mask.png"
    cv2.imwrite(str(path), mask)
    films = made.films(4)
    labels = np.ones(4, np.int64)
    rows = tuple(
        replace(row, labels={"hyperinflation": 1}, finding_masks={"hyperinflation": path} if k else {})
        for k, row in enumerate(films.rows)
    )
    return Films(pixels=np.full((4, 16, 16), 200, np.uint8), labels=labels, rows=rows)


@pytest.mark.parametrize(
    ("inside", "hit", "area"),
    [(np.s_[8:, 8:], 1.0, 0.25), (np.s_[:8, :8], 0.0, 0.25)],
)
def test_maps_are_set_against_the_true_region(tmp_path, inside, hit, area):
    films = outlined(tmp_path, inside)
    found = pointed(Corner(), "layer", films, "hyperinflation")
    assert found["film"].tolist() == [1, 2, 3]
    assert found["hit"].tolist() == [hit] * 3
    assert found["area"].tolist() == [area] * 3
    assert all(found["energy"] > 0.7) if hit else all(found["energy"] < 0.1)


def test_hirescam_is_the_one_of_the_package(tmp_path):
    package = pytest.importorskip("pytorch_grad_cam")
    torch.manual_seed(0)
    network = made.network(1).eval()
    with torch.no_grad():
        network[4].weight.abs_()
    films = made.films(3)
    maps = hirescam(network, "1", films)
    with package.HiResCAM(network, [network[1]]) as cam:
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        from reproductions.learning import as_input

        theirs = cam(as_input(films.pixels, 1), [ClassifierOutputTarget(0)] * 3)
    for own, other in zip(maps, theirs, strict=True):
        # The package stretches each map to the film and scales it to 0..1.
        stretched = cv2.resize(own, other.shape[::-1])
        assert np.corrcoef(stretched.ravel(), other.ravel())[0, 1] > 0.99999


def scored(labels, probabilities):
    return Scored(labels=labels, probabilities=probabilities, patients=[str(k) for k in range(len(labels))])


def test_calibration_is_measured_before_and_after():
    from cxrdesk.evaluation.calibration import temperature

    rng = np.random.default_rng(0)
    truth = rng.uniform(0, 1, 600)
    labels = (rng.uniform(0, 1, 600) < truth).astype(np.int64)
    # Twice as sure as it may be.
    raw = 1 / (1 + np.exp(-2 * np.log(truth / (1 - truth))))
    run = Run(tune=scored(labels, raw), report=scored(labels, raw), seconds_s=1.0)
    told = asthma_told.calibrated([run], [temperature(labels, raw, "")])
    assert told["methods"] == ["temperature"]
    before, after = (told[name]["calibration_error"] for name in ("raw", "calibrated"))
    assert after["value"] < before["low"]
    assert told["calibrated"]["brier"]["value"] < told["raw"]["brier"]["value"]


def test_sets_are_of_seeds_that_nothing_shipped_learnt_from():
    from cxrdesk.training.simulated import SEEDS

    seeds = [order.seed for orders, _ in SETS.values() for order in orders]
    assert len(set(seeds)) == len(seeds)
    assert not set(seeds) & {seed + 10 * k for seed in SEEDS.values() for k in range(3)}
    assert {order.variant for order in SETS["strong"][0]} == {"strong"}
    assert "strong" not in {order.variant for name in ("train", "tune", "same") for order in SETS[name][0]}


class Several(torch.nn.Module):
    """The least that can learn, with a logit for each head."""

    def __init__(self, heads):
        super().__init__()
        self.layer = torch.nn.Conv2d(1, 4, 3)
        self.head = torch.nn.Linear(4, heads)

    def forward(self, films):
        return self.head(torch.relu(self.layer(films)).mean(dim=(2, 3)))


def test_a_study_runs_from_its_command_and_writes_its_figures(tmp_path, monkeypatch):
    children, chests = made.films(2600, side=8), made.of_sets(200, *SETS, side=8)
    mask = tmp_path / "mask.png"
    cv2.imwrite(str(mask), np.full((8, 8), 255, np.uint8))
    rows = tuple(
        replace(row, labels={"hyperinflation": int(label)}, finding_masks={"hyperinflation": mask} if label else {})
        for row, label in zip(chests.rows, chests.labels, strict=True)
    )
    chests = replace(chests, rows=rows)
    monkeypatch.setattr(asthma_sequence, "paediatric", lambda data, side: children)
    monkeypatch.setattr(asthma_sequence, "drawn", lambda sets, out, finding, side: chests)
    monkeypatch.setattr(asthma_sequence, "simulated_scores", lambda *given: np.full(len(given[2].labels), 0.5))
    monkeypatch.setattr(asthma_sequence, "pneumonia_scores", lambda *given: np.full(len(given[1].labels), 0.5))
    monkeypatch.setattr(asthma_sequence, "shipped_threshold", lambda fold: 0.4)
    monkeypatch.setattr(asthma_sequence, "PASSES", 1500)
    monkeypatch.setattr("cxrdesk.evaluation.intervals.RESAMPLES", 5)
    monkeypatch.setattr("cxrdesk.evaluation.choices.RESAMPLES", 5)
    how = replace(asthma_sequence.HOW, batch=200, change=None, optimiser=partial(torch.optim.Adam, lr=0.1))
    monkeypatch.setattr(asthma_sequence, "HOW", how)
    kinds = {
        name: Kind(build=partial(Several, len(logits)), layer="layer", logits=logits)
        for name, logits in ((SEQUENCE, ("alone",)), (PLAIN, ("alone",)), (TOGETHER, tuple(heads.HEADS)))
    }
    monkeypatch.setattr(asthma_sequence, "KINDS", kinds)
    monkeypatch.setattr(asthma_sequence, "ALONE", (SEQUENCE, PLAIN))
    monkeypatch.setattr(asthma_sequence, "HEADS_TOGETHER", tuple(heads.HEADS))
    monkeypatch.setattr(asthma_sequence, "FOLDS", FOLDS[:2])
    main(["asthma-sequence", "--data", str(tmp_path), "--out", str(tmp_path / "out")])
    results = json.loads((tmp_path / "out" / "results.json").read_text())["results"]
    assert results["started_from"].startswith("random weights")
    assert list(results["folds"]) == [fold.name for fold in FOLDS[:2]]
    for told in (results["phantoms"]["strong"], results["folds"]["patients"]):
        assert set(told["alone"]) == {SEQUENCE, PLAIN}
        assert set(told["same_features"]) == {"plain", "projected", "steps", "cells"}
        assert told["same_features"]["steps"]["over_seeds"]["auc"]["seeds"] == 1
        one = told["alone"][SEQUENCE]
        assert one["thresholds"] == [0.5]
        assert one["for_specificity"]["over_seeds"]["auc"] == one["over_seeds"]["auc"]
        assert set(told["sequence_less"]["trained alone"]) == {PLAIN}
        gained = told["sequence_less"]["on the same features"]["steps less plain"]
        assert len(gained["delong"]) == 1
        assert gained["low"] <= gained["value"] <= gained["high"]
        assert told["shipped"]["shipped"]["auc"]["value"] == 0.5
    where = results["phantoms"]["saliency"][SEQUENCE]
    assert where["films"] == 100
    assert where["area"]["value"] == 1.0
    assert len(list(Path(tmp_path / "out" / "runs").glob("*.npz"))) == 3 * len(kinds)
