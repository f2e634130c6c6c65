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
        Copies of the grey values that the network takes.
    """

    epochs: int
    batch: int
    optimiser: Callable[..., torch.optim.Optimizer]
    weighted: bool = False
    change: Change | None = None
    channels: int = 3


def as_input(pixels: NDArray[np.uint8], channels: int) -> torch.Tensor:
    """Films (n, side, side) as (n, channels, side, side), scaled by 1/255."""
    grey = torch.from_numpy(pixels).to(torch.float32).div_(255).unsqueeze(1)
    return grey.expand(-1, channels, -1, -1).contiguous(memory_format=torch.channels_last)


def half() -> bool:
    """Whether products of matrices are computed in bfloat16 while learning; the weights stay in single precision."""
    return precision("cpu") == "bf16-mixed"


def learn(network: torch.nn.Module, films: Films, how: Learning, seed: int, told: str) -> None:
    """Train `network` in place."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    optimiser = how.optimiser(network.parameters())
    share = float(films.labels.mean())
    weights = (
        np.where(films.labels == 1, 0.5 / share, 0.5 / (1 - share)) if how.weighted else np.ones(len(films.labels))
    )
    network.train()
    start = time.monotonic()
    for epoch in range(how.epochs):
        total = 0.0
        for some in np.array_split(rng.permutation(len(films.labels)), -(-len(films.labels) // how.batch)):
            pixels = films.pixels[some]
            if how.change is not None:
                pixels = np.stack([how.change(film, rng) for film in pixels])
            with torch.autocast("cpu", torch.bfloat16, enabled=half()):
                logits = network(as_input(pixels, how.channels))[:, 0]
            target = torch.from_numpy(films.labels[some]).float()
            weight = torch.from_numpy(weights[some]).float()
            loss = functional.binary_cross_entropy_with_logits(logits.float(), target, weight=weight)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += float(loss.detach()) * len(some)
        spent = time.monotonic() - start
        print(f"{told}: epoch {epoch + 1} of {how.epochs}, loss {total / len(weights):.4f}, {spent:.0f} s",
              file=sys.stderr, flush=True)  # fmt: skip


def scores(network: torch.nn.Module, films: Films, channels: int, batch: int = 128) -> NDArray[np.float64]:
    """Probability of each film, 0..1, shape (n,)."""
    network.eval()
    found = []
    with torch.inference_mode():
        for first in range(0, len(films.labels), batch):
            found.append(torch.sigmoid(network(as_input(films.pixels[first : first + batch], channels))[:, 0]))
    return torch.cat(found).double().numpy()
