"""A training by the bench against a bare PyTorch loop of the same network, optimiser and input."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.bench.report import Line

ROUNDS, STEPS, BATCH, SIDE = 3, 12, 16, 128
BAR = 1 / 0.9


def run() -> Iterator[Line]:
    """ResNet-18 on films that are changed at random for each draw; the bare loop is fed one ready batch."""
    import timm
    import torch

    from cxrdesk.imaging.preprocess import WHOLE_FILM, InputSpec
    from cxrdesk.training.data import Draws, Example
    from cxrdesk.training.fit import Plan, fit
    from cxrdesk.training.modules import ClassFit

    rng = np.random.default_rng(0)
    films = [rng.integers(0, 255, (224, 224)).astype(np.uint8) for _ in range(64)]
    examples = [Example(film=film, box=WHOLE_FILM, labels=(float(k % 2),)) for k, film in enumerate(films)]
    spec = InputSpec(size=(SIDE, SIDE))

    def network() -> torch.nn.Module:
        torch.manual_seed(0)
        return timm.create_model("resnet18", in_chans=1, num_classes=1)

    stamps: list[float] = []

    class Timed(ClassFit):
        def on_train_batch_end(self, outputs, batch, index):
            stamps.append(time.perf_counter())

    def ours() -> float:
        stamps.clear()
        draws = Draws(examples, spec, [1.0] * len(examples), STEPS * BATCH, seed=0)
        with tempfile.TemporaryDirectory() as folder:
            fit(Timed(network()), draws, Plan(epochs=1, batch=BATCH, device="cpu"), Path(folder))
        return (stamps[-1] - stamps[0]) / (len(stamps) - 1)

    def bare() -> float:
        net = network().to(memory_format=torch.channels_last).train()
        optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)
        images = torch.randn(BATCH, 1, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
        target = torch.rand(BATCH, 1).round()
        told = []
        for _ in range(STEPS):
            optimiser.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(net(images), target).backward()
            optimiser.step()
            told.append(time.perf_counter())
        return (told[-1] - told[0]) / (len(told) - 1)

    pairs = [(ours(), bare()) for _ in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in pairs)
    rates = [BATCH / statistics.median(times) for times in zip(*pairs, strict=True)]
    yield Line(
        what="a training step, films drawn and averaged weights included / bare PyTorch loop",
        value=ratio,
        bar=BAR,
        unit="x",
        told=f"ResNet-18 at {SIDE} px: {rates[0]:.1f} films/s against {rates[1]:.1f}, {1 / ratio:.2f} of the bare rate",
    )
