"""Golden vectors are looked at when a model is first loaded on a machine, and what they show has its consequence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cxrdesk.api import DetectorSpec, Estimate, Evidence, OperatingPoint, Prediction
from cxrdesk.api.bundle import BundleError, write_bundle
from cxrdesk.api.golden import record
from cxrdesk.inference.models import Models
from cxrdesk.inference.pipeline import FilmAnalysis
from cxrdesk.inference.process import InferenceError
from cxrdesk.inference.proofs import Proofs
from cxrdesk.inference.result import Call, Status
from cxrdesk.inference.runners import ChildRunner
from tests.support import Spy, detector_spec, film, registry_of, spying

MACHINE = {"torch": "2.15.0", "driver": "580.1"}
WEIGHTS = b"weights"
SHA = hashlib.sha256(WEIGHTS).hexdigest()


class Score(Spy):
    """Answers the mean of the tensor, moved by what this machine does wrong."""

    wrong = 0.0

    def predict(self, inputs):
        self.calls.append("predict")
        mean = np.mean([item.tensor.mean() for item in inputs])
        return Prediction(probabilities={"pneumonia": 0.5 + 0.01 * mean + type(self).wrong})


def bundled(folder: Path, *, threshold: float = 0.9) -> type[Score]:
    """A detector whose golden vectors are what it answers now, with one operating point."""
    plain = detector_spec()
    share = Estimate(value=0.9, low=0.8, high=0.95, n=100)
    point = OperatingPoint(
        name="balanced",
        finding=plain.findings[0],
        threshold=threshold,
        aim="chosen for this test",
        sensitivity=share,
        specificity=share,
        measured_on="nothing",
        weights_sha256=SHA,
        preprocessing_sha256=plain.input.digest(),
    )
    spec = replace(
        plain, weights_sha256=SHA, operating_points=(point,), calibration={}, evidence=Evidence.INTERNAL, requires=()
    )
    films = [film(seed).stored.copy() for seed in range(5)]
    write_bundle(folder, spec, WEIGHTS, record(spying(Score, spec=spec)(), films, [{}] * 5))
    return spying(Score, spec=DetectorSpec.from_bundle(folder))


class Here:
    """A child that is this process."""

    def __init__(self, models: Models) -> None:
        self.models = models

    def detect(self, spec, films, masks, stage, cancelled, *, explain, prove):
        self.models.prove = prove
        return self.models.detect(spec.id, films, masks, stage, explain=explain)

    def close(self) -> None:
        self.models.close()


@pytest.fixture
def machine() -> dict[str, str]:
    return dict(MACHINE)


@pytest.fixture
def proofs(tmp_path: Path, machine: dict[str, str]) -> Proofs:
    return Proofs(tmp_path / "cache" / "proofs.json", lambda: machine)


@pytest.fixture
def runner(proofs: Proofs, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    made: list[ChildRunner] = []

    def new(kind: type[Score], known: Proofs = proofs) -> ChildRunner:
        registry = registry_of(kind)
        runner = ChildRunner(registry, device="cpu", proofs=known)
        here = Here(Models(registry, device="cpu"))
        monkeypatch.setattr(runner, "child", lambda model_id: here)
        made.append(runner)
        return runner

    yield new
    for item in made:
        item.close()


def ask(runner: ChildRunner, kind: type[Score]):
    stages: list[str] = []
    done = runner.detect(kind.spec, [film()], [{}], stages.append, lambda: False, explain=False)
    return done, stages


def test_a_model_is_looked_at_once_on_a_machine(tmp_path, runner, proofs, machine):
    kind = bundled(tmp_path / "bundle")
    done, stages = ask(runner(kind), kind)
    assert stages == ["loading", "checking", "scoring"]
    assert done.proof == ()
    done, stages = ask(runner(kind), kind)
    assert stages == ["loading", "scoring"]
    assert done.proof == ()
    machine["torch"] = "3.0"
    again = Proofs(proofs.file, lambda: machine)
    assert "checking" in ask(runner(kind, again), kind)[1]
    assert "checking" not in ask(runner(kind, again), kind)[1]
    again.forget([kind.spec.id])
    assert "checking" in ask(runner(kind, again), kind)[1]


@pytest.mark.usefixtures("look")
@pytest.mark.warns
def test_a_model_that_computes_something_else_is_not_used(tmp_path, runner, proofs, caplog):
    kind = bundled(tmp_path / "bundle")
    kind.wrong = 0.01
    first = runner(kind)
    with pytest.raises(InferenceError, match=r"model: golden film 0 differs by 0\.01.* not used") as caught:
        ask(first, kind)
    assert caught.value.code == "golden-differs"
    assert "test-detector does not reproduce its golden vectors: model: golden film 0 differs" in caplog.messages[0]
    kind.calls.clear()
    result = FilmAnalysis(film(), registry_of(kind), runner(kind)).detect(kind.spec)
    assert (result.status, [reason.code for reason in result.reasons]) == (Status.FAILED, ["golden-differs"])
    assert kind.calls == []  # known: not even loaded


@pytest.mark.usefixtures("look")
@pytest.mark.warns
def test_a_call_that_flips_costs_the_calls_and_not_the_score(tmp_path, runner, monkeypatch):
    kind = bundled(tmp_path / "plain")
    model = kind()
    scores = [model.predict(model.prepare([film(seed)], [{}])).probabilities["pneumonia"] for seed in range(5)]
    # Between a golden film's score and what this machine makes of it, which is within the tolerance.
    kind = bundled(tmp_path / "bundle", threshold=scores[0] + 0.00002)
    kind.wrong = 0.00004
    result = FilmAnalysis(film(), registry_of(kind), runner(kind)).detect(kind.spec)
    assert result.status is Status.DONE, result.reasons
    (found,) = result.findings
    assert found.call is Call.INDETERMINATE
    assert [reason.code for reason in found.reasons] == ["golden-differs"]
    assert found.probability == pytest.approx(scores[0] + kind.wrong, abs=1e-6)


def test_a_check_that_cannot_be_made_is_told_each_time(tmp_path, runner):
    kind = bundled(tmp_path / "bundle")
    (tmp_path / "bundle" / "golden.npz").write_bytes(b"none")
    first = runner(kind)
    for _ in range(2):
        with pytest.raises(BundleError, match="is not as the recipe wrote it"):
            ask(first, kind)


def test_models_without_a_bundle_and_runners_without_proofs_look_at_nothing(tmp_path, runner, proofs):
    plain = spying(Score, spec=detector_spec(weights_sha256="", operating_points=(), calibration={}))
    assert "checking" not in ask(runner(plain), plain)[1]
    kind = bundled(tmp_path / "bundle")
    assert ask(runner(kind, None), kind)[0].proof is None
    assert not proofs.file.exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"test-detector": 5}', '{"test-detector": {"of": 1}}'])
def test_a_file_that_is_not_understood_counts_as_empty(tmp_path, proofs, content):
    kind = bundled(tmp_path / "bundle")
    proofs.file.parent.mkdir()
    proofs.file.write_text(content)
    assert proofs.of(kind.spec) is None
    proofs.keep(kind.spec, [])
    assert proofs.of(kind.spec) == ()
    assert proofs.of(replace(kind.spec, weights_sha256="0" * 64)) is None


@pytest.mark.warns
def test_a_folder_that_cannot_be_written_is_told_and_costs_nothing(tmp_path, caplog):
    kind = bundled(tmp_path / "bundle")
    (tmp_path / "file").write_text("")
    proofs = Proofs(tmp_path / "file" / "proofs.json", lambda: MACHINE)
    proofs.keep(kind.spec, [])
    assert "is not kept" in caplog.text
    assert proofs.of(kind.spec) is None
