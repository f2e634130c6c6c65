"""InceptionV3 with a plain head, with the published sequence head, and with several heads over the same features.

The description (doi 10.36548/jiip.2026.1.017): the features' global average, projected to 1024 numbers, which an LSTM
of 64 units takes as a short sequence. An LSTM over the map's cells, row by row, is the sequence that the film itself
has. The projection without a recurrence tells what of the described head is the LSTM's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import timm
import torch
from torch import nn

SIDE = 139
"""The smallest side at which InceptionV3's last map has 3 x 3 cells; 299 pixels, for 8 x 8, are beyond two cores."""
FEATURES = 2048
PROJECTED, STEPS, UNITS = 1024, 8, 64
DROPPED = 0.3


class Plain(nn.Module):
    """Mean of the cells, one linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Dropout(DROPPED), nn.Linear(FEATURES, 1))

    def forward(self, cells: torch.Tensor) -> torch.Tensor:
        """From (n, FEATURES, rows, cols) to logits (n, 1)."""
        return self.head(cells.mean(dim=(2, 3)))


def _projection() -> nn.Sequential:
    # As in cxrdesk-asthma: averaged features hardly differ from film to film until they are spread out.
    spread = nn.BatchNorm1d(FEATURES, affine=False)
    return nn.Sequential(spread, nn.Linear(FEATURES, PROJECTED), nn.BatchNorm1d(PROJECTED), nn.ReLU())


class Projected(nn.Module):
    """The described head with a linear layer in place of the LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.project = _projection()
        self.head = nn.Sequential(nn.Linear(PROJECTED, UNITS), nn.Tanh(), nn.Dropout(DROPPED), nn.Linear(UNITS, 1))

    def forward(self, cells: torch.Tensor) -> torch.Tensor:
        """From (n, FEATURES, rows, cols) to logits (n, 1)."""
        return self.head(self.project(cells.mean(dim=(2, 3))))


class Steps(nn.Module):
    """As described: the projected mean as 8 steps of 128 numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.project = _projection()
        self.lstm = nn.LSTM(PROJECTED // STEPS, UNITS, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(DROPPED), nn.Linear(UNITS, 1))

    def forward(self, cells: torch.Tensor) -> torch.Tensor:
        """From (n, FEATURES, rows, cols) to logits (n, 1)."""
        return self.head(_last(self.lstm, self.project(cells.mean(dim=(2, 3))).unflatten(1, (STEPS, -1))))


class Cells(nn.Module):
    """The map's cells as a sequence, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(FEATURES, UNITS, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(DROPPED), nn.Linear(UNITS, 1))

    def forward(self, cells: torch.Tensor) -> torch.Tensor:
        """From (n, FEATURES, rows, cols) to logits (n, 1)."""
        return self.head(_last(self.lstm, cells.flatten(2).transpose(1, 2)))


def _last(lstm: nn.LSTM, sequence: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", enabled=False):
        states, _ = lstm(sequence.float())
    return states[:, -1]


HEADS: dict[str, type[nn.Module]] = {"plain": Plain, "projected": Projected, "steps": Steps, "cells": Cells}


class Headed(nn.Module):
    """InceptionV3's features under one head or several, one logit each.

    Parameters
    ----------
    heads : sequence of str
        Names from `HEADS`, in the order of the logits; a name may come several times.
    """

    def __init__(self, heads: Sequence[str]) -> None:
        super().__init__()
        self.features: Any = timm.create_model("inception_v3", pretrained=False, in_chans=1, num_classes=0)
        self.heads = nn.ModuleList(HEADS[name]() for name in heads)

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """From (n, 1, SIDE, SIDE) to logits (n, heads)."""
        cells = self.features.forward_features(films)
        return torch.cat([head(cells).float() for head in self.heads], dim=1)


def plain(architecture: str) -> nn.Module:
    """One of timm's networks with its own plain head, untrained, for one grey channel and one logit."""
    return timm.create_model(architecture, pretrained=False, in_chans=1, num_classes=1, drop_rate=DROPPED)


LAYERS = {
    "inception_v3": "features.Mixed_6e",
    "resnet50": "layer3",
    "densenet121": "features.denseblock3",
}
"""The last layer before the grid becomes too coarse to point, by architecture."""
