"""Uncertain labels, the publisher's tables, sizes and ensembles, on a few made studies."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from functools import partial

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("timm")
pytest.importorskip("sklearn")

from cxrdesk.evaluation.datasets import Row  # noqa: E402
from cxrdesk.imaging.radiograph import Projection, View  # noqa: E402
from reproductions import chexpert_films, chexpert_policies, chexpert_resolution  # noqa: E402
from reproductions.__main__ import main  # noqa: E402
from reproductions.chexpert_films import (  # noqa: E402
    FINDINGS,
    UNSURE,
    Doubt,
    Studies,
    by_study,
    publish,
    read,
    simulated,
    told_rates,
)
from reproductions.films import Films  # noqa: E402
from reproductions.learning import Learning, learn  # noqa: E402
from tests.made_downloads import CHEXPERT_HEAD  # noqa: E402


def made(count=40, side=16):
    """Studies whose films are brighter by a stripe for each finding."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (count, len(FINDINGS)))
    pixels = rng.integers(0, 50, (count, 2, side, side))
    for k in range(len(FINDINGS)):
        pixels[:, :, 3 * k : 3 * k + 2] += 150 * truth[:, k, None, None, None]
    return Studies(
        pixels=pixels.astype(np.uint8),
        truth=truth,
        ages=np.full(count, 60),
        sexes=np.array(["M", "F"] * (count // 2)),
        projections=np.array(["PA", "AP"] * (count // 2)),
        seconds_s=1.0,
    )


def test_labels_are_wrong_and_uncertain_as_often_as_is_said():
    truth = np.random.default_rng(1).integers(0, 2, (4000, 5))
    labels = Doubt(wrong=0.1, of_present=0.4, of_absent=0.2).told(truth, np.random.default_rng(2))
    found = told_rates(truth, labels)
    assert found["uncertain"] == pytest.approx(0.3, abs=0.01)
    assert found["truly_present_where_uncertain"] == pytest.approx(0.4 / 0.6, abs=0.015)
    assert found["wrong_where_certain"] == pytest.approx(0.1, abs=0.01)
    assert (Doubt().told(truth, np.random.default_rng(2)) == truth).all()


def test_studies_are_published_and_read_as_chexpert_is(tmp_path):
    studies = made()
    labels = Doubt(of_present=0.5).told(studies.truth[:30], np.random.default_rng(0))
    data = publish(studies, labels, 30, tmp_path)
    with (tmp_path / "download/CheXpert-v1.0-small/train.csv").open(newline="") as file:
        table = csv.DictReader(file)
        lines = list(table)
    # As the publisher's tables begin, whom nobody here wrote for.
    assert tuple(table.fieldnames) == CHEXPERT_HEAD
    assert lines[0]["Path"] == "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg"
    assert {line["AP/PA"] for line in lines if line["Frontal/Lateral"] == "Lateral"} == {""}
    films = read(data, 16)
    assert films.pixels.shape == (80, 16, 16)
    train = films.of(films.families(frozenset({"train"})))
    np.testing.assert_array_equal(train.labels[::2], labels)
    np.testing.assert_array_equal(train.labels[1::2], labels)
    report = films.of(films.families(frozenset({"valid"})))
    np.testing.assert_array_equal(report.labels[::2], studies.truth[30:])
    assert np.abs(films.pixels[0].astype(int) - studies.pixels[0, 0]).mean() < 8
    (tmp_path / "download").rename(tmp_path / "away")
    assert publish(studies, labels, 30, tmp_path) == data  # not written again


def test_films_of_a_study_are_scored_together():
    films = read_like(3)
    scored = np.arange(30.0).reshape(1, 6, 5)
    labels, means, patients = by_study(films, scored)
    assert patients == ["p0", "p1", "p2"]
    np.testing.assert_array_equal(labels, films.labels[::2])
    np.testing.assert_array_equal(means[0, 1], scored[0, 2:4].mean(axis=0))


def read_like(count):
    views = (Projection.AP, Projection.LATERAL)
    rows = tuple(
        Row(path=None, dataset="made", patient=f"p{k}", study="1", view=View(body_part="chest", projection=view))
        for k in range(count)
        for view in views
    )
    labels = np.repeat(np.arange(count * 5).reshape(count, 5) % 2, 2, axis=0).astype(float)
    return Films(pixels=np.zeros((2 * count, 8, 8), np.uint8), labels=labels, rows=rows)


def test_each_policy_counts_uncertain_labels_its_way():
    rng = np.random.default_rng(0)
    labels = np.array([[1.0, UNSURE], [UNSURE, 0.0]])
    told = {name: rule and rule(labels, rng) for name, rule in chexpert_policies.POLICIES.items()}
    np.testing.assert_array_equal(told["U-Ignore"], [[1, np.nan], [np.nan, 0]])
    np.testing.assert_array_equal(told["U-Zeros"], [[1, 0], [0, 0]])
    np.testing.assert_array_equal(told["U-Ones"], [[1, 1], [1, 0]])
    assert told["U-SelfTrained"] is None
    guessed = chexpert_policies.estimated(np.full((2, 2), 0.3), labels, rng)
    np.testing.assert_array_equal(guessed, [[1, 0.3], [0.3, 0]])
    many = np.full((2000, 1), UNSURE)
    first, second = (chexpert_policies.flipped(many, rng) for _ in range(2))
    assert first.mean() == pytest.approx(chexpert_policies.FLIP, abs=0.05)
    assert (first != second).any()


def test_a_policy_is_asked_before_each_epoch_and_unknown_labels_teach_nothing():
    asked = []

    def policy(labels, rng):
        asked.append(labels.copy())
        return np.full_like(labels, np.nan)

    films = read_like(4)
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 5))
    before = network[1].weight.detach().clone()
    how = Learning(epochs=3, batch=4, optimiser=partial(torch.optim.SGD, lr=1.0), channels=1, policy=policy)
    learn(network, films, how, 0, "made")
    assert len(asked) == 3
    torch.testing.assert_close(network[1].weight, before)


def test_simulated_studies_are_kept_and_of_both_projections(tmp_path):
    first = simulated(tmp_path, 3, 64, workers=1)
    assert first.pixels.shape == (3, 2, 64, 64)
    assert first.projections.tolist() == ["PA", "AP", "PA"]
    assert first.pixels.std() > 10
    assert set(np.unique(first.truth)) <= {0, 1}
    again = simulated(tmp_path, 3, 64, workers=1)
    assert again.seconds_s == first.seconds_s > 0


def small(*given, **more):
    count = more.get("num_classes", len(FINDINGS))
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, count))
    network.insert(0, torch.nn.AdaptiveAvgPool2d((16, 1)))
    whole = torch.nn.Sequential()
    whole.add_module("layer4", torch.nn.Conv2d(1, 1, 1))
    whole.add_module("rest", network)
    return whole


def placed(folder, finding):
    """Films whose finding is a bright square in one corner."""
    pixels = np.zeros((6, 24, 24), np.uint8)
    pixels[::2, :12, :12] = 200
    mask = folder / "corner.png"
    cv2.imwrite(str(mask), np.kron([[255, 0], [0, 0]], np.ones((12, 12))).astype(np.uint8))
    rows = tuple(
        Row(
            path=None,
            dataset="made",
            patient=f"p{k}",
            view=View(),
            labels={finding: int(k % 2 == 0)},
            finding_masks={finding: mask} if k % 2 == 0 else {},
        )
        for k in range(6)
    )
    return Films(pixels=pixels, labels=np.array([1, 0] * 3), rows=rows)


@pytest.fixture
def quick(monkeypatch):
    how = Learning(epochs=4, batch=16, optimiser=partial(torch.optim.Adam, lr=0.05), channels=1)
    for module in (chexpert_policies, chexpert_resolution):
        monkeypatch.setattr(module, "HOW", how)
    monkeypatch.setattr(chexpert_resolution, "NIH_HOW", how)
    for module in (chexpert_policies, chexpert_resolution):
        monkeypatch.setattr(module, "TRAIN", 60)
        monkeypatch.setattr(module, "simulated", lambda out, count, side, **more: made(100, side))
    monkeypatch.setattr("cxrdesk.evaluation.intervals.RESAMPLES", 5)


def told_of(study, tmp_path):
    main([study, "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--seeds", "2"])
    return json.loads((tmp_path / "out" / "results.json").read_text())["results"]


def test_policies_are_compared_on_the_same_studies(tmp_path, monkeypatch, quick):
    monkeypatch.setattr(chexpert_policies, "SIDE", 16)
    monkeypatch.setattr(chexpert_policies, "build", small)
    name = "doubt leans to present"
    monkeypatch.setattr(chexpert_policies, "DOUBTS", {name: chexpert_policies.DOUBTS[name]})
    # CheXpert itself, where a folder of data sets has it.
    publish(made(80), Doubt(of_present=0.5).told(made(80).truth[:50], np.random.default_rng(0)), 50, tmp_path)
    told = told_of("chexpert-policies", tmp_path)
    assert told["chexpert"]["studies"] == {"train": 50, "report": 30}
    assert list(told["doubts"]) == [*chexpert_policies.DOUBTS, chexpert_policies.KNOWN]
    found = told["doubts"][name]
    assert found["studies"] == {"train": 60, "report": 40}
    assert list(found["policies"]) == list(chexpert_policies.POLICIES)
    assert found["policies"]["U-Ignore"]["against_ignore"]["value"] == 0
    ranked = sorted(found["policies"], key=lambda name: -found["policies"][name]["auc"]["value"])
    assert [found["best"], found["next"]] == ranked[:2]
    assert found["best_over_next"]["value"] >= 0
    known = told["doubts"][chexpert_policies.KNOWN]
    assert list(known["policies"]) == ["U-Ignore"]
    assert known["labels"] == {"uncertain": 0, "truly_present_where_uncertain": 0, "wrong_where_certain": 0}
    monkeypatch.setattr(chexpert_policies, "learn", lambda *given: pytest.fail("learnt again"))
    assert told_of("chexpert-policies", tmp_path) == told


def test_chexpert_without_the_radiologists_films_is_refused_in_a_sentence(tmp_path, monkeypatch, quick, capsys):
    monkeypatch.setattr(chexpert_policies, "DOUBTS", {})
    monkeypatch.setattr(chexpert_policies, "SIDE", 16)
    monkeypatch.setattr(chexpert_policies, "build", small)
    publish(made(20), made(20).truth.astype(float), 20, tmp_path)
    with pytest.raises(SystemExit):
        told_of("chexpert-policies", tmp_path)
    assert "holds no film of valid.csv" in capsys.readouterr().err


def test_a_folder_without_chexpert_is_told(tmp_path, monkeypatch, quick, capsys):
    monkeypatch.setattr(chexpert_policies, "DOUBTS", {})
    monkeypatch.setattr(chexpert_policies, "SIDE", 16)
    monkeypatch.setattr(chexpert_policies, "build", small)
    assert "chexpert" not in told_of("chexpert-policies", tmp_path)
    assert "holds no prepared CheXpert" in capsys.readouterr().err


def test_sizes_and_ensembles_are_compared_on_the_same_films(tmp_path, monkeypatch, quick):
    rows = [
        Row(
            path=tmp_path / f"{k}.png",
            dataset="nih",
            patient=f"p{k // 2}",
            view=View(body_part="chest", projection=Projection.PA),
            labels={name: int(k % (j + 2) == 0) for j, name in enumerate(FINDINGS)},
        )
        for k in range(48)
    ]
    pixels = np.random.default_rng(0).integers(0, 255, (48, 24, 24), dtype=np.uint8)
    monkeypatch.setattr(chexpert_resolution, "SIZES", (24, 20, 16))
    monkeypatch.setattr(chexpert_resolution, "nih", lambda data: rows)
    monkeypatch.setattr(chexpert_resolution, "with_boxes", lambda data: {"3.png"})
    monkeypatch.setattr(chexpert_resolution, "stretched", lambda rows, side: (tuple(rows), pixels))
    monkeypatch.setattr(chexpert_resolution, "FEWEST", 10)
    monkeypatch.setattr(chexpert_resolution.timm, "create_model", small)
    monkeypatch.setattr(chexpert_resolution, "MODELS", dict.fromkeys(chexpert_resolution.MODELS, "layer4"))
    monkeypatch.setattr(chexpert_resolution, "drawn", lambda sets, out, name, side: placed(tmp_path, name))
    learnt = []

    def spied(network, films, *rest):
        learnt.append({row.path.name for row in films.rows if row.dataset == "nih"})
        learn(network, films, *rest)

    monkeypatch.setattr(chexpert_resolution, "learn", spied)
    told = told_of("chexpert-resolution", tmp_path)
    assert list(told["simulated"]["networks"]) == ["densenet121", "resnet18"]
    networks = told["simulated"]["networks"] | told["nih"]["networks"]
    assert all(list(one["sizes"]) == ["24", "20", "16"] for one in networks.values())
    pairs = told["nih"]["networks"]["resnet18"]["pairs"]
    assert list(pairs) == ["24 less 20", "24 less 16", "20 less 16"]
    assert set(told["nih"]["positives"]) == set(FINDINGS[:4])
    assert set(pairs["24 less 20"]["delong_p"]) == set(FINDINGS[:4])
    ensembles = told["simulated"]["ensembles"]
    assert set(ensembles["views"]["ensemble_less"]) == {"frontal", "lateral"}
    assert set(ensembles["sizes"]["auc"]) == {"24", "20", "16", "all sizes"}
    assert set(ensembles["models"]["ensemble_less"]) == {"resnet18", "densenet121"}
    maps = told["simulated"]["class_maps"]["densenet121"]
    assert list(told["simulated"]["class_maps"]) == ["densenet121", "resnet18"]
    assert list(maps) == ["24", "20", "16"]
    assert set(maps["20"]) == set(FINDINGS)
    assert {one["films"] for found in maps.values() for one in found.values()} == {3}
    assert maps["16"]["edema"]["area"]["value"] == pytest.approx(0.25, abs=0.01)
    assert any(learnt)
    assert not any("3.png" in names for names in learnt)


@pytest.mark.parametrize("model", chexpert_resolution.MODELS)
def test_class_activation_maps_are_of_the_layer_before_the_average(model):
    network = chexpert_resolution.timm.create_model(model, pretrained=False, in_chans=1, num_classes=5).eval()
    kept = []
    network.get_submodule(chexpert_resolution.MODELS[model]).register_forward_hook(lambda *given: kept.append(given[2]))
    with torch.inference_mode():
        logits = network(torch.rand(2, 1, 96, 96))
        torch.testing.assert_close(logits, network.get_classifier()(kept[0].mean(dim=(2, 3))))


def test_no_patient_is_learnt_from_and_scored_in_one_turn():
    rows = read_like(30).rows
    turns = chexpert_resolution.turns_of(rows)
    for turn in range(chexpert_resolution.TURNS):
        here, there = (
            {row.patient for row, t in zip(rows, turns, strict=True) if (t == turn) == same} for same in (1, 0)
        )
        assert here
        assert not here & there


def test_films_are_made_smaller_and_never_larger_twice():
    films = replace(read_like(2), pixels=np.full((4, 8, 8), 100, np.uint8))
    assert chexpert_resolution.at_size(films, 8) is films
    assert (chexpert_resolution.at_size(films, 5).pixels == np.full((4, 5, 5), 100)).all()


def test_views_are_told_apart():
    rows = read_like(2).rows
    assert chexpert_films.of_view(rows, lateral=True).tolist() == [False, True, False, True]
