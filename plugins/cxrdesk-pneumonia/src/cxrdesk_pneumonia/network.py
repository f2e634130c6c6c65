"""The network: ResNet-18 (He et al. 2016, arXiv 1512.03385) for one grey channel and one finding."""

from __future__ import annotations

import timm
import torch


def build() -> torch.nn.Module:
    """An untrained network from (n, 1, rows, cols) to one logit each."""
    return timm.create_model("resnet18", pretrained=False, in_chans=1, num_classes=1, drop_rate=0.2)
