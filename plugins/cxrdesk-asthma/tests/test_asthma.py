"""The asthma detector: frontal chests, a score and never a call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cxrdesk_asthma")
torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")
safetensors_torch = pytest.importorskip("safetensors.torch")
pytest.importorskip("pytorch_grad_cam")
pytest.importorskip("lightning")
pytest.importorskip("sklearn")

import cxrdesk_asthma  # noqa: E402
from cxrdesk_asthma import recipe  # noqa: E402
from cxrdesk_asthma.model import AsthmaModel  # noqa: E402
from cxrdesk_asthma.network import build  # noqa: E402

from cxrdesk.inference.result import Status  # noqa: E402
from tests import simulated_detectors as shared  # noqa: E402

BUNDLE = Path(cxrdesk_asthma.__file__).parent / "bundle"
shipped = pytest.mark.skipif(not BUNDLE.is_dir(), reason="the asthma detector's bundle is not there yet")


@pytest.fixture(scope="module")
def asthma():
    from cxrdesk_asthma.plugin import Asthma

    return Asthma


@pytest.fixture(scope="module")
def chest():
    return shared.simulated_film("chest-pa", 1, ("hyperinflation", 0.9))


def test_the_network_is_the_described_one():
    """InceptionV3, average pooling, 1024 numbers as a short sequence, an LSTM of 64 units, one output."""
    net = build().eval()
    assert (net.project[0].in_features, net.project[0].out_features) == (2048, 1024)
    assert net.lstm.hidden_size == 64
    plain = timm.create_model("inception_v3", in_chans=1, num_classes=0)
    assert net.features.state_dict().keys() == plain.state_dict().keys()
    assert net(torch.zeros(2, 1, 160, 160)).shape == (2, 1)
    logits, places = net.located(torch.zeros(2, 1, 160, 160))
    assert torch.allclose(logits, net(torch.zeros(2, 1, 160, 160)))
    assert places.shape == (2, 1, 8, 8)


@shipped
def test_a_score_and_never_a_call(asthma, chest):
    shared.assert_honest(asthma, chest)


@shipped
def test_golden_vectors_are_reproduced(asthma):
    shared.assert_reproduced(asthma, asthma.spec)


@shipped
def test_it_tells_signs_from_none_on_films_it_never_saw(asthma):
    shared.assert_measured(asthma.spec)
    kinds = [(), (("hyperinflation", 1.0),)]
    scores = [
        [shared.asked(asthma, shared.simulated_film("chest-pa", k, *kind)).findings[0].raw for k in range(6)]
        for kind in kinds
    ]
    assert np.median(scores[1]) > np.median(scores[0])


@shipped
@pytest.mark.parametrize("kind", ["neck-ap", "hip", "hand", "chest-lateral"])
def test_other_parts_and_views_are_refused(asthma, kind):
    result = shared.asked(asthma, replace(shared.simulated_film(kind), patient_age_years=30.0))
    assert result.status is Status.REFUSED


@shipped
def test_a_neck_that_calls_itself_a_chest_is_refused(asthma, chest):
    lying = replace(shared.simulated_film("neck-ap"), view=chest.view, patient_age_years=2.0)
    assert [reason.code for reason in shared.asked(asthma, lying).reasons] == ["not-a-chest-film"]


def test_a_short_run_of_the_recipe(tmp_path, monkeypatch):
    """From given weights; in its second stage the features' first blocks stay as they were given."""
    shared.make_quick(monkeypatch)
    torch.manual_seed(1)
    given = timm.create_model("inception_v3", in_chans=1, num_classes=0).state_dict()
    weights = tmp_path / "features.safetensors"
    safetensors_torch.save_file(given, weights)
    stages = tuple(replace(stage, trains=("features.Mixed_7c", *recipe.HEAD)) for stage in recipe.AMOUNT.stages[1:])
    amount = shared.small(replace(recipe.AMOUNT, stages=stages))
    monkeypatch.setattr(recipe, "SPEC", replace(recipe.SPEC, input=replace(recipe.SPEC.input, size=(96, 96))))
    bundle = recipe.train(None, tmp_path / "out", device="cpu", backbone_weights=weights, amount=amount)
    shared.assert_trial_bundle(bundle, AsthmaModel)
    stored = safetensors_torch.load_file(bundle / "model.safetensors")
    name = "features.Conv2d_1a_3x3.conv.weight"
    scale = stored[f"{name}#scale"].reshape(-1, 1, 1, 1)
    torch.testing.assert_close(stored[name].float() * scale, given["Conv2d_1a_3x3.conv.weight"], rtol=0, atol=2e-3)
