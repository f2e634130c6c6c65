"""What must hold for every detector that was trained on simulated films; its plugin's tests call these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxrdesk.api import Bundle, DetectorSpec, Evidence
from cxrdesk.api.golden import verify
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.evaluation import intervals
from cxrdesk.imaging.phantom.batch import Order, computed, drawn
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.result import Call, DetectorResult, Status
from cxrdesk.inference.runners import LocalRunner
from cxrdesk.training import finish
from cxrdesk.training.simulated import Amount


def registry_of(model: Any) -> Registry:
    return Registry([Plugin(name=model.spec.id, distribution="test", version="1", detectors=(model,))])


def simulated_film(kind: str, number: int = 1, *findings: tuple[str, float], seed: int = 900) -> Radiograph:
    """A film of seed 900, which no recipe draws from."""
    order = Order(kinds=(kind,), findings=findings, size=256, seed=seed)  # type: ignore[arg-type]
    return computed(drawn(order, number, kind)).radiograph  # type: ignore[arg-type]


def asked(model: Any, film: Radiograph, companions: Sequence[Radiograph] = (), **options: Any) -> DetectorResult:
    registry = registry_of(model)
    runner = LocalRunner(registry, device="cpu")
    analysis = FilmAnalysis(film, registry, runner, companions=companions, options=Options(**options))
    try:
        return analysis.detect(model.spec)
    finally:
        runner.close()


def assert_honest(model: Any, film: Radiograph, companions: Sequence[Radiograph] = ()) -> None:
    """A score with its evidence, measured thresholds on the card, and never a call, whatever is set."""
    spec = model.spec
    assert spec.evidence is Evidence.SYNTHETIC
    assert "simulated" in spec.trained_on
    evaluation = Bundle(spec.bundle).manifest["evaluation"]
    # A finding whose area under the curve may be too small has no threshold at all, and the bundle says why.
    for finding, why in evaluation["without_a_call"].items():
        assert "AUC" in why, finding
    measured = set(spec.findings) - set(evaluation["without_a_call"])
    assert {(p.name, p.finding) for p in spec.operating_points} == {
        (name, finding) for name in ("sensitive", "balanced", "specific") for finding in measured
    }
    for point in spec.operating_points:
        assert "simulated films" in point.measured_on
        assert point.sensitivity.n >= 50
    for name in ("sensitive", "balanced", "specific", "unheard-of"):
        result = asked(model, film, companions, operating_point=name)
        assert result.status is Status.DONE
        for found in result.findings:
            assert found.call is Call.INDETERMINATE
            assert found.operating_point is None
            assert found.reasons[0].code == "evidence-synthetic"
            assert "says nothing about a patient" in found.reasons[0].text
            assert found.saliency
            assert all(item.reference and item.map.values.max() >= 0 for item in found.saliency)


def assert_reproduced(model: Any, spec: DetectorSpec) -> None:
    loaded = model()
    loaded.load()
    assert verify(loaded, Bundle(spec.bundle)) == []
    loaded.unload()


def assert_measured(spec: DetectorSpec, least_auc: float = 0.95) -> None:
    """The bundle's own table reaches `least_auc` on films of the strong randomisation; 0.95 is what is aimed at."""
    evaluation = Bundle(spec.bundle).manifest["evaluation"]
    assert "strong randomisation" in evaluation["films"]
    assert {table["finding"] for table in evaluation["table"]} == set(spec.findings)
    for table in evaluation["table"]:
        assert next(iter(table["points"].values()))["auc"]["value"] >= least_auc, table["finding"]


def small(amount: Amount, patients: int = 16, draws: int = 16, size: int = 240) -> Amount:
    """An amount for a trial run of seconds."""
    stages = tuple(replace(stage, draws=draws, epochs=1) for stage in amount.stages)
    counts = dict.fromkeys(("train", "tune", "report"), patients)
    return replace(amount, patients=counts, stages=stages, size=size, batch=8)


def make_quick(patched: pytest.MonkeyPatch) -> None:
    """Few films cannot be sure of 95 %, and need few resamples."""
    patched.setattr(intervals, "RESAMPLES", 40)
    patched.setattr(finish, "thresholds", partial(finish.thresholds, share=0.01))


def assert_trial_bundle(bundle: Path, model: Any) -> DetectorSpec:
    """What a trial run of a recipe wrote: a bundle that loads, reproduces itself, and says what it is."""
    spec = DetectorSpec.from_bundle(bundle)
    made = type(model.__name__, (model,), {"spec": spec})
    assert_reproduced(made, spec)
    assert spec.evidence is Evidence.SYNTHETIC
    training = Bundle(bundle).manifest["training"]
    assert set(training["films"]) == {"train", "tune", "report"}
    assert training["started_from"]
    # A trial has too few films to calibrate on.
    assert spec.calibration == {}
    assert set(Bundle(bundle).manifest["evaluation"]["without_calibration"]) <= set(spec.findings)
    assert spec.saliency.reference
    assert all(np.isfinite(value) for value in spec.saliency.reference.values())
    return spec
