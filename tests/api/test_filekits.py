"""ONNX and TorchScript files as models, against onnx's own reference evaluator and against torch."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import replace

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from cxrdesk.api import Bundle, Context, DetectorSpec, InputSpec, ModelInput, Saliency, SegmenterSpec  # noqa: E402
from cxrdesk.api.bundle import ONNX, TORCHSCRIPT, write_bundle  # noqa: E402
from cxrdesk.api.golden import FEWEST, record, verify  # noqa: E402
from cxrdesk.api.onnxkit import OnnxClassifier, OnnxSegmenter, described, session  # noqa: E402
from cxrdesk.api.perturbation import Occlusion, Rise  # noqa: E402
from cxrdesk.api.torchscriptkit import TorchScriptClassifier, TorchScriptSegmenter, script  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402
from tests.made_networks import onnx_classifier, onnx_segmenter, torchscript  # noqa: E402
from tests.support import detector_spec, film, segmenter_spec  # noqa: E402

INPUT = InputSpec(size=(32, 32))
FILMS = [film(i).stored[:64, :64] for i in range(FEWEST)]
BARE = {"operating_points": (), "calibration": {}, "input": INPUT}


def reference(network: bytes, tensors: np.ndarray) -> np.ndarray:
    from onnx.reference import ReferenceEvaluator

    return ReferenceEvaluator(onnx.load_from_string(network)).run(None, {"film": tensors})[0]


def loaded(kit, network, folder, spec, name=ONNX, device="cpu", **settings):
    """A model around a file, from a bundle with golden vectors."""
    spec = replace(spec, weights_sha256=hashlib.sha256(network).hexdigest())
    write_bundle(folder, spec, network, {}, weights_file=name)
    made = type("Made", (kit,), {"spec": replace(spec, bundle=folder), **settings})(context=Context(device=device))
    made.load()
    write_bundle(folder, spec, network, record(made, FILMS, [{}] * FEWEST), weights_file=name)
    return made


def sigmoid(values):
    return 1 / (1 + np.exp(-values.astype(np.float64)))


@pytest.mark.parametrize("batch", ["n", 1, 2])
def test_an_onnx_classifier_scores_as_the_reference_does(tmp_path, batch):
    network = onnx_classifier(batch=batch)
    model = loaded(OnnxClassifier, network, tmp_path / "b", detector_spec(**BARE))
    inputs = model.prepare([film(1), film(2), film(3)], [{}] * 3)
    plain = onnx_classifier()
    expected = sigmoid(reference(plain, np.stack([item.tensor for item in inputs]))).mean()
    assert model.predict(inputs).probabilities["pneumonia"] == pytest.approx(expected, abs=1e-6)
    assert verify(model, Bundle(model.spec.bundle)) == []
    assert DetectorSpec.from_bundle(model.spec.bundle).input == INPUT
    model.unload()


def test_channels_are_normalised_each_by_its_own(tmp_path):
    means, deviations = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    network = onnx_classifier(channels=3)
    spec = detector_spec(**BARE | {"input": replace(INPUT, mean=0.0, std=1.0)})
    model = loaded(OnnxClassifier, network, tmp_path / "b", spec, channels=3, means=means, deviations=deviations)
    (prepared,) = model.prepare([film(1)], [{}])
    grey = prepared.tensor[0] * 0.229 + 0.485
    assert prepared.tensor.shape == (3, 32, 32)
    assert prepared.tensor.dtype == np.float32
    for k in range(3):
        np.testing.assert_allclose(prepared.tensor[k], (grey - means[k]) / deviations[k], atol=1e-5)
    assert grey.min() == pytest.approx(0, abs=1e-5)
    assert grey.max() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("answers", ["logits", "probabilities", "classes"])
def test_columns_and_what_they_mean(tmp_path, answers):
    ends = {"probabilities": "Sigmoid"}.get(answers, "")
    network = onnx_classifier(outputs=4, ends=ends)
    spec = detector_spec(**BARE | {"findings": ("opacity", "pneumonia"), "saliency": None})
    model = loaded(OnnxClassifier, network, tmp_path / "b", spec, columns=(3, 1), answers=answers)
    inputs = model.prepare([film(1)], [{}])
    raw = reference(network, inputs[0].tensor[None])[0].astype(np.float64)
    expected = {"logits": sigmoid(raw), "probabilities": raw, "classes": np.exp(raw) / np.exp(raw).sum()}[answers]
    found = model.predict(inputs).probabilities
    assert [found["opacity"], found["pneumonia"]] == pytest.approx([expected[3], expected[1]], abs=1e-6)
    odds = model.log_odds("pneumonia")(inputs[0].tensor[None])
    assert odds[0] == pytest.approx(np.log(expected[1] / (1 - expected[1])), abs=1e-4)


def test_outputs_that_are_not_the_findings_are_told(tmp_path):
    for outputs, columns in ((2, ()), (2, (2,))):
        with pytest.raises(ValueError, match="not a row of numbers"):
            loaded(OnnxClassifier, onnx_classifier(outputs=outputs), tmp_path / "b", detector_spec(**BARE),
                   columns=columns)  # fmt: skip


@pytest.mark.parametrize("method", [Occlusion(window=(8, 8), step=4), Rise(masks=40)])
def test_maps_of_an_onnx_classifier(tmp_path, method):
    spec = detector_spec(**BARE | {"saliency": Saliency(method="test")})
    model = loaded(OnnxClassifier, onnx_classifier(), tmp_path / "b", spec, perturbation=method)
    inputs = model.prepare([film(1), film(2)], [{}] * 2)
    made = model.explain(inputs, "pneumonia")
    assert [(item.values.shape, item.film) for item in made] == [((32, 32), 0), ((32, 32), 1)]
    again = model.explain(inputs, "pneumonia")
    np.testing.assert_array_equal(made[0].values, again[0].values)
    assert max(item.values.max() for item in made) > 0


def test_the_cpu_computes_whatever_is_wished(tmp_path):
    model = loaded(OnnxClassifier, onnx_classifier(), tmp_path / "b", detector_spec(**BARE), device="cuda")
    assert model.context.device == "cpu"


def test_threads_are_the_environments_and_telemetry_is_off(monkeypatch):
    told = []
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr(onnxruntime, "disable_telemetry_events", lambda: told.append("off"))
    options = session(onnx_classifier()).get_session_options()
    assert options.intra_op_num_threads == 3
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert told == ["off"]


def test_shapes_are_read_from_the_file():
    told = described(onnx_classifier(channels=3, outputs=2, side=48))
    assert told.shape == (None, 3, 48, 48)
    assert told.outputs == (None, 2)


def newer(**changes):
    made = onnx.load_from_string(onnx_classifier())
    made.ir_version = changes.get("ir", made.ir_version)
    made.opset_import[0].version = changes.get("opset", made.opset_import[0].version)
    return made.SerializeToString()


def of_nowhere():
    made = onnx.load_from_string(onnx_classifier())
    made.graph.node[1].op_type = "Rectify"
    return made.SerializeToString()


@pytest.mark.parametrize(
    ("network", "part"),
    [
        (b"no network", "no ONNX file, or not a whole one"),
        (onnx_classifier()[:300], "no ONNX file, or not a whole one"),
        (newer(ir=99), "lower opset"),
        (newer(opset=999), "lower opset"),
        (of_nowhere(), "does not know one of its operators"),
    ],
    ids=["none", "cut", "ir", "opset", "operator"],
)
def test_a_file_that_cannot_be_opened_is_told_in_our_words(network, part):
    with pytest.raises(UserError, match=part) as caught:
        session(network)
    assert caught.value.code == "bad-network"
    assert "\n" not in caught.value.text
    assert "onnxruntime_src" not in caught.value.text
    assert "ONNXRuntimeError" not in caught.value.text


def test_weights_in_a_second_file_are_not_read(tmp_path, monkeypatch):
    made = onnx.load_from_string(onnx_classifier())
    onnx.save_model(made, tmp_path / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"in a second file.*external_data=False") as caught:
        session((tmp_path / "m.onnx").read_bytes())
    assert caught.value.code == "bad-network"


def test_without_onnx_runtime_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UserError, match=r"cxrdesk\[onnx\]") as caught:
        session(b"")
    assert caught.value.code == "missing-extra"


def test_changed_weights_are_not_loaded(tmp_path):
    model = loaded(OnnxClassifier, onnx_classifier(), tmp_path / "b", detector_spec(**BARE))
    model.unload()
    (tmp_path / "b" / ONNX).write_bytes(onnx_classifier(seed=1))
    with pytest.raises(UserError) as caught:
        model.load()
    assert caught.value.code == "weights-changed"


@pytest.mark.parametrize("answers", ["logits", "classes"])
def test_an_onnx_segmenter(tmp_path, answers):
    network = onnx_segmenter(outputs=3)
    spec = segmenter_spec(input=INPUT)
    model = loaded(OnnxSegmenter, network, tmp_path / "b", spec, columns=(1, 2), answers=answers)
    prepared = model.prepare(film(4))
    raw = reference(network, prepared.tensor[None])[0].astype(np.float64)
    inside = sigmoid(raw) if answers == "logits" else np.exp(raw) / np.exp(raw).sum(axis=0)
    mask = model.segment(prepared)
    np.testing.assert_allclose(mask.values, np.minimum(inside[1] + inside[2], 1), atol=1e-5)
    assert SegmenterSpec.from_bundle(model.spec.bundle).structure == "lungs"
    assert verify(model, Bundle(model.spec.bundle)) == []


def small_torch():
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, stride=2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(4, 1),
    )  # fmt: skip


def test_a_torchscript_classifier_scores_as_its_module(tmp_path):
    torch = pytest.importorskip("torch")
    network = small_torch()
    data = torchscript(network, torch.zeros(1, 1, 32, 32))
    spec = detector_spec(**BARE | {"saliency": Saliency(method="test")})
    model = loaded(TorchScriptClassifier, data, tmp_path / "b", spec, TORCHSCRIPT,
                   perturbation=Occlusion(window=(8, 8), step=8))  # fmt: skip
    inputs = model.prepare([film(1), film(2)], [{}] * 2)
    with torch.no_grad():
        expected = torch.sigmoid(network(torch.from_numpy(np.stack([x.tensor for x in inputs])))).mean().item()
    assert model.predict(inputs).probabilities["pneumonia"] == pytest.approx(expected, abs=1e-6)
    assert model.explain(inputs, "pneumonia")[1].values.max() >= 0
    assert verify(model, Bundle(model.spec.bundle)) == []
    model.unload()
    assert not hasattr(model, "model")


def test_a_torchscript_segmenter(tmp_path):
    torch = pytest.importorskip("torch")
    network = torch.nn.Conv2d(1, 1, 3, padding=1)
    data = torchscript(network, torch.zeros(1, 1, 32, 32))
    model = loaded(TorchScriptSegmenter, data, tmp_path / "b", segmenter_spec(input=INPUT), TORCHSCRIPT)
    tensor = np.random.default_rng(0).normal(size=(1, 32, 32)).astype(np.float32)
    with torch.no_grad():
        expected = torch.sigmoid(network(torch.from_numpy(tensor[None])))[0, 0].numpy()
    np.testing.assert_allclose(model.segment(ModelInput(tensor=tensor)).values, expected, atol=1e-6)


def test_a_torchscript_file_that_is_none():
    pytest.importorskip("torch")
    with pytest.raises(UserError) as caught:
        script(b"no network")
    assert caught.value.code == "bad-network"
