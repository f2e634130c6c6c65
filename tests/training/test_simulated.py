"""What recipes on simulated films share."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")
pytest.importorskip("sklearn")

from cxrdesk.api import Evidence  # noqa: E402
from cxrdesk.evaluation.datasets import Row  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402
from cxrdesk.imaging.phantom.batch import Order  # noqa: E402
from cxrdesk.imaging.radiograph import View  # noqa: E402
from cxrdesk.training.simulated import (  # noqa: E402
    Amount,
    Task,
    _words,
    balanced,
    films_for,
    golden_pictures,
    refuse_shared_patients,
    simulated,
    train_detector,
)
from cxrdesk.training.uncertain import training_labels  # noqa: E402
from tests.support import CHEST, detector_spec  # noqa: E402

ORDERS = tuple(
    Order(kinds=(kind,), findings=(("effusion", None),), prevalence=0.5) for kind in ("chest-pa", "child-ap")
)
AMOUNT = Amount(patients={"train": 6, "tune": 4, "report": 4}, stages=(), size=96)
TASK = Task(name="test", spec=replace(detector_spec(), findings=("pneumonia",)), orders=ORDERS, bench=None, policy={})


def row(patient, **more):
    return Row(path=Path(f"{patient}.png"), dataset="labelled", patient=patient, view=View(), **more)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("made")
    films, evidence = films_for(TASK, None, out, AMOUNT)
    return out, films, evidence


def test_simulated_films_are_split_by_patient_and_called_so(made):
    _, films, evidence = made
    assert evidence is Evidence.SYNTHETIC
    assert {name: len(rows) for name, rows in films.items()} == AMOUNT.patients
    assert all(row.path.is_file() for rows in films.values() for row in rows)
    refuse_shared_patients(films)


def test_a_set_is_not_made_twice_and_half_a_set_is_made_anew(made):
    out, films, _ = made
    part = out / "films" / "tune"
    before = {path: path.stat().st_mtime_ns for path in part.rglob("*.png")}
    assert simulated(ORDERS, "tune", part, AMOUNT) == films["tune"]
    assert {path: path.stat().st_mtime_ns for path in part.rglob("*.png")} == before
    (part / "0" / "labels.csv").unlink()
    (part / "0" / "films" / "stray.png").write_bytes(b"half")
    assert simulated(ORDERS, "tune", part, AMOUNT) == films["tune"]
    assert not (part / "0" / "films" / "stray.png").exists()


def test_films_of_ones_own_are_split_by_patient_and_their_evidence_is_internal(tmp_path):
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "patient", "pneumonia"])
        writer.writerows([f"{k}.png", f"p{k // 2}", k % 2] for k in range(80))
    (tmp_path / "0.png").write_bytes(b"there")
    films, evidence = films_for(TASK, tmp_path, tmp_path / "out", AMOUNT)
    assert evidence is Evidence.INTERNAL
    assert sum(map(len, films.values())) == 80
    assert min(map(len, films.values())) > 0
    refuse_shared_patients(films)


def test_simulated_films_given_as_ones_own_stay_synthetic(made):
    """No folder that somebody names makes a call out of simulated films."""
    out, _, _ = made
    task = replace(
        TASK, spec=replace(TASK.spec, findings=("effusion",), operating_points=(), calibration={}, saliency=None)
    )
    _, evidence = films_for(task, out / "films" / "train" / "0", out / "other", AMOUNT)
    assert evidence is Evidence.SYNTHETIC
    assert _words(task, evidence, made_here=False)["report"] == "report split, simulated films that the author gave"
    assert "seed 103" in _words(task, evidence, made_here=True)["report"]


def test_films_without_labels_of_the_finding_are_refused(tmp_path):
    (tmp_path / "labels.csv").write_text("file,patient,effusion\na.png,p,1\n")
    (tmp_path / "a.png").write_bytes(b"there")
    with pytest.raises(UserError, match="no labels of pneumonia"):
        films_for(TASK, tmp_path, tmp_path / "out", AMOUNT)


def test_a_patient_in_two_sets_is_refused():
    films = {"train": [row("a"), row("b")], "tune": [row("c")], "report": [row("b")]}
    with pytest.raises(UserError, match="of a patient of the train films"):
        refuse_shared_patients(films)


def test_both_classes_are_drawn_equally_often():
    weights = balanced([(1.0,), (0.0,), (0.0,), (math.nan,)])
    assert weights == pytest.approx([0.5, 1 / 6, 1 / 6, 1 / 6])
    with pytest.raises(UserError, match="with the finding and without"):
        balanced([(0.0,), (0.0,)])


def test_uncertain_labels_follow_the_named_policy():
    film = row("a", labels={"edema": 1}, uncertain=frozenset({"effusion", "consolidation"}))
    policy = {"effusion": "soft-ones", "edema": "zeros"}
    labels = training_labels(film, ("edema", "effusion", "consolidation", "opacity"), policy)
    assert labels[:2] == (1.0, 0.7)
    assert all(math.isnan(value) for value in labels[2:])
    assert training_labels(film, ("effusion",), {"effusion": "ones"}) == (1.0,)
    assert training_labels(film, ("effusion",), {"effusion": "zeros"}) == (0.0,)


def test_golden_pictures_are_small_and_the_same_each_time():
    first, again = golden_pictures(ORDERS[0]), golden_pictures(ORDERS[0])
    assert len(first) == 6
    assert all((a == b).all() and max(a.shape) <= 192 for a, b in zip(first, again, strict=True))


def test_a_network_of_three_channels_is_trained_on_what_it_is_fed_later(tmp_path, monkeypatch):
    """In training and tuning, when it is measured, and in golden vectors."""
    import cv2
    import numpy as np

    from cxrdesk.api import Bundle, DetectorSpec, InputSpec
    from cxrdesk.api.torchkit import TorchClassifier
    from cxrdesk.training.augment import Geometry
    from cxrdesk.training.finish import Bench
    from cxrdesk.training.fit import Stage

    class Wide(TorchClassifier):
        channels = 3
        means = (0.485, 0.456, 0.406)
        deviations = (0.229, 0.224, 0.225)

        def build(self):
            return torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
                                       torch.nn.Linear(2, 1))  # fmt: skip

    rng = np.random.default_rng(0)
    lines = ["file,patient,view,age_years,pneumonia"]
    for k in range(40):
        cv2.imwrite(str(tmp_path / f"{k}.png"), rng.integers(0, 255, (160, 160)).astype(np.uint8))
        lines.append(f"{k}.png,p{k},chest-ap,3,{k // 2 % 2}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    monkeypatch.setattr("cxrdesk.imaging.quality.look", lambda film: CHEST)
    given = InputSpec(size=(32, 32), percentiles=(0, 100), mean=0.0, std=1.0)
    spec = detector_spec(input=given, operating_points=(), calibration={}, saliency=None)
    stage = Stage(name="one", geometry=Geometry(), strength=0.2, draws=16, epochs=1, rate=1e-3)
    task = replace(TASK, spec=spec, bench=Bench(model=Wide, distribution="wide", device="cpu"))
    amount = Amount(patients={}, stages=(stage,), batch=8)
    films, evidence = films_for(task, tmp_path, tmp_path / "out", amount)
    two = torch.nn.Sequential(*Wide().build()[:-1], torch.nn.Linear(2, 2))
    with pytest.raises(UserError, match="2 logits, and the spec names 1 finding"):
        train_detector(task, lambda: (two, "random weights"), films, evidence, tmp_path / "out", amount)
    assert not (tmp_path / "out").exists()
    folder = train_detector(task, lambda: (Wide().build(), "random weights"), films, evidence, tmp_path / "out", amount)
    bundle = Bundle(folder)
    assert bundle.golden()["tensor_0"].shape == (3, 32, 32)
    assert bundle.golden()["tensor_0"][2].max() == pytest.approx((1 - 0.406) / 0.225, abs=1e-5)
    told = bundle.manifest["evaluation"]
    assert told["films"] == "report split, films of the author's own"
    assert told["without_calibration"] == {"pneumonia": "11 tuning films are too few for a calibration; 30 are needed"}
    assert bundle.manifest["calibration"] == {}
    assert DetectorSpec.from_bundle(folder).evidence is Evidence.INTERNAL
    assert [path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".")] == []
