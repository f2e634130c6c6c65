"""The audit with detectors whose maps are known, through the gate and the viewer's own steps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("pytorch_grad_cam")
pytest.importorskip("scipy")

from cxrdesk.api import InputSpec  # noqa: E402
from cxrdesk.api.saliency import METHODS  # noqa: E402
from cxrdesk.api.torchkit import TorchClassifier  # noqa: E402
from cxrdesk.evaluation import intervals  # noqa: E402
from cxrdesk.evaluation.saliency import audit as audit_module  # noqa: E402
from cxrdesk.evaluation.saliency import measures  # noqa: E402
from cxrdesk.evaluation.saliency.audit import NOISE, PERTURBED, RANDOMISED, audit  # noqa: E402
from cxrdesk.evaluation.saliency.figures import figures  # noqa: E402
from cxrdesk.evaluation.saliency.methods import OWN, randomised, with_method  # noqa: E402
from cxrdesk.evaluation.saliency.truth import truth_in  # noqa: E402
from cxrdesk.imaging import quality  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402
from tests.made_squares import SIDE, SQUARE, Sided, make_squares  # noqa: E402
from tests.support import CHEST, HalfLungs, Spy, detector_spec, registry_of, spying  # noqa: E402


@pytest.fixture(autouse=True)
def _looks_like_a_chest(monkeypatch):
    monkeypatch.setattr(quality, "look", lambda film: CHEST)
    monkeypatch.setattr(intervals, "RESAMPLES", 40)
    monkeypatch.setattr(measures, "STEPS", 4)


@pytest.fixture(scope="module")
def truth(tmp_path_factory):
    return truth_in(make_squares(tmp_path_factory.mktemp("squares") / "site"))


class Bright(TorchClassifier):
    """Two channels, of which the head takes the bright one alone: a map is where the film is bright."""

    spec = detector_spec(input=InputSpec(size=(32, 32), percentiles=(0.0, 100.0), mean=0.3, std=0.1))

    def build(self):
        made = torch.nn.Sequential(
            torch.nn.Conv2d(1, 2, 1),
            torch.nn.AvgPool2d(4),
            torch.nn.ReLU(),
            torch.nn.AdaptiveAvgPool2d(1),
            torch.nn.Flatten(),
            torch.nn.Linear(2, 1),
        )
        with torch.no_grad():
            made[0].weight.copy_(torch.tensor([1.0, -1.0]).reshape(2, 1, 1, 1))
            made[0].bias.zero_()
            made[5].weight.copy_(torch.tensor([[3.0, -0.5]]))
            made[5].bias.fill_(-0.5)
        return made

    def cam_layer(self, model):
        return model[2]


@pytest.fixture(scope="module")
def found(truth):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quality, "look", lambda film: CHEST)
        patch.setattr(measures, "STEPS", 4)
        told = []
        made = audit(
            registry_of(Bright, HalfLungs), Bright.spec, truth, device="cpu", progress=lambda *at: told.append(at)
        )
    assert told[-1][0] == told[-1][1]
    assert [done for done, _ in told[-5:]] == sorted(done for done, _ in told[-5:])
    return made


def test_a_map_of_the_bright_square_points_at_it(found):
    seen = found.methods["hirescam"].seen["pneumonia"]
    assert len(seen) == 12
    # Two cells wide, and stretched linearly: part of the mass lies around the square.
    assert all(item.miss == 0 and item.energy > 0.5 and item.overlap > 0.6 for item in seen)
    assert {item.region for item in seen} == {"opacity"}
    assert {round(item.area, 4) for item in seen} == {round((SQUARE / SIDE) ** 2, 4)}
    # The stand-in's lungs are the left half of every film; squares straddle no middle but that of the second column.
    shares = sorted(item.lungs for item in seen)
    assert shares[0] < 0.1
    assert shares[-1] > 0.9


def test_every_method_is_measured_and_noise_beside_them(found):
    assert set(found.methods) == {*METHODS, NOISE}
    assert next(iter(found.methods)) == "hirescam"
    assert list(found.methods)[-1] == NOISE
    hirescam, gradcam, cam = (found.methods[key].seen["pneumonia"] for key in ("hirescam", "gradcam", "cam"))
    for a, b, c in zip(hirescam, gradcam, cam, strict=True):
        assert a.miss == b.miss == c.miss
        assert a.energy == pytest.approx(b.energy, abs=0.05)
        assert b.energy == pytest.approx(c.energy, abs=1e-5)
    noise = found.methods[NOISE].seen["pneumonia"]
    assert np.mean([item.energy for item in noise]) == pytest.approx(np.mean([i.area for i in noise]), rel=0.2)
    assert all(item.lungs is None for item in noise)
    deletions = {
        key: np.mean([i.perturbed.deletion for i in found.methods[key].seen["pneumonia"]]) for key in found.methods
    }
    assert deletions["hirescam"] < deletions[NOISE]


def test_refused_and_unreadable_films_are_counted_once(found):
    assert found.studies == 14
    lost = found.methods["hirescam"].lost
    assert sum(lost.values()) == 2
    assert lost["refused", "too-old"] == 1
    assert {status for status, _ in lost} == {"refused", "unreadable"}
    assert not found.methods["gradcam"].lost


def test_maps_change_with_the_weights_and_costly_checks_are_bounded(found):
    changed = found.methods["hirescam"].changed["pneumonia"]
    assert list(dict.fromkeys(item.stage for item in changed)) == ["5", "0"]
    assert len(changed) == 2 * RANDOMISED
    seen = found.methods["hirescam"].seen["pneumonia"]
    assert sum(item.perturbed is not None for item in seen) == min(PERTURBED, len(seen))


def test_an_audit_is_the_same_again(found, truth):
    again = audit(registry_of(Bright, HalfLungs), Bright.spec, truth, device="cpu")
    assert {key: vars(item) for key, item in again.methods.items()} == {
        key: vars(item) for key, item in found.methods.items()
    }


def test_figures_are_means_of_what_was_seen(found):
    told = figures("bright", found)
    assert told["films"]["listed"] == 14
    assert told["films"]["explained"] == 12
    [finding] = told["findings"]
    assert finding["regions"] == {"opacity": 12}
    lines = {line["method"]: line for line in finding["methods"]}
    seen = found.methods["gradcam++"].seen["pneumonia"]
    given = lines["gradcam++"]["figures"]
    assert given["energy"]["value"] == pytest.approx(np.mean([item.energy for item in seen]))
    assert given["energy"]["low"] <= given["energy"]["value"] <= given["energy"]["high"]
    assert given["pointing"] == {"value": 1.0, "low": 1.0, "high": 1.0, "n": 12}
    assert lines[NOISE]["figures"]["lungs"] is None
    assert lines[NOISE]["figures"]["randomisation"] is None
    stages = given["randomisation"]["stages"]
    changed = [item.rank_correlation for item in found.methods["gradcam++"].changed["pneumonia"] if item.stage == "0"]
    assert stages[-1]["stage"] == "0"
    assert stages[-1]["rank_correlation"]["value"] == pytest.approx(np.mean(changed))


class Blind(Bright):
    """No pooled linear head."""

    def build(self):
        return torch.nn.Sequential(
            torch.nn.Conv2d(1, 2, 1), torch.nn.AvgPool2d(8), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(32, 1)
        )


def test_a_method_that_does_not_fit_says_so_and_loses_no_film(truth):
    found = audit(registry_of(Blind), Blind.spec, truth, device="cpu")
    told = {line["method"]: line for line in figures("blind", found)["findings"][0]["methods"]}
    assert told["cam"]["problem"]["code"] == "method-not-applicable"
    assert told["cam"]["figures"] is None
    assert told["scorecam"]["figures"]["films"] == told["hirescam"]["figures"]["films"] == 12


def test_a_slow_method_is_asked_about_fewer_films(truth, monkeypatch):
    monkeypatch.setattr(audit_module, "SLOW_STUDIES", 5)
    found = audit(registry_of(Bright), Bright.spec, truth, device="cpu")
    told = {line["method"]: line["figures"] for line in figures("bright", found)["findings"][0]["methods"]}
    assert told["scorecam"]["films"] == 5
    assert told["gradcam"]["films"] == told["cam"]["films"] == 12


def test_a_detector_that_is_not_torchs_is_audited_with_its_own_maps(truth):
    found = audit(registry_of(spying(Sided)), Sided.spec, truth, device="cpu")
    assert set(found.methods) == {OWN, NOISE}
    told = figures("sided", found)
    first, second = told["findings"]
    assert first["methods"][0]["name"] == "test"
    assert first["methods"][0]["figures"]["randomisation"] is None
    assert second["regions"] == {"opacity": 12}
    [pair, *_] = told["similarity"]
    assert (pair["method"], pair["first"], pair["second"], pair["correlation"]["n"]) == (
        OWN,
        "pneumonia",
        "opacity",
        12,
    )
    # Two different columns of four: r = -1/3.
    assert pair["correlation"]["value"] == pytest.approx(-1 / 3)
    assert first["methods"][0]["figures"]["deletion"]["value"] == pytest.approx(0.4)
    # Positive from 0.5 on, where a bundle has no operating point.
    assert first["methods"][0]["figures"]["called"] is None
    called, whole = second["methods"][0]["figures"]["called"], second["methods"][0]["figures"]
    assert {key: called[key] for key in ("films", "energy", "overlap")} == {
        key: whole[key] for key in ("films", "energy", "overlap")
    }


@pytest.mark.parametrize("method", ["load", "predict"])
def test_a_detector_that_fails_is_told_in_one_sentence(truth, method):
    class Failing(Bright):
        pass

    def fail(self, *given):
        raise ValueError("no such thing")

    setattr(Failing, method, fail)
    if method == "load":
        with pytest.raises(UserError, match="test-detector failed: ValueError: no such thing") as caught:
            audit(registry_of(Failing), Failing.spec, truth, device="cpu")
        assert caught.value.code == "model-failed"
    else:
        found = audit(registry_of(Failing), Failing.spec, truth, device="cpu")
        assert found.methods["hirescam"].lost["failed", "model-failed"] == 12


def test_without_maps_there_is_nothing_to_audit(truth):
    plain = spying(Spy, spec=detector_spec(saliency=None))
    with pytest.raises(UserError) as caught:
        audit(registry_of(plain), plain.spec, truth)
    assert caught.value.code == "no-saliency"


def test_another_method_leaves_the_registry_as_it_was():
    registry = registry_of(Bright, HalfLungs)
    changed = with_method(registry, Bright.spec.id, "cam")
    assert changed.model(Bright.spec.id).cam_method == "cam"
    assert registry.model(Bright.spec.id) is Bright
    assert Bright.cam_method == "hirescam"
    assert changed.model(HalfLungs.spec.id) is HalfLungs


def test_weights_are_drawn_from_the_last_part_to_the_first():
    def network():
        torch.manual_seed(1)
        made = torch.nn.Sequential()
        made.add_module("stem", torch.nn.Conv2d(1, 3, 3))
        made.add_module("norm", torch.nn.BatchNorm2d(3))
        made.add_module("act", torch.nn.ReLU())
        made.add_module("head", torch.nn.Linear(3, 1))
        made.norm.running_mean.fill_(5.0)
        return made

    with torch.random.fork_rng(devices=[]):
        trained, changed, again = network(), network(), network()
        state = torch.random.get_rng_state()
        stages = []
        for stage in randomised(changed):
            stages.append(stage)
            same = {
                name: torch.equal(p, q)
                for (name, p), q in zip(changed.named_parameters(), trained.parameters(), strict=True)
            }
            assert same["stem.weight"] == ("stem" not in stages)
            assert same["head.weight"] is False
        assert stages == ["head", "norm", "stem"]
        assert not changed.norm.running_mean.any()
        assert torch.equal(torch.random.get_rng_state(), state)
        list(randomised(again))
        assert all(torch.equal(p, q) for p, q in zip(again.parameters(), changed.parameters(), strict=True))


def test_parts_of_a_wrapped_network_are_those_inside():
    inner = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 1))
    assert list(randomised(torch.nn.ModuleDict({"net": inner}))) == ["net.1", "net.0"]
    assert list(randomised(torch.nn.Linear(2, 1))) == ["network"]


def test_the_paths_of_films_are_in_no_figure(found):
    assert str(Path(found.truth.rows[0].path).parent) not in str(figures("bright", found))
