"""Training goes on where it stopped, and ends with the weights that it would have had."""

from __future__ import annotations

import csv
import logging
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from cxrdesk.imaging.errors import UserError  # noqa: E402
from cxrdesk.imaging.preprocess import WHOLE_FILM, InputSpec  # noqa: E402
from cxrdesk.training.data import Draws, Example, Fixed  # noqa: E402
from cxrdesk.training.fit import Plan, fit  # noqa: E402
from cxrdesk.training.modules import ClassFit, MaskFit  # noqa: E402
from tests.made_data import grey, phantom  # noqa: E402

PLAN = Plan(epochs=2, batch=8, device="cpu", average=0.5)
SPEC = InputSpec(size=(32, 32))


@pytest.fixture(scope="module")
def examples():
    made = [(phantom(kind, seed % 4), kind) for seed in range(20) for kind in ("child", "sick child")]
    return [
        Example(
            film=np.roll(grey(film), seed, axis=1),
            box=WHOLE_FILM,
            labels=(float(kind == "sick child"),),
        )
        for seed, (film, kind) in enumerate(made)
    ]


def network():
    torch.manual_seed(7)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, 2, 1, bias=False),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.3),
        torch.nn.Flatten(),
        torch.nn.Linear(4 * 256, 1),
    )


def draws(examples):
    return Draws(examples, SPEC, [1.0] * len(examples), 40, seed=3)


def curve(folder):
    with (folder / "loss.csv").open() as file:
        return {int(row["epoch"]): float(row["loss"]) for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def whole(examples, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    module = ClassFit(network())
    fit(module, draws(examples), PLAN, out)
    return out, module


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("batch", [0, 3])
def test_an_interrupted_run_ends_where_the_whole_one_did(examples, whole, tmp_path, batch):
    class PowerCut(ClassFit):
        def training_step(self, given, index):
            if (self.current_epoch, index) == (1, batch):
                raise Interrupted
            return super().training_step(given, index)

    with pytest.raises(Interrupted):
        fit(PowerCut(network()), draws(examples), PLAN, tmp_path)
    assert sorted(curve(tmp_path)) == [0]
    resumed = ClassFit(network())
    fit(resumed, draws(examples), PLAN, tmp_path)
    out, module = whole
    for name, value in module.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=0, atol=0)
    assert curve(tmp_path) == curve(out)
    assert sorted(curve(out)) == [0, 1]


def test_a_finished_run_is_not_run_again(examples, whole):
    out, module = whole
    before = curve(out)
    again = ClassFit(network())
    fit(again, draws(examples), PLAN, out)
    for name, value in module.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=0, atol=0)
    assert curve(out) == before


def test_what_is_kept_is_the_average_of_the_weights(examples, tmp_path):
    """The exponential moving average, followed by hand step by step."""
    seen = []

    class Watched(ClassFit):
        def on_train_batch_end(self, outputs, given, index):
            seen.append({name: value.clone() for name, value in self.network.named_parameters()})

    module = Watched(network())
    fit(module, draws(examples), Plan(epochs=1, batch=8, device="cpu", average=0.5), tmp_path)
    assert len(seen) == 5
    average = seen[0]
    for step in seen[1:]:
        average = {name: 0.5 * average[name] + 0.5 * value for name, value in step.items()}
    for name, value in module.network.named_parameters():
        torch.testing.assert_close(value, average[name], rtol=1e-5, atol=1e-6)


def test_the_network_learns_what_a_threshold_on_brightness_would(tmp_path):
    rng = np.random.default_rng(0)
    made = []
    for k in range(40):
        film = rng.integers(60, 110, (32, 32)).astype(np.uint8)
        if k % 2:
            film[:16] += 90
        made.append(Example(film=film, box=WHOLE_FILM, labels=(float(k % 2),)))
    module = ClassFit(network(), rate=1e-2)
    fit(module, Draws(made, SPEC, [1.0] * 40, 80, seed=0), Plan(epochs=3, batch=8, device="cpu", average=0.5), tmp_path)
    losses = curve(tmp_path)
    assert losses[2] < 0.5 * losses[0]


def test_nothing_is_said_beside_the_progress(examples, whole, tmp_path, capfd, caplog):
    with caplog.at_level(logging.INFO):
        fit(ClassFit(network()), draws(examples), Plan(epochs=2, batch=8, device="cpu"), tmp_path / "mild")
    captured = capfd.readouterr()
    assert (captured.out, caplog.text) == ("", "")
    first, second = captured.err.splitlines()
    assert re.fullmatch(r"mild: epoch 1 of 2, loss 0\.\d{4}, about \d+ s left", first)
    assert re.fullmatch(r"mild: epoch 2 of 2, loss 0\.\d{4}, about 0 s left", second)
    assert logging.getLogger("lightning.pytorch").level != logging.WARNING


def noise(examples):
    """Tuning films whose labels nothing can tell."""
    rng = np.random.default_rng(5)
    films = [rng.integers(0, 255, (32, 32)).astype(np.uint8) for _ in range(12)]
    made = [Example(film=film, box=WHOLE_FILM, labels=(float(k % 2),)) for k, film in enumerate(films)]
    return Fixed(made, SPEC)


def test_training_stops_early_and_keeps_the_best_epoch(examples, tmp_path):
    """On noise the loss of tuning films only grows; the first epoch's weights are the best."""
    plan = Plan(epochs=30, batch=8, device="cpu", average=0.1, patience=2)
    module = ClassFit(network(), rate=0.03)
    fit(module, draws(examples), plan, tmp_path, noise(examples))
    with (tmp_path / "loss.csv").open() as file:
        tuned = [float(row["tune_loss"]) for row in csv.DictReader(file)]
    best = int(np.argmin(tuned))
    assert len(tuned) == best + 3 < 30
    again = ClassFit(network(), rate=0.03)
    fit(again, draws(examples), plan, tmp_path, noise(examples))
    for name, value in module.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value, rtol=0, atol=0)
    module.eval()
    loader = torch.utils.data.DataLoader(noise(examples), batch_size=12)
    (images, target) = next(iter(loader))
    with torch.no_grad():
        assert module.loss(module(images), target).item() == pytest.approx(min(tuned), rel=1e-3)


def test_early_stopping_survives_an_interruption(examples, tmp_path):
    class PowerCut(ClassFit):
        def training_step(self, given, index):
            if (self.current_epoch, index) == (2, 1):
                raise Interrupted
            return super().training_step(given, index)

    plan = Plan(epochs=12, batch=8, device="cpu", average=0.1, patience=2)
    whole = ClassFit(network(), rate=0.03)
    fit(whole, draws(examples), plan, tmp_path / "whole", noise(examples))
    with pytest.raises(Interrupted):
        fit(PowerCut(network(), rate=0.03), draws(examples), plan, tmp_path / "cut", noise(examples))
    resumed = ClassFit(network(), rate=0.03)
    fit(resumed, draws(examples), plan, tmp_path / "cut", noise(examples))
    assert (tmp_path / "cut" / "loss.csv").read_text() == (tmp_path / "whole" / "loss.csv").read_text()
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=0, atol=0)


def test_what_is_frozen_stays_as_it_is(examples, tmp_path):
    module = ClassFit(network())
    before = {name: value.clone() for name, value in module.network.state_dict().items()}
    module.train_only("5.")
    fit(module, draws(examples), PLAN, tmp_path)
    after = module.network.state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed == {"5.weight", "5.bias"}
    with pytest.raises(ValueError, match="no parameter"):
        module.train_only("7.")


def test_unknown_labels_do_not_count(examples):
    module = ClassFit(network(), smoothing=0.0)
    logits = torch.tensor([[0.3, -2.0], [1.0, 0.4]])
    target = torch.tensor([[1.0, float("nan")], [float("nan"), 0.0]])
    known = torch.nn.functional.binary_cross_entropy_with_logits(torch.tensor([0.3, 0.4]), torch.tensor([1.0, 0.0]))
    assert module.loss(logits, target).item() == pytest.approx(known.item())
    logits.requires_grad_(True)
    module.loss(logits, target).backward()
    assert torch.isfinite(logits.grad).all()
    assert logits.grad[0, 1] == logits.grad[1, 0] == 0
    assert module.loss(torch.zeros(1, 1), torch.tensor([[float("nan")]])).item() == 0


def test_a_loss_beyond_all_bounds_is_one_sentence(examples, tmp_path):
    module = ClassFit(network(), rate=1e30)
    with pytest.raises(UserError, match="grew beyond all bounds"):
        fit(module, draws(examples), Plan(epochs=2, batch=8, device="cpu"), tmp_path)


def test_fewer_draws_than_a_batch_are_refused(examples, tmp_path):
    with pytest.raises(UserError, match="does not fill one batch"):
        fit(ClassFit(network()), draws(examples), Plan(epochs=1, batch=64, device="cpu"), tmp_path)


@pytest.mark.parametrize("length", [8, 16, 24, 40])
def test_the_shortest_trial_runs_end(examples, tmp_path, length):
    made = Draws(examples, SPEC, [1.0] * len(examples), length, seed=3)
    fit(ClassFit(network()), made, Plan(epochs=1, batch=8, device="cpu"), tmp_path)
    assert np.isfinite(curve(tmp_path)[0])


def test_smoothed_labels_move_the_best_answer_from_the_ends():
    module = ClassFit(network(), smoothing=0.1)
    target = torch.tensor([[1.0]])
    logits = torch.linspace(-6, 6, 2401)
    losses = torch.stack([module.loss(logit.reshape(1, 1), target) for logit in logits])
    assert torch.sigmoid(logits[losses.argmin()]).item() == pytest.approx(0.9, abs=1e-3)


def test_a_mask_loss_by_hand():
    logits = torch.full((1, 1, 2, 2), 0.0)
    target = torch.tensor([[[[1.0, 1.0], [0.0, 0.0]]]])
    # Half everywhere: cross-entropy log 2; overlap 1 of sizes 2 and 2, each sum plus one.
    expected = np.log(2) + 1 - (2 * 1 + 1) / (2 + 2 + 1)
    assert MaskFit(network()).loss(logits, target).item() == pytest.approx(expected, rel=1e-6)
    sure = torch.where(target > 0, 30.0, -30.0)
    assert MaskFit(network()).loss(sure, target).item() == pytest.approx(0, abs=1e-6)
