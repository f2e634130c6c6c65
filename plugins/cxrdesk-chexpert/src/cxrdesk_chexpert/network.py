"""The network: DenseNet-121 (Huang et al. 2017, arXiv 1608.06993) for one grey channel and five findings."""

from __future__ import annotations

from collections import OrderedDict

import timm
import torch

ARCHITECTURE = "densenet121"
FINDINGS = ("atelectasis", "cardiomegaly", "consolidation", "edema", "effusion")
"""The five that CheXpert's readers compete on (Irvin et al. 2019, arXiv 1901.07031)."""


def headed(features: torch.nn.Module) -> torch.nn.Module:
    """Features followed by one logit for each finding: from (n, 1, rows, cols) to (n, 5)."""
    head = torch.nn.Linear(int(features.num_features), len(FINDINGS))
    return torch.nn.Sequential(OrderedDict(features=features, drop=torch.nn.Dropout(0.2), head=head))


def build() -> torch.nn.Module:
    """An untrained network."""
    return headed(timm.create_model(ARCHITECTURE, pretrained=False, in_chans=1, num_classes=0))
