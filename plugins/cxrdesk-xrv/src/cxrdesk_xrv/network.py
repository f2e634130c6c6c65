"""The network: DenseNet-121 (Huang et al. 2017, arXiv 1608.06993) for one grey channel."""

from __future__ import annotations

import timm
import torch


def build(findings: int) -> torch.nn.Module:
    """An untrained network from (n, 1, rows, cols) to (n, findings) logits.

    Its tensors have the names of TorchXRayVision's, which are those of torchvision's DenseNet.
    """
    return timm.create_model("densenet121", pretrained=False, in_chans=1, num_classes=findings)
