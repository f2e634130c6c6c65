"""The pneumonia detector: what it is given, what it declares, and that it computes what it did."""

from __future__ import annotations

import gc
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cxrdesk_pneumonia")
torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_grad_cam")

import cxrdesk_pneumonia  # noqa: E402
from cxrdesk_pneumonia.model import PneumoniaModel  # noqa: E402
from cxrdesk_pneumonia.network import build  # noqa: E402

from cxrdesk.api import (  # noqa: E402
    Bundle,
    DetectorSpec,
    Evidence,
    FilmScope,
    InputSpec,
    Mask,
    Saliency,
)
from cxrdesk.api.golden import verify  # noqa: E402
from cxrdesk.discovery.loader import load_registry  # noqa: E402
from cxrdesk.evaluation.datasets import kermany  # noqa: E402
from cxrdesk.evaluation.metrics import auc  # noqa: E402
from cxrdesk.evaluation.run import film_of, score  # noqa: E402
from cxrdesk.imaging.phantom import adult, child, simulate  # noqa: E402
from cxrdesk.imaging.reader import read_radiograph  # noqa: E402
from cxrdesk.inference.pipeline import FilmAnalysis  # noqa: E402
from cxrdesk.inference.result import Call, Status  # noqa: E402
from cxrdesk.inference.runners import LocalRunner  # noqa: E402
from tests.made_data import real_data  # noqa: E402

BUNDLE = Path(cxrdesk_pneumonia.__file__).parent / "bundle"
shipped = pytest.mark.skipif(not BUNDLE.is_dir(), reason="the pneumonia detector's bundle is not there yet")
SPEC = DetectorSpec(
    id="pneumonia",
    version="0",
    name="Pneumonia",
    looks_for="test",
    scope=FilmScope(views=("chest-ap",), age_years=(1.0, 6.0)),
    input=InputSpec(size=(128, 128), region="lungs", margin=0.06, percentiles=(2.0, 98.0)),
    requires=("lungs",),
    findings=("pneumonia",),
    saliency=Saliency(method="test"),
)


class Untrained(PneumoniaModel):
    """The network as it is before training."""

    spec = SPEC

    def build(self):
        torch.manual_seed(0)
        return super().build()


@pytest.fixture(scope="module")
def phantom():
    return simulate(child(seed=401, shape=(256, 320)))


@pytest.fixture(scope="module")
def lungs(phantom):
    return Mask(structure="lungs", values=phantom.masks["lungs"].astype(np.float32))


@pytest.fixture
def untrained():
    model = Untrained()
    model.load()
    yield model
    model.unload()


def test_an_input_is_the_lungs_with_a_margin(phantom, lungs):
    [prepared] = Untrained().prepare([phantom.radiograph], [{"lungs": lungs}])
    rows, cols = np.nonzero(phantom.masks["lungs"])
    height, width = phantom.masks["lungs"].shape
    x0, x1 = cols.min() / width, (cols.max() + 1) / width
    y0, y1 = rows.min() / height, (rows.max() + 1) / height
    expected = (x0 - 0.06 * (x1 - x0), y0 - 0.06 * (y1 - y0), x1 + 0.06 * (x1 - x0), y1 + 0.06 * (y1 - y0))
    box = prepared.box
    assert (box.x0, box.y0, box.x1, box.y1) == pytest.approx(np.clip(expected, 0, 1))
    assert (box.x1 - box.x0) * (box.y1 - box.y0) < 0.8
    assert prepared.tensor.shape == (1, 128, 128)


def test_nothing_beside_the_lungs_counts(phantom, lungs):
    """A border, a marker, another collimation: the input is the same."""
    [plain] = Untrained().prepare([phantom.radiograph], [{"lungs": lungs}])
    stored = phantom.radiograph.stored.copy()
    height, width = stored.shape
    outside = np.ones(stored.shape, bool)
    box = plain.box
    outside[int(box.y0 * height) : round(box.y1 * height), int(box.x0 * width) : round(box.x1 * width)] = False
    stored[outside] = 4095
    [changed] = Untrained().prepare([replace(phantom.radiograph, stored=stored)], [{"lungs": lungs}])
    np.testing.assert_array_equal(changed.tensor, plain.tensor)


def test_one_logit_for_each_film():
    network = build().eval()
    with torch.inference_mode():
        assert network(torch.zeros(3, 1, 128, 128)).shape == (3, 1)


def test_a_map_is_on_the_third_stages_grid_and_never_scaled(untrained, phantom, lungs):
    inputs = untrained.prepare([phantom.radiograph], [{"lungs": lungs}])
    untrained.predict(inputs)
    [first] = untrained.explain(inputs, "pneumonia")
    assert first.values.shape == (8, 8)
    assert first.box == inputs[0].box
    assert first.values.min() >= 0
    # Half the last layer's weight, half the map: no scaling per film hides how strong it is.
    with torch.no_grad():
        untrained.model.fc.weight.mul_(0.5)
    again = untrained.prepare([phantom.radiograph], [{"lungs": lungs}])
    [second] = untrained.explain(again, "pneumonia")
    np.testing.assert_allclose(second.values, 0.5 * first.values, rtol=1e-4, atol=1e-9)


def test_explaining_changes_no_score(untrained, phantom, lungs):
    inputs = untrained.prepare([phantom.radiograph], [{"lungs": lungs}])
    before = untrained.predict(inputs).probabilities
    untrained.explain(inputs, "pneumonia")
    assert untrained.predict(inputs).probabilities == before


def test_hooks_are_released(phantom, lungs):
    model = Untrained()
    model.load()
    layer = model.cam_layer(model.model)
    assert layer._forward_hooks
    model.unload()
    gc.collect()
    assert not layer._forward_hooks


def test_the_map_looks_where_the_network_looks():
    """Grad-CAM by hand: mean gradient of the logit over each channel, weighted sum, no negative values."""
    model = Untrained()
    model.load()
    tensor = np.random.default_rng(0).normal(size=(1, 128, 128)).astype(np.float32)
    from cxrdesk.api import ModelInput

    inputs = [ModelInput(tensor=tensor)]
    model.predict(inputs)
    [found] = model.explain(inputs, "pneumonia")
    model.unload()
    network = Untrained().build().eval()
    kept = {}

    def keep(module, given, out):
        kept["a"] = out
        out.retain_grad()

    network.layer3.register_forward_hook(keep)
    network(torch.from_numpy(tensor[None])).sum().backward()
    activations, gradients = kept["a"][0], kept["a"].grad[0]
    expected = torch.relu((gradients.mean(dim=(1, 2), keepdim=True) * activations).sum(dim=0)).detach().numpy()
    np.testing.assert_allclose(found.values, expected, rtol=1e-3, atol=1e-7)


@pytest.fixture(scope="module")
def registry():
    made = load_registry(["cxrdesk-lungmask", "cxrdesk-pneumonia"])
    if made.failures:
        pytest.fail(str(made.failures))
    return made


@pytest.fixture(scope="module")
def spec(registry):
    return next(spec for spec in registry.detectors if spec.id == "pneumonia")


@shipped
def test_it_is_found_and_lists_without_torch():
    code = (
        "import sys; from cxrdesk.discovery.loader import load_registry; r = load_registry(['cxrdesk-pneumonia']);"
        "assert not r.failures, r.failures; print([s.id for s in r.detectors]);"
        "assert not {'torch', 'timm', 'pytorch_grad_cam', 'lightning'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "['pneumonia']"), done.stderr


@shipped
def test_golden_vectors_are_reproduced(registry):
    model = registry.model("pneumonia")()
    model.load()
    assert verify(model, Bundle(BUNDLE)) == []
    model.unload()


@shipped
def test_what_it_declares(spec):
    from cxrdesk_pneumonia.parts import INPUT

    assert spec == DetectorSpec.from_bundle(BUNDLE)
    assert spec.findings == ("pneumonia",)
    assert spec.evidence is Evidence.INTERNAL
    assert spec.scope.age_years == (1.0, 6.0)
    assert spec.scope.stated_view
    assert spec.input == INPUT
    assert spec.requires == ("lungs",)
    assert {point.name for point in spec.operating_points} == {"balanced", "sensitive", "specific"}
    assert spec.calibration["pneumonia"].method in ("temperature", "platt")
    assert spec.saliency.reference["pneumonia"] > 0
    assert 0.5 < spec.prevalence["pneumonia"] < 0.9


@shipped
def test_operating_points_belong_to_these_weights_and_that_segmenter(registry, spec):
    segmenter = registry.segmenter_for("lungs")
    for point in spec.operating_points:
        assert point.weights_sha256 == spec.weights_sha256
        assert point.preprocessing_sha256 == spec.input.digest(segmenter.weights_sha256)
        assert point.measured_on
        assert point.aim
    thresholds = {point.name: point.threshold for point in spec.operating_points}
    assert thresholds["sensitive"] <= thresholds["balanced"] <= thresholds["specific"]


@shipped
def test_figures_are_the_tables(spec):
    table = Bundle(BUNDLE).manifest["evaluation"]["table"]
    assert table["films"] == "report split"
    for point in spec.operating_points:
        assert table["points"][point.name]["sensitivity"]["value"] == point.sensitivity.value
        assert table["points"][point.name]["specificity"]["value"] == point.specificity.value
        assert point.sensitivity.n + point.specificity.n == table["points"][point.name]["films"]


@shipped
def test_a_child_is_read_and_an_adult_refused(registry, spec, phantom):
    runner = LocalRunner(registry)
    read = FilmAnalysis(phantom.radiograph, registry, runner).detect(spec)
    assert read.status is Status.DONE, read.reasons
    assert read.findings[0].call in (Call.POSITIVE, Call.NEGATIVE)
    assert read.findings[0].saliency[0].lung_share is not None
    grown = FilmAnalysis(simulate(adult(seed=402, shape=(256, 256))).radiograph, registry, runner).detect(spec)
    assert (grown.status, [reason.code for reason in grown.reasons]) == (Status.REFUSED, ["too-old"])
    runner.close()


@shipped
def test_real_adults_and_a_hip_are_refused(registry, spec):
    runner = LocalRunner(registry)
    codes = {}
    for name in ("RG1_J2KI.dcm", "RG2_J2KI_hip.dcm"):
        film = read_radiograph(real_data() / "dicom" / name)
        result = FilmAnalysis(film, registry, runner).detect(spec)
        assert result.status is Status.REFUSED
        codes[name] = [reason.code for reason in result.reasons]
    assert not runner.models.loaded
    runner.close()
    assert "not-a-chest-film" in codes["RG2_J2KI_hip.dcm"]


@shipped
def test_real_children_are_told_apart(registry, spec):
    """A small fixed sample of films that it never saw; the whole is measured by ``cxrdesk evaluate pneumonia``."""
    rows = [row for row in kermany(real_data()) if row.split == "report"]
    normal = [row for row in rows if not row.labels["pneumonia"]]
    sick = [row for row in rows if row.labels["pneumonia"]]
    sample = normal[:: len(normal) // 15][:15] + sick[:: len(sick) // 15][:15]
    scored = [item for item in score(registry, spec, "pneumonia", sample) if item.probability is not None]
    assert len(scored) >= 28
    labels = np.array([item.row.labels["pneumonia"] for item in scored])
    assert auc(labels, np.array([item.probability for item in scored])) >= 0.95


@shipped
def test_the_same_film_scores_the_same_twice(registry, spec):
    rows = [row for row in kermany(real_data()) if row.split == "report"][:2]
    answers = []
    for _ in range(2):
        runner = LocalRunner(registry)
        done = [FilmAnalysis(film_of(row), registry, runner).detect(spec) for row in rows]
        answers.append([result.findings[0].raw for result in done])
        runner.close()
    assert answers[0] == answers[1]
