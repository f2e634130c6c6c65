"""The rebuilt network against the description, and the study's machinery on made films."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("sklearn")

from reproductions import pneumonia_inception, runs  # noqa: E402
from reproductions.__main__ import main  # noqa: E402
from reproductions.films import FOLDS, paediatric  # noqa: E402
from reproductions.inception import SIDE, Module, build  # noqa: E402
from reproductions.learning import Learning, as_input, learn, scores  # noqa: E402
from tests.reproductions.made_films import made  # noqa: E402


def conv(channels, filters, rows, cols):
    return channels * filters * rows * cols + filters


def test_the_network_is_the_one_described():
    network = build().eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, SIDE, SIDE)).shape == (2, 1)
        sizes = [tuple(network[: k + 1](torch.zeros(1, 3, SIDE, SIDE)).shape[1:]) for k in (0, 2, 4, 6, 7, 8, 9)]
    assert sizes == [
        (32, 74, 74),
        (32, 72, 72),
        (64, 72, 72),
        (64, 35, 35),
        (176, 35, 35),
        (320, 35, 35),
        (320, 11, 11),
    ]
    # By hand, from the filters of the description.
    stem = conv(3, 32, 3, 3) + conv(32, 32, 3, 3) + conv(32, 64, 3, 3)
    first = (
        conv(64, 64, 1, 1)
        + conv(64, 48, 1, 1) + conv(48, 64, 3, 1) + conv(64, 64, 1, 3)
        + conv(64, 8, 1, 1) + conv(8, 16, 5, 1) + conv(16, 16, 1, 5)
        + conv(64, 32, 1, 1)
    )  # fmt: skip
    second = (
        conv(176, 128, 1, 1)
        + conv(176, 64, 1, 1) + conv(64, 96, 3, 1) + conv(96, 96, 1, 3)
        + conv(176, 16, 1, 1) + conv(16, 32, 5, 1) + conv(32, 32, 1, 5)
        + conv(176, 64, 1, 1)
    )  # fmt: skip
    head = conv(320, 64, 1, 1) + 64 * 11 * 11 * 128 + 128 + 128 + 1
    assert sum(p.numel() for p in network.parameters()) == stem + first + second + head
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in network.modules())
    assert Module(64, (64, 48, 64, 8, 16, 32)).channels == 176


def small():
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
                               torch.nn.Flatten(), torch.nn.Linear(4, 1))  # fmt: skip


HOW = Learning(epochs=12, batch=8, optimiser=partial(torch.optim.Adam, lr=0.02))


def test_a_network_learns_and_its_scores_are_probabilities():
    torch.manual_seed(0)
    films, network = made(), small()
    learn(network, films, replace(HOW, weighted=True), 0, "made")
    found = scores(network, films, 3)
    assert found.dtype == np.float64
    assert (found[films.labels == 1].min() > found[films.labels == 0].max()).all()


def test_films_become_three_equal_channels_of_shares():
    batch = as_input(np.full((2, 4, 4), 51, np.uint8), 3)
    assert batch.shape == (2, 3, 4, 4)
    assert batch.unique().tolist() == pytest.approx([0.2])


def test_what_a_run_kept_is_not_trained_again(tmp_path, monkeypatch):
    films, fold = made(200), FOLDS[1]
    first = runs.run(tmp_path, "made", small, films, fold, HOW, 3)
    monkeypatch.setattr(runs, "learn", lambda *given: pytest.fail("trained again"))
    again = runs.run(tmp_path, "made", small, films, fold, HOW, 3)
    np.testing.assert_array_equal(first.report.probabilities, again.report.probabilities)
    assert first.seconds_s == again.seconds_s > 0
    assert [path.name for path in tmp_path.iterdir()] == ["made, left out IM, seed 3.npz"]


def test_seconds_are_those_of_the_files_that_were_used(tmp_path):
    assert runs.kept(runs.file_of(tmp_path, "a", "b: c"), lambda: {"x": np.zeros(2)})["x"].shape == (2,)
    (tmp_path / "cut off.part.npz").write_bytes(b"PK")
    with runs.counted() as spent:
        runs.kept(runs.file_of(tmp_path, "d"), lambda: {"x": np.zeros(2)})
        runs.kept(runs.file_of(tmp_path, "d"), lambda: pytest.fail("made again"))
    assert list(spent) == [tmp_path / "d.npz"]
    assert spent[tmp_path / "d.npz"] > 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a, b c.npz", "cut off.part.npz", "d.npz"]


@pytest.mark.parametrize("fold", FOLDS, ids=lambda item: item.name)
def test_no_patient_and_no_left_out_family_is_in_two_parts(fold):
    films = made(400)
    train, tune, report = fold.parts(films)
    assert not set(train.patients) & set(report.patients) | set(tune.patients) & set(report.patients)
    known = {row.family for part in (train, tune) for row in part.rows}
    assert not known & fold.left_out
    assert {row.family for row in report.rows} == (set(fold.left_out) or known)


def test_a_study_runs_from_its_command_and_writes_its_figures(tmp_path, monkeypatch):
    films = made(2600, side=8)
    monkeypatch.setattr(pneumonia_inception, "paediatric", lambda data, side: films)
    monkeypatch.setattr(pneumonia_inception, "build", small)
    # Shipped scores that know nothing, and one film that the gate refused.
    random = np.random.default_rng(0).random(2600)
    random[0] = np.nan
    monkeypatch.setattr(pneumonia_inception, "pneumonia_scores", lambda fold, report, out: random[: len(report.rows)])
    how = Learning(epochs=6, batch=64, optimiser=partial(torch.optim.Adam, lr=0.05))
    variants = {"as described": how, "cured": replace(how, weighted=True), "as described, lungs covered": how}
    monkeypatch.setattr(pneumonia_inception, "VARIANTS", variants)
    hidden = replace(films, pixels=np.zeros_like(films.pixels))
    monkeypatch.setattr(pneumonia_inception, "HIDDEN", {"as described, lungs covered": lambda films: hidden})
    monkeypatch.setattr(pneumonia_inception, "FEWER_SEEDS", 1)
    monkeypatch.setattr("cxrdesk.evaluation.intervals.RESAMPLES", 5)
    monkeypatch.setattr("cxrdesk.evaluation.choices.RESAMPLES", 5)
    main(["pneumonia-inception", "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--seeds", "2"])
    written = json.loads((tmp_path / "out" / "results.json").read_text())
    told = written["results"]
    assert {variant: list(folds) for variant, folds in told.items()} == {
        variant: [fold.name for fold in FOLDS] for variant in variants
    }
    assert told["cured"]["patients"]["over_seeds"]["auc"]["seeds"] == 1
    blind = told["as described, lungs covered"]["patients"]
    assert blind["over_seeds"]["auc"]["value"] == 0.5
    assert "shipped" not in blind
    cell = told["as described"]["patients"]
    assert cell["thresholds"] == [0.5, 0.5]
    assert cell["over_seeds"]["auc"]["value"] > 0.95
    assert cell["over_seeds"]["auc"]["seeds"] == len(cell["shipped_against_it"]) == 2
    assert cell["films"] == int(films.split("report").sum())
    against = cell["shipped_against_it"][0]
    assert (against["films"], against["refused"]) == (cell["films"] - 1, 1)
    assert against["difference"] < -0.3
    assert against["p"] < 0.01
    assert 0.2 < cell["beside_shipped"]["value"] < 0.5
    assert "beside_shipped" not in blind
    assert written["command"] == "python -m reproductions pneumonia-inception --data DIR --out DIR --seeds 2"
    assert written["seconds"] >= 0


def test_the_rim_alone_is_kept():
    films = made(3, side=50)
    shown = pneumonia_inception.rim(films).pixels
    inside = np.zeros((50, 50), bool)
    inside[5:45, 5:45] = True
    assert (shown[:, inside] == pneumonia_inception.COVER).all()
    np.testing.assert_array_equal(shown[:, ~inside], films.pixels[:, ~inside])


def test_lungs_are_covered_and_nothing_else(tmp_path):
    mask = np.zeros((100, 100), np.uint8)
    mask[20:70, 30:50] = 255
    cv2.imwrite(str(tmp_path / "lungs.png"), mask)
    films = made(4, side=50)
    rows = tuple(replace(row, mask=tmp_path / "lungs.png" if k else None) for k, row in enumerate(films.rows))
    before = films.pixels.copy()
    hidden = pneumonia_inception.covered(replace(films, rows=rows))
    np.testing.assert_array_equal(films.pixels, before)
    assert len(hidden.rows) == len(hidden.labels) == 3
    # A margin of 6 % of the box's sides, 25 x 10 pixels of this film.
    inside = np.zeros((50, 50), bool)
    inside[8:36, 14:26] = True
    assert (hidden.pixels[:, inside] == pneumonia_inception.COVER).all()
    np.testing.assert_array_equal(hidden.pixels[:, ~inside], before[1:][:, ~inside])


@pytest.mark.skipif("CXRDESK_DATA" not in os.environ, reason="CXRDESK_DATA names no folder of real films")
def test_real_films_are_read_once_each(monkeypatch):
    from cxrdesk.evaluation import datasets

    rows = datasets.kermany(Path(os.environ["CXRDESK_DATA"]))[::200]
    monkeypatch.setattr("reproductions.films.kermany", lambda data: rows)
    films = paediatric(Path("anywhere"), 32)
    assert films.pixels.shape == (len(rows), 32, 32)
    assert films.labels.tolist() == [row.labels["pneumonia"] for row in rows]
    assert films.pixels.std() > 20
