"""VGG16, ResNet-50 and InceptionV3 as extractors of features, and the shallow classifier over what they extract."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from reproductions.films import Films
from reproductions.learning import as_input, half

EXTRACTORS = {"VGG16": 512, "ResNet-50": 2048, "InceptionV3": 2048}
"""Name to number of features."""
WIDTH = 256
"""Of each extractor's projection, and of the layer behind them."""
LEAST = 0.2
"""A feature's deviation counts for no less than this share of the mean one."""


def extractor(name: str, channels: int) -> nn.Sequential:
    """An untrained extractor from (n, channels, side, side), 0..1, to features, then a layer to one logit."""
    if name == "VGG16":
        network: nn.Module = _vgg16(channels)
    else:
        architecture = {"ResNet-50": "resnet50", "InceptionV3": "inception_v3"}[name]
        network = timm.create_model(architecture, pretrained=False, in_chans=channels, num_classes=0)
    return nn.Sequential(network, nn.Linear(EXTRACTORS[name], 1))


def _vgg16(channels: int) -> nn.Sequential:
    """The convolutions of VGG's configuration D (Simonyan and Zisserman 2015), whose features are fused.

    With batch normalisation, without which they hardly learn from random weights.
    """
    parts: list[nn.Module] = []
    for filters, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(times):
            parts += [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]
            channels = filters
        parts.append(nn.MaxPool2d(2))
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def extracted(network: nn.Sequential, films: Films, batch: int = 64) -> NDArray[np.float32]:
    """Features of films, shape (n, features)."""
    network.eval()
    found = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=half()):
        for first in range(0, len(films.labels), batch):
            found.append(network[0](as_input(films.pixels[first : first + batch], 3)).float())
    return torch.cat(found).numpy()


class Shallow(nn.Module):
    """Each extractor's features projected to one width, side by side, then a hidden layer and one logit."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.widths = list(widths)
        self.projections = nn.ModuleList(nn.Sequential(nn.Linear(width, WIDTH), nn.ReLU()) for width in widths)
        self.head = nn.Sequential(
            nn.Linear(WIDTH * len(self.widths), WIDTH), nn.ReLU(), nn.Dropout(0.5), nn.Linear(WIDTH, 1)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1) of features (n, sum of widths)."""
        parts = torch.split(x, self.widths, dim=1)
        projected = [layer(part) for layer, part in zip(self.projections, parts, strict=True)]
        return self.head(torch.cat(projected, dim=1))


Features = dict[str, NDArray[np.float32]]
"""Part (``train``, ``tune``, ``report``) to features, shape (n, features)."""


def classified(
    features: Features, widths: Sequence[int], labels: NDArray[np.int64], seed: int, *, epochs: int, batch: int = 64
) -> dict[str, NDArray[np.float64]]:
    """Train the shallow classifier on the training films' features; probabilities of the tuning and report films.

    Features are brought to mean 0 and deviation 1 over the training films, those that hardly change there to less;
    both classes weigh the same.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    mean, deviation = features["train"].mean(axis=0), features["train"].std(axis=0)
    # What is dead on the training films must not drown the others where it wakes.
    scale = np.maximum(deviation, max(LEAST * deviation.mean(), 1e-6))
    ready = {part: torch.from_numpy((values - mean) / scale) for part, values in features.items()}
    wanted = torch.from_numpy(labels).float()[:, None]
    weight = torch.where(wanted == 1, 0.5 / wanted.mean(), 0.5 / (1 - wanted.mean()))
    network = Shallow(widths)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=1e-2)
    network.train()
    for _ in range(epochs):
        for some in np.array_split(rng.permutation(len(labels)), -(-len(labels) // batch)):
            logits = network(ready["train"][some])
            loss = functional.binary_cross_entropy_with_logits(logits, wanted[some], weight=weight[some])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    network.eval()
    with torch.inference_mode():
        return {part: torch.sigmoid(network(ready[part])[:, 0].double()).numpy() for part in ("tune", "report")}
