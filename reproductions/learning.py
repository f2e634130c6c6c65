"""Training as short descriptions of papers mean it: one optimiser, whole epochs in random order, the last weights."""

from __future__ import annotations

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
    """

    epochs: int
    batch: int
    optimiser: Callable[..., torch.optim.Optimizer]
    weighted: bool = False
    change: Change | None = None
    channels: int = 3
    policy: Policy | None = None


def as_input(pixels: NDArray[np.uint8], channels: int) -> torch.Tensor:
    """Films as (n, channels, side, side), scaled by 1/255; grey ones are repeated."""
    given = torch.from_numpy(pixels).to(torch.float32).div_(255)
    given = given.unsqueeze(1).expand(-1, channels, -1, -1) if given.ndim == 3 else given
    return given.contiguous(memory_format=torch.channels_last)


def half() -> bool:
    """Whether products of matrices are computed in bfloat16 while learning; the weights stay in single precision."""
    return precision("cpu") == "bf16-mixed"


def learn(network: torch.nn.Module, films: Films, how: Learning, seed: int, told: str) -> None:
    """Train `network`, with one logit for each finding, in place."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    optimiser = how.optimiser(network.parameters())
    labels = films.labels.reshape(len(films.labels), -1).astype(np.float64)
    network.train()
    start = time.monotonic()
    for epoch in range(how.epochs):
        total = 0.0
        wanted = labels if how.policy is None else how.policy(labels, rng)
        weights = _balanced(wanted) if how.weighted else np.ones_like(wanted)
        for some in np.array_split(rng.permutation(len(labels)), -(-len(labels) // how.batch)):
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
            total += float(loss.detach()) * len(some)
        spent = time.monotonic() - start
        print(f"{told}: epoch {epoch + 1} of {how.epochs}, loss {total / len(labels):.4f}, {spent:.0f} s",
              file=sys.stderr, flush=True)  # fmt: skip


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
            found.append(torch.sigmoid(network(as_input(films.pixels[first : first + batch], channels))))
    every = torch.cat(found).double().numpy()
    return every[:, 0] if every.shape[1] == 1 else every
