"""The network: DenseNet-121 (Huang et al. 2017, arXiv 1608.06993) for one grey channel, with a map of each finding.

The features of its last three blocks, brought to one grid, give a map of logits for each finding (lateral connections
after Lin et al. 2017, arXiv 1612.03144); a film's logit is the log of the mean of the map's exponentials, scaled, which
lies between mean and maximum (log-sum-exp pooling, Pinheiro and Collobert 2015, arXiv 1411.6228).
"""

from __future__ import annotations

import math

import timm
import torch
from torch.nn import functional

ARCHITECTURE = "densenet121"
FINDINGS = ("atelectasis", "cardiomegaly", "consolidation", "edema", "effusion")
"""The five that CheXpert's readers compete on (Irvin et al. 2019, arXiv 1901.07031)."""
BLOCKS = {"denseblock2": 512, "denseblock3": 1024, "norm5": 1024}
"""Layers that the maps are made from, and their channels; the first gives the grid."""
WIDTH = 96


class LocatingDenseNet(torch.nn.Module):
    """From (n, 1, rows, cols) to (n, 5) logits."""

    def __init__(self, features: torch.nn.Module) -> None:
        super().__init__()
        self.features = features.features
        self.narrow = torch.nn.ModuleDict(
            {
                name: torch.nn.Sequential(torch.nn.Conv2d(channels, WIDTH, 1, bias=False), torch.nn.BatchNorm2d(WIDTH))
                for name, channels in BLOCKS.items()
            }
        )
        self.join = torch.nn.Sequential(
            torch.nn.ReLU(),
            torch.nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False),
            torch.nn.BatchNorm2d(WIDTH),
            torch.nn.ReLU(),
        )
        self.drop = torch.nn.Dropout2d(0.1)
        self.maps = torch.nn.Conv2d(WIDTH, len(FINDINGS), 1)
        self.scale = torch.nn.Parameter(torch.ones(len(FINDINGS)))
        self.shift = torch.nn.Parameter(torch.zeros(len(FINDINGS)))

    def located(self, films: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (n, 5), and a map of logits for each, (n, 5, rows / 8, cols / 8)."""
        joined: torch.Tensor | None = None
        value = films
        for name, module in self.features.named_children():
            value = module(value)
            if name in BLOCKS:
                part = self.narrow[name](value)
                if joined is None:
                    joined = part
                else:
                    joined = joined + functional.interpolate(part, joined.shape[-2:], mode="bilinear")
        maps = self.maps(self.drop(self.join(joined))).float()
        pooled = torch.logsumexp(maps.flatten(2), dim=2) - math.log(maps.shape[2] * maps.shape[3])
        return self.scale * pooled + self.shift, maps

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """Logits (n, 5)."""
        return self.located(films)[0]


def headed(features: torch.nn.Module) -> torch.nn.Module:
    """Features followed by maps of the five findings and their logits."""
    return LocatingDenseNet(features)


def build() -> torch.nn.Module:
    """An untrained network."""
    return headed(timm.create_model(ARCHITECTURE, pretrained=False, in_chans=1, num_classes=0))
