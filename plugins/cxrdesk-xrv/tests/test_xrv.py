"""The plugin: bundles from checkpoints that the torchxrayvision package makes, against that package's own pipeline."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cxrdesk_xrv")
torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
pytest.importorskip("pytorch_grad_cam")
xrv = pytest.importorskip("torchxrayvision", reason="the torchxrayvision package is not installed")

from cxrdesk_xrv import convert, published  # noqa: E402
from cxrdesk_xrv.model import XrvModel  # noqa: E402
from cxrdesk_xrv.plugin import cxrdesk_detectors  # noqa: E402
from cxrdesk_xrv.published import OUTPUTS, WEIGHTS  # noqa: E402

from cxrdesk.api import BundleError, DetectorSpec, Evidence, imported_folder  # noqa: E402
from cxrdesk.api.bundle import Bundle  # noqa: E402
from cxrdesk.api.golden import verify  # noqa: E402
from cxrdesk.imaging.phantom import adult, simulate  # noqa: E402
from cxrdesk.inference.pipeline import called  # noqa: E402
from cxrdesk.inference.result import Call  # noqa: E402
from tests.support import film  # noqa: E402

KNOWN = {item.name: item for item in WEIGHTS}


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module", autouse=True)
def _golden_films_once():
    made = convert.golden_films()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convert, "golden_films", lambda: made)
        yield


@pytest.fixture(scope="module")
def theirs():
    """Random weights whose scores are neither 0 nor 1: the normalisation has seen these films."""
    torch.manual_seed(3)
    made = xrv.models.DenseNet(num_classes=18, apply_sigmoid=True).train()
    with torch.no_grad():
        for _ in range(3):
            made(torch.from_numpy(np.stack([theirs_input(radiograph) for radiograph in films().values()])))
    return made.eval()


@pytest.fixture(scope="module")
def checkpoint(theirs, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("weights") / f"{KNOWN['all'].file}.pt"
    torch.save(theirs, path, _use_new_zipfile_serialization=False)
    return path


@pytest.fixture(scope="module")
def bundle(checkpoint, tmp_path_factory) -> Path:
    return convert.import_weights(checkpoint, tmp_path_factory.mktemp("bundles"))


def loaded(bundle: Path) -> XrvModel:
    model = type("Xrv", (XrvModel,), {"spec": DetectorSpec.from_bundle(bundle)})()
    model.load()
    return model


@cache
def films():
    stored = simulate(adult(seed=5, shape=(700, 560))).radiograph
    wide = film(1, stored=np.random.default_rng(2).integers(900, 4000, (300, 411)).astype(np.uint16))
    square = film(3, stored=np.ascontiguousarray(wide.stored[:224, :224]))
    return {"tall": stored, "wide": wide, "inverted": replace(wide, inverted=True), "square": square}


def theirs_input(radiograph) -> np.ndarray:
    """As their scripts/process_image.py does it: normalise, centre crop, resize."""
    top = 2**radiograph.bits_stored - 1
    grey = top - radiograph.stored if radiograph.inverted else radiograph.stored
    image = xrv.datasets.normalize(grey, top)[None]
    return xrv.datasets.XRayResizer(224)(xrv.datasets.XRayCenterCrop()(image))


def pipeline(theirs, radiograph) -> np.ndarray:
    with torch.no_grad():
        return theirs(torch.from_numpy(theirs_input(radiograph))[None])[0].numpy()


def test_scores_are_those_of_their_own_pipeline(theirs, bundle):
    model = loaded(bundle)
    for name, radiograph in films().items():
        found = model.predict(model.prepare([radiograph], [{}])).probabilities
        expected = pipeline(theirs, radiograph)
        assert 0.01 < expected.min() < expected.max() - 0.1 < 0.89, "the comparison would say nothing"
        np.testing.assert_allclose(list(found.values()), expected, atol=1e-4, err_msg=name)
    model.unload()


def test_the_map_covers_the_middle_square_and_rises_to_the_score(theirs, bundle):
    model = loaded(bundle)
    inputs = model.prepare([films()["tall"]], [{}])
    model.predict(inputs)
    [found] = model.explain(inputs, "mass")
    assert found.values.shape == (7, 7)
    assert (found.box.x0, found.box.x1) == (0.0, 1.0)
    assert (found.box.y0, found.box.y1) == (70 / 700, 630 / 700)
    with torch.no_grad():
        features = torch.relu(theirs.features(torch.from_numpy(inputs[0].tensor)[None]))[0]
        weight = theirs.classifier.weight[published_index("mass")]
        expected = torch.relu((features * weight[:, None, None]).sum(0) / 49)
    np.testing.assert_allclose(found.values, expected.numpy(), atol=1e-4)
    model.unload()


def published_index(finding: str) -> int:
    return list(OUTPUTS.values()).index(finding)


def test_the_bundle_says_what_is_known(bundle, checkpoint):
    spec = DetectorSpec.from_bundle(bundle)
    manifest = json.loads((bundle / "bundle.json").read_text())
    assert spec.evidence is Evidence.INTERNAL
    assert spec.findings == tuple(OUTPUTS.values())
    for words in ("CheXpert (Stanford research use agreement", "PhysioNet", "PadChest"):
        assert words in spec.licence
        assert words in spec.trained_on
    assert manifest["evaluation"]["source"] == published.SOURCE
    assert "its file name" in manifest["training"]["started_from"]
    assert hashlib.sha256(checkpoint.read_bytes()).hexdigest() in manifest["training"]["started_from"]
    assert verify(loaded(bundle), Bundle(bundle)) == []


def test_thresholds_give_a_call_only_with_the_published_weights(bundle, checkpoint, tmp_path, monkeypatch):
    spec = DetectorSpec.from_bundle(bundle)
    found = called(spec, "mass", 0.9, "balanced", spec.input.digest())
    assert (found.call, [reason.code for reason in found.reasons]) == (Call.INDETERMINATE, ["weights-differ"])

    digest = hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    proven = tuple(replace(item, sha256=digest if item.name == "all" else item.sha256) for item in WEIGHTS)
    monkeypatch.setattr(convert, "WEIGHTS", proven)
    spec = DetectorSpec.from_bundle(convert.import_weights(checkpoint, tmp_path))
    found = called(spec, "mass", 0.02, "balanced", spec.input.digest())
    assert found.call is Call.POSITIVE
    assert found.operating_point.threshold == pytest.approx(0.01939503)
    assert found.operating_point.sensitivity is None
    assert (found.raw, found.probability) == (0.02, 0.02)
    with pytest.raises(BundleError, match="'all' by its SHA-256"):
        convert.import_weights(checkpoint, tmp_path, "nih")


def test_outputs_that_were_not_trained_are_dropped(bundle, checkpoint, tmp_path):
    part = loaded(convert.import_weights(checkpoint, tmp_path, "rsna"))
    whole = loaded(bundle)
    assert (
        part.spec.findings == tuple(point.finding for point in part.spec.operating_points) == ("pneumonia", "opacity")
    )
    radiograph = films()["wide"]
    few, all_ = (model.predict(model.prepare([radiograph], [{}])).probabilities for model in (part, whole))
    assert few == pytest.approx({key: all_[key] for key in few}, abs=1e-6)


def test_what_is_published_is_what_their_package_states():
    for item in WEIGHTS:
        stated = xrv.models.model_urls[f"densenet121-res224-{item.name}"]
        labels = [label for label in stated["labels"] if label]
        assert list(item.thresholds) == labels
        trained = [value for value in stated["op_threshs"] if not np.isnan(value)]
        assert list(item.thresholds.values()) == trained
        assert stated["weights_url"].rpartition("/")[2] == f"{item.file}.pt"
        assert [stated["labels"][row] for row in item.rows] == labels
    assert list(OUTPUTS) == xrv.datasets.default_pathologies


def test_a_checkpoint_of_another_shape_is_refused(tmp_path):
    path = tmp_path / "other.pt"
    torch.save(xrv.models.DenseNet(num_classes=3), path)
    with pytest.raises(BundleError, match="no DenseNet-121 with 18 outputs") as caught:
        convert.import_weights(path, tmp_path, "all")
    assert caught.value.code == "bad-weights"


def test_weights_that_nobody_knows_have_to_be_named(checkpoint, tmp_path):
    path = tmp_path / "model.pt"
    path.write_bytes(checkpoint.read_bytes())
    for name in (None, "nobody"):
        with pytest.raises(BundleError) as caught:
            convert.import_weights(path, tmp_path, name)
        assert caught.value.code == "unknown-weights"
    assert list(tmp_path.iterdir()) == [path]


def test_the_plugin_lists_what_was_imported(bundle, tmp_path):
    assert cxrdesk_detectors() == []
    folder = imported_folder("cxrdesk-xrv")
    folder.mkdir(parents=True)
    (folder / "xrv-all").symlink_to(bundle)
    [detector] = cxrdesk_detectors()
    assert detector.spec.id == "xrv-all"
