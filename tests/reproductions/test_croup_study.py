"""The rebuilt network against the description, and the study on made films."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")
pytest.importorskip("lightning")
pytest.importorskip("cxrdesk_croup")

from reproductions import croup_gan, croup_network, phantoms  # noqa: E402
from reproductions.__main__ import main  # noqa: E402
from reproductions.croup_gan import SETS, VARIANTS, AgainstChests, rmsprop  # noqa: E402
from reproductions.dcgan import generator  # noqa: E402
from tests.reproductions import made  # noqa: E402


def test_the_network_is_the_one_described():
    network = croup_network.as_described().eval()
    convolutions = [part for part in network.modules() if isinstance(part, torch.nn.Conv2d)]
    assert [part.out_channels for part in convolutions] == [8, 16]
    assert network.lstm.hidden_size == 100
    assert network(torch.zeros(3, 1, 128, 128)).shape == (3, 1)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in network.modules())
    # By hand: both convolutions, four gates over 16 channels of 32 columns and 100 units with two biases, one output.
    assert sum(p.numel() for p in network.parameters()) == (9 + 1) * 8 + (72 + 1) * 16 + 4 * 100 * (512 + 100 + 2) + 101


def test_the_lstm_loses_the_same_inputs_at_every_row():
    network = croup_network.as_described().train()
    network.maps = torch.nn.Identity()
    seen = []
    network.lstm.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    torch.manual_seed(0)
    network(torch.ones(2, 16, 32, 32))
    (rows,) = seen
    assert rows.shape == (2, 32, 512)
    lost = rows == 0
    assert (lost == lost[:, :1]).all()
    assert 0.15 < float(lost.float().mean()) < 0.35
    assert not torch.equal(lost[0], lost[1])


def test_training_is_the_one_described():
    described = VARIANTS["as described"].how
    assert (described.batch, described.epochs) == (8, 100)
    parameter = torch.nn.Parameter(torch.ones(1))
    (group,) = described.optimiser([parameter]).param_groups
    assert (group["lr"], group["alpha"], group["eps"]) == (1e-4, 0.9, 1e-7)
    printed = VARIANTS["as described, at the rate of 1e-6 that is printed"].how
    assert printed.optimiser([parameter]).param_groups[0]["lr"] == 1e-6
    assert isinstance(rmsprop(1e-4)([parameter]), torch.optim.RMSprop)


def test_the_shipped_network_sees_the_middle_columns():
    network = croup_network.as_shipped().eval()
    films = torch.rand(2, 1, 128, 128)
    edges = films.clone()
    edges[..., :32] = 0
    edges[..., -32:] = 0
    with torch.inference_mode():
        torch.testing.assert_close(network(films), network(edges))
        assert not torch.equal(network(films), network(torch.rand(2, 1, 128, 128)))


def test_sets_are_of_seeds_that_nothing_shipped_learnt_from():
    from cxrdesk.training.simulated import SEEDS

    seeds = [order.seed for orders, _ in SETS.values() for order in orders]
    assert len(set(seeds)) == len(seeds)
    assert not set(seeds) & set(SEEDS.values())


def everything():
    return made.of_sets(40, *SETS)


def test_against_chests_every_neck_has_croup():
    films = everything()
    parts = AgainstChests().parts(films)
    for part, necks, chests in zip(
        parts, ("train", "tune", "same"), ("to train", "to choose", "to report"), strict=True
    ):
        families = np.array([row.family for row in part.rows])
        assert (families == necks).sum() == 20
        assert all(part.labels[families == necks] == 1)
        assert all(chests in name for name in families[families != necks])
    patients = [set(part.patients) for part in parts]
    assert not patients[0] & patients[1] | patients[0] & patients[2] | patients[1] & patients[2]


def test_sets_are_drawn_once_and_labelled(tmp_path, monkeypatch):
    orders = {name: ([replace(order, size=64) for order in orders], 2) for name, (orders, _) in SETS.items()}
    two = {name: orders[name] for name in ("train", "chests to report")}
    films = phantoms.drawn(two, tmp_path, croup_gan.FINDING, 32)
    assert films.pixels.shape == (4, 32, 32)
    assert [row.family for row in films.rows] == ["train"] * 2 + ["chests to report"] * 2
    assert films.labels[2:].tolist() == [0, 0]
    monkeypatch.setattr(phantoms, "produce", lambda *given, **more: pytest.fail("drawn again"))
    again = phantoms.drawn(two, tmp_path, croup_gan.FINDING, 32)
    np.testing.assert_array_equal(again.pixels, films.pixels)
    order = orders["train"][0][0]
    with pytest.raises(ValueError, match="share patients"):
        phantoms.drawn({"a": ([order], 1), "b": ([order], 1)}, tmp_path, croup_gan.FINDING, 32)


def test_a_study_runs_from_its_command_and_writes_its_figures(tmp_path, monkeypatch):
    films = made.of_sets(160, *SETS, side=8)
    monkeypatch.setattr(croup_gan, "drawn", lambda sets, out, finding, side: films)
    monkeypatch.setattr("reproductions.generated.learnt", lambda *given: generator(8, 2))
    monkeypatch.setattr(
        croup_gan, "simulated_scores", lambda name, finding, report, out: np.full(len(report.labels), 0.5)
    )
    monkeypatch.setattr("cxrdesk.evaluation.intervals.RESAMPLES", 20)
    quick = {
        name: replace(
            variant,
            build=partial(made.network, 1),
            how=replace(variant.how, epochs=1, batch=80, optimiser=partial(torch.optim.Adam, lr=0.05)),
        )
        for name, variant in VARIANTS.items()
        if "," not in name or "with generated" in name or "chests" in name
    }
    monkeypatch.setattr(croup_gan, "VARIANTS", quick)
    main(["croup-gan", "--out", str(tmp_path), "--seeds", "2"])
    told = json.loads((tmp_path / "results.json").read_text())
    results = told["results"]
    assert told["seeds"] == 2
    assert told["seconds"] >= 0
    assert results["published"]["truth"] == "rows are the truth"
    assert results["started_from"].startswith("random weights")
    cell = results["cells"]["strong"]["as described"]
    assert (cell["films"], cell["positives"]) == (160, 80)
    assert cell["thresholds"] == [0.5, 0.5]
    assert cell["over_seeds"]["auc"]["seeds"] == 2
    assert list(results["necks_against_chests"]) == ["as described, necks against chests"]
    gained = results["differences"]["same"]["shipped network, with generated films"]
    assert gained["than"] == "shipped network"
    assert -1 <= gained["low"] <= gained["value"] <= gained["high"] <= 1
    assert len(gained["delong"]) == 2
    assert set(results["differences"]["strong"]) == {name for name in quick if "with generated" in name}
    assert results["share_generated"]["as described"] == 0.0
