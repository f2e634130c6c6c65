"""Patience and schedules of a training."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning")

from reproductions import learning  # noqa: E402
from reproductions.learning import Learning, learn, log_loss, scores  # noqa: E402
from tests.reproductions import made  # noqa: E402

HOW = Learning(epochs=8, batch=10, optimiser=partial(torch.optim.Adam, lr=0.02))


def test_the_best_epoch_on_the_tuning_films_is_kept(monkeypatch):
    films, seen = made.films(), []
    losses = iter([0.9, 0.5, 0.7, 0.8, 0.4])

    def told(network, tune, channels):
        assert tune is films
        seen.append(scores(network, films, channels))
        return next(losses)

    monkeypatch.setattr(learning, "log_loss", told)
    torch.manual_seed(0)
    network = made.network()
    learn(network, films, replace(HOW, patience=2), 0, "made", films)
    assert len(seen) == 4
    np.testing.assert_array_equal(scores(network, films, 3), seen[1])
    assert not np.array_equal(seen[1], seen[3])


def test_without_patience_the_last_weights_are_kept():
    films = made.films()
    found = []
    for tune in (None, films):
        torch.manual_seed(0)
        network = made.network()
        learn(network, films, HOW, 0, "made", tune)
        found.append(scores(network, films, 3))
    np.testing.assert_array_equal(*found)


def test_a_schedule_is_asked_after_each_step_of_all_epochs():
    rates, told = [], []

    class Noted(torch.optim.SGD):
        def step(self):
            rates.append(self.param_groups[0]["lr"])
            return super().step()

    def schedule(optimiser, steps):
        told.append(steps)
        return torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 1 - step / steps)

    learn(
        made.network(),
        made.films(25),
        replace(HOW, epochs=2, optimiser=partial(Noted, lr=1.0), schedule=schedule),
        0,
        "",
    )
    assert told == [6]
    assert rates == pytest.approx([1 - k / 6 for k in range(6)])


def test_log_loss_is_scikit_learns():
    sklearn = pytest.importorskip("sklearn.metrics")
    films, network = made.films(), made.network()
    found = log_loss(network, films, 3)
    assert found == pytest.approx(sklearn.log_loss(films.labels, scores(network, films, 3)))
    lost = replace(films, labels=np.where(np.arange(60) < 30, np.nan, films.labels))
    half = films.of(np.arange(60) >= 30)
    assert log_loss(network, lost, 3) == pytest.approx(log_loss(network, half, 3))
