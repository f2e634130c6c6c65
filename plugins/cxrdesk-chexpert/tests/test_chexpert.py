"""The CheXpert detector: one or two films of a study, five findings, a score and never a call."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cxrdesk_chexpert")
torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
safetensors_torch = pytest.importorskip("safetensors.torch")
pytest.importorskip("pytorch_grad_cam")
pytest.importorskip("lightning")
pytest.importorskip("sklearn")

import cxrdesk_chexpert  # noqa: E402
from cxrdesk_chexpert import recipe  # noqa: E402
from cxrdesk_chexpert.model import ChexpertModel  # noqa: E402
from cxrdesk_chexpert.network import FINDINGS, build  # noqa: E402

from cxrdesk.api import Bundle, DetectorSpec, Evidence, View  # noqa: E402
from cxrdesk.evaluation.datasets import Row  # noqa: E402
from cxrdesk.inference.result import Status  # noqa: E402
from tests import simulated_detectors as shared  # noqa: E402
from tests.made_data import make_nih  # noqa: E402

BUNDLE = Path(cxrdesk_chexpert.__file__).parent / "bundle"
shipped = pytest.mark.skipif(not BUNDLE.is_dir(), reason="the CheXpert detector's bundle is not there yet")


@pytest.fixture(scope="module")
def chexpert():
    from cxrdesk_chexpert.plugin import Chexpert

    return Chexpert


@pytest.fixture(scope="module")
def study():
    return [shared.simulated_film(kind, 1, ("effusion", 0.9)) for kind in ("chest-pa", "chest-lateral")]


def test_the_network_has_five_outputs():
    logits, maps = build().eval().located(torch.zeros(2, 1, 64, 64))
    assert logits.shape == (2, 5)
    assert maps.shape == (2, 5, 8, 8)


@shipped
def test_a_score_and_never_a_call(chexpert, study):
    frontal, lateral = study
    shared.assert_honest(chexpert, frontal, [lateral])


@shipped
def test_golden_vectors_are_reproduced(chexpert):
    shared.assert_reproduced(chexpert, chexpert.spec)


@shipped
def test_it_tells_the_findings_on_studies_it_never_saw(chexpert):
    shared.assert_measured(chexpert.spec)


@shipped
def test_a_study_is_the_mean_of_its_films(chexpert, study):
    frontal, lateral = study
    alone = [shared.asked(chexpert, film) for film in study]
    both = shared.asked(chexpert, frontal, [lateral])
    assert (len(both.films), len(alone[0].films)) == (2, 1)
    for k in range(len(FINDINGS)):
        mean = np.mean([result.findings[k].raw for result in alone])
        assert both.findings[k].raw == pytest.approx(mean, abs=1e-4)
        assert {item.map.film for item in both.findings[k].saliency} == {0, 1}
    assert "mean of both" in chexpert.spec.looks_for


@shipped
@pytest.mark.parametrize("kind", ["neck-ap", "hip", "hand", "child-ap"])
def test_other_parts_and_children_are_refused(chexpert, kind):
    film = shared.simulated_film(kind)
    if film.patient_age_years is None:
        film = replace(film, patient_age_years=30.0)
    assert shared.asked(chexpert, film).status is Status.REFUSED


def test_some_slight_findings_are_doubted(tmp_path):
    from cxrdesk.training.simulated import simulated

    rows = simulated(recipe.ORDERS, "train", tmp_path, shared.small(recipe.AMOUNT, patients=30, size=96))
    doubted = recipe.doubted(rows, tmp_path)
    unsure = [(before, after) for before, after in zip(rows, doubted, strict=True) if after.uncertain]
    assert 0 < len(unsure) < len(rows)
    for before, after in unsure:
        assert all(before.labels[name] == 1 for name in after.uncertain)
        assert not after.uncertain & set(after.labels)
    assert recipe.doubted(rows, tmp_path) == doubted


def test_what_a_report_does_not_mention_is_absent():
    film = Row(
        path=Path("a.png"),
        dataset="chexpert",
        patient="p",
        view=View(),
        labels={"edema": 1, "fracture": 1},
        uncertain=frozenset({"effusion", "pneumonia"}),
    )
    told = recipe.mentioned(film)
    assert told.labels == {"atelectasis": 0, "cardiomegaly": 0, "consolidation": 0, "edema": 1}
    assert told.uncertain == {"effusion"}


def test_a_short_run_on_the_nih_sample_gives_no_call_that_it_cannot_bear(tmp_path, monkeypatch):
    """Few films of random labels: a bundle comes out, and it says why it makes no call."""
    shared.make_quick(monkeypatch)
    data = make_nih(tmp_path / "data", each=24)
    with (data / "nih" / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    rng = np.random.default_rng(0)
    columns = [*list(rows[0])[:7], *(name.capitalize() for name in FINDINGS)]
    with (data / "nih" / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(row | {name: int(rng.random() < 0.4) for name in columns[7:]} for row in rows)
    boxed = sorted((data / "nih" / "images").iterdir())[0].name
    (data / "nih" / "boxes.csv").write_text(f"file,label,source,x,y,w,h\n{boxed},Effusion,nih,0,0,1,1\n")
    torch.manual_seed(1)
    weights = tmp_path / "features.safetensors"
    safetensors_torch.save_file(timm.create_model("densenet121", in_chans=1, num_classes=0).state_dict(), weights)
    monkeypatch.setattr(recipe, "SPEC", replace(recipe.SPEC, input=replace(recipe.SPEC.input, size=(64, 64))))
    amount = shared.small(recipe.NIH_AMOUNT)
    bundle = recipe.train_nih(data, tmp_path / "out", device="cpu", backbone_weights=weights, amount=amount)
    spec = DetectorSpec.from_bundle(bundle)
    manifest = Bundle(bundle).manifest
    assert spec.evidence is Evidence.INTERNAL
    assert "NIH" in spec.trained_on
    assert "simulated" not in spec.trained_on
    assert spec.operating_points == ()
    assert set(manifest["evaluation"]["without_a_call"]) == set(FINDINGS)
    assert sum(manifest["training"]["films"].values()) == 71


def test_a_short_run_of_the_recipe(tmp_path, monkeypatch):
    shared.make_quick(monkeypatch)
    torch.manual_seed(1)
    weights = tmp_path / "features.safetensors"
    safetensors_torch.save_file(timm.create_model("densenet121", in_chans=1, num_classes=0).state_dict(), weights)
    amount = shared.small(recipe.AMOUNT, patients=24)
    monkeypatch.setattr(recipe, "SPEC", replace(recipe.SPEC, input=replace(recipe.SPEC.input, size=(64, 64))))
    bundle = recipe.train(None, tmp_path / "out", device="cpu", backbone_weights=weights, amount=amount)
    spec = shared.assert_trial_bundle(bundle, ChexpertModel)
    assert spec.findings == FINDINGS
