"""The network of the Inception-inspired pneumonia classifier: three channels of 150 x 150, no batch normalisation.

The prediction is that of the auxiliary classifier behind the second module.
"""

from __future__ import annotations

import torch
from torch import nn

SIDE = 150


class Module(nn.Module):
    """Four branches over the same cells: 1x1; 1x1, 3x1, 1x3; 1x1, 5x1, 1x5; 3x3 maximum, 1x1.

    Parameters
    ----------
    filters : tuple of int
        Of the first branch; before and at the end of the second; before and at the end of the third; of the fourth.
        What lies between 3x1 and 1x3 is as wide as the branch's end: the description does not say.
    """

    def __init__(self, channels: int, filters: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        first, before3, end3, before5, end5, pooled = filters
        self.branches = nn.ModuleList(
            [
                _layers((channels, first, (1, 1))),
                _layers((channels, before3, (1, 1)), (before3, end3, (3, 1)), (end3, end3, (1, 3))),
                _layers((channels, before5, (1, 1)), (before5, end5, (5, 1)), (end5, end5, (1, 5))),
                nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), *_layers((channels, pooled, (1, 1)))),
            ]
        )
        self.channels = first + end3 + end5 + pooled

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The branches' channels side by side."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def _layers(*each: tuple[int, int, tuple[int, int]]) -> nn.Sequential:
    parts: list[nn.Module] = []
    for channels, filters, size in each:
        parts += [nn.Conv2d(channels, filters, size, padding=(size[0] // 2, size[1] // 2)), nn.ReLU(inplace=True)]
    return nn.Sequential(*parts)


def build(channels: int = 3) -> nn.Module:
    """An untrained network from (n, channels, 150, 150), 0..1, to one logit each, as Keras would begin it."""
    first = Module(64, (64, 48, 64, 8, 16, 32))
    second = Module(first.channels, (128, 64, 96, 16, 32, 64))
    network = nn.Sequential(
        nn.Conv2d(channels, 32, 3, stride=2),
        nn.ReLU(inplace=True),
        nn.Conv2d(32, 32, 3),
        nn.ReLU(inplace=True),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, stride=2),
        first,
        second,
        nn.AvgPool2d(5, stride=3),
        nn.Conv2d(second.channels, 64, 1),
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(64 * 11 * 11, 128),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.Linear(128, 1),
    )
    for part in network.modules():
        if isinstance(part, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(part.weight)
            nn.init.zeros_(part.bias)
    return network
