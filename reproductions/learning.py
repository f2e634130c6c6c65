"""Training as short descriptions of papers mean it: one optimiser, whole epochs in random order, the last weights.

Where a description stops early, the weights of the best epoch on the tuning films are kept instead.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from cxrdesk.training.fit import precision
from reproductions.films import Films

Change = Callable[[NDArray[np.uint8], np.random.Generator], NDArray[np.uint8]]
"""From one film (side, side) to what is shown of it in training, the same shape."""
Policy = Callable[[NDArray[np.float64], np.random.Generator], NDArray[np.float64]]
"""From labels (n, findings) as they are told to what they count for in one epoch: 0..1, NaN for what does not count."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How a network learns.

    Parameters
    ----------
    optimiser : callable
        From parameters to an optimiser.
    weighted : bool
        Whether both classes weigh the same in the loss, however many films each has.
    change : callable or None
        Random change of training films.
    channels : int
        Copies of the grey values that the network takes, of films that have no channels of their own.
    policy : callable or None
        What labels count for, asked before each epoch; None where they count as they are.
    patience : int or None
        Stop after this many epochs without a smaller loss on the tuning films, and keep the best epoch's weights; None
        trains to the end and keeps the last.
    schedule : callable or None
        From the optimiser and the number of steps to a schedule of its rate, asked after each step.
    """

    epochs: int
    batch: int
    optimiser: Callable[..., torch.optim.Optimizer]
    weighted: bool = False
    change: Change | None = None
    channels: int = 3
    policy: Policy | None = None
    patience: int | None = None
    schedule: Callable[..., torch.optim.lr_scheduler.LRScheduler] | None = None


def as_input(pixels: NDArray[np.uint8], channels: int) -> torch.Tensor:
    """Films as (n, channels, side, side), scaled by 1/255; grey ones are repeated."""
    given = torch.from_numpy(pixels).to(torch.float32).div_(255)
    given = given.unsqueeze(1).expand(-1, channels, -1, -1) if given.ndim == 3 else given
    return given.contiguous(memory_format=torch.channels_last)


def half() -> bool:
    """Whether products of matrices are computed in bfloat16 while learning; the weights stay in single precision."""
    return precision("cpu") == "bf16-mixed"


def one_cycle(optimiser: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.OneCycleLR:
    """One rise and one fall of the rate."""
    # The cycle needs a step to rise, one to fall and one to end; trial runs may be shorter.
    steps = max(steps, 4)
    rate = optimiser.param_groups[0]["lr"]
    return torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=rate, total_steps=steps, pct_start=max(0.25, 2 / steps)
    )


def learn(
    network: torch.nn.Module, films: Films, how: Learning, seed: int, told: str, tune: Films | None = None
) -> None:
    """Train `network`, with one logit for each finding, in place; `tune` is needed for patience alone."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = network.to(memory_format=torch.channels_last)
    optimiser = how.optimiser(network.parameters())
    labels = films.labels.reshape(len(films.labels), -1).astype(np.float64)
    steps = -(-len(labels) // how.batch)
    schedule = None if how.schedule is None else how.schedule(optimiser, steps * how.epochs)
    best = _Best(network, how.patience)
    start = time.monotonic()
    for epoch in range(how.epochs):
        network.train()
        total = 0.0
        wanted = labels if how.policy is None else how.policy(labels, rng)
        weights = _balanced(wanted) if how.weighted else np.ones_like(wanted)
        for some in np.array_split(rng.permutation(len(labels)), steps):
            pixels = films.pixels[some]
            if how.change is not None:
                pixels = np.stack([how.change(film, rng) for film in pixels])
            with torch.autocast("cpu", torch.bfloat16, enabled=half()):
                logits = network(as_input(pixels, how.channels))
            target, weight = (torch.from_numpy(part[some]).float() for part in (wanted, weights))
            known = torch.isfinite(target)
            each = functional.binary_cross_entropy_with_logits(
                logits.float(), target.nan_to_num(), weight=weight * known, reduction="none"
            )
            loss = each.sum() / known.sum().clamp(min=1)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if schedule is not None:
                schedule.step()
            total += float(loss.detach()) * len(some)
        spent = time.monotonic() - start
        print(f"{told}: epoch {epoch + 1} of {how.epochs}, loss {total / len(labels):.4f}, {spent:.0f} s",
              file=sys.stderr, flush=True)  # fmt: skip
        if how.patience is not None and tune is not None and best.is_past(log_loss(network, tune, how.channels)):
            break
    best.restore()


class _Best:
    """The weights of the best epoch so far, where there is patience."""

    def __init__(self, network: torch.nn.Module, patience: int | None) -> None:
        self.network, self.patience = network, patience
        self.loss, self.since, self.state = math.inf, 0, dict[str, torch.Tensor]()

    def is_past(self, loss: float) -> bool:
        """Whether so many epochs were no better that more are not worth it."""
        self.since += 1
        if loss < self.loss:
            self.loss, self.since = loss, 0
            self.state = {name: value.clone() for name, value in self.network.state_dict().items()}
        return self.patience is not None and self.since >= self.patience

    def restore(self) -> None:
        if self.state:
            self.network.load_state_dict(self.state)


def log_loss(network: torch.nn.Module, films: Films, channels: int) -> float:
    """Mean negative log likelihood over the films whose labels are known."""
    found = np.clip(scores(network, films, channels), 1e-7, 1 - 1e-7)
    return float(-np.nanmean(films.labels * np.log(found) + (1 - films.labels) * np.log1p(-found)))


def _balanced(labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights by which films with a finding count together as much as those without."""
    share = np.nanmean(labels, axis=0)
    return np.where(labels == 1, 0.5 / share, 0.5 / (1 - share))


def scores(network: torch.nn.Module, films: Films, channels: int, batch: int = 128) -> NDArray[np.float64]:
    """Probabilities of each film, 0..1, shape (n,), or (n, findings) where there are several."""
    network.eval()
    found = []
    with torch.inference_mode():
        for first in range(0, len(films.labels), batch):
            logits = network(as_input(films.pixels[first : first + batch], channels))
            found.append(torch.sigmoid(logits.double()))
    every = torch.cat(found).numpy()
    return every[:, 0] if every.shape[1] == 1 else every
