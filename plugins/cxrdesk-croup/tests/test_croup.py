"""The croup detector: necks of small children and nothing else, a score and never a call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("cxrdesk_croup")
torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_grad_cam")
pytest.importorskip("lightning")
pytest.importorskip("sklearn")

import cxrdesk_croup  # noqa: E402
from cxrdesk_croup import recipe  # noqa: E402
from cxrdesk_croup.model import CroupModel  # noqa: E402
from cxrdesk_croup.network import SIDE, UNITS, RowsLSTM  # noqa: E402

from cxrdesk.api import Projection, View  # noqa: E402
from cxrdesk.inference.result import Status  # noqa: E402
from tests import simulated_detectors as shared  # noqa: E402

BUNDLE = Path(cxrdesk_croup.__file__).parent / "bundle"
shipped = pytest.mark.skipif(not BUNDLE.is_dir(), reason="the croup detector's bundle is not there yet")


@pytest.fixture(scope="module")
def croup():
    from cxrdesk_croup.plugin import Croup

    return Croup


@pytest.fixture(scope="module")
def neck():
    return shared.simulated_film("neck-ap", 1, ("subglottic_narrowing", 0.9))


def test_the_network_is_the_described_one():
    """Two convolutions of 8 and 16 filters, an LSTM of 100 units over the rows, one output."""
    net = RowsLSTM().eval()
    convolutions = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [m.out_channels for m in convolutions] == [8, 16]
    assert sum(isinstance(m, torch.nn.MaxPool2d) for m in net.modules()) == 2
    assert (net.lstm.hidden_size, UNITS) == (100, 100)
    assert net(torch.zeros(3, 1, SIDE, SIDE)).shape == (3, 1)


@shipped
def test_a_score_and_never_a_call(croup, neck):
    shared.assert_honest(croup, neck)


@shipped
def test_golden_vectors_are_reproduced(croup):
    shared.assert_reproduced(croup, croup.spec)


@shipped
def test_it_tells_narrowed_from_open_airways_it_never_saw(croup):
    shared.assert_measured(croup.spec)
    kinds = [(), (("subglottic_narrowing", 1.0),)]
    scores = [
        [shared.asked(croup, shared.simulated_film("neck-ap", k, *kind)).findings[0].raw for k in range(6)]
        for kind in kinds
    ]
    assert np.median(scores[1]) > np.median(scores[0])


@shipped
@pytest.mark.parametrize(
    ("kind", "code"),
    [("chest-pa", "looks-like-a-chest"), ("child-ap", "looks-like-a-chest"), ("hip", "wrong-body-part")],
)
def test_other_parts_are_refused(croup, kind, code):
    result = shared.asked(croup, shared.simulated_film(kind))
    assert result.status is Status.REFUSED
    assert code in [reason.code for reason in result.reasons]


@shipped
def test_a_chest_that_calls_itself_a_neck_is_refused(croup):
    film = shared.simulated_film("child-ap")
    lying = replace(film, view=View(body_part="neck", projection=Projection.AP), patient_age_years=2.0)
    result = shared.asked(croup, lying)
    assert result.status is Status.REFUSED
    assert [reason.code for reason in result.reasons] == ["looks-like-a-chest"]


@shipped
@pytest.mark.parametrize(
    ("age", "code"), [(45.0, "too-old"), (3.0, "too-old"), (0.3, "too-young"), (None, "age-unknown")]
)
def test_other_ages_are_refused(croup, neck, age, code):
    result = shared.asked(croup, replace(neck, patient_age_years=age))
    assert [reason.code for reason in result.reasons] == [code]


def test_a_short_run_of_the_recipe(tmp_path, monkeypatch):
    shared.make_quick(monkeypatch)
    amount = shared.small(recipe.AMOUNT, draws=96)
    bundle = recipe.train(None, tmp_path, device="cpu", amount=amount)
    spec = shared.assert_trial_bundle(bundle, CroupModel)
    assert spec.findings == ("subglottic_narrowing",)
    before = (bundle / "model.safetensors").read_bytes()
    assert recipe.train(None, tmp_path, device="cpu", amount=amount) == bundle
    assert (bundle / "model.safetensors").read_bytes() == before
