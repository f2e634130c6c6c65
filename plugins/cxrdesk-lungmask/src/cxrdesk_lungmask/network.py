"""The network: a U-Net (Ronneberger et al. 2015, arXiv 1505.04597) over a RegNetX-200MF encoder."""

from __future__ import annotations

import segmentation_models_pytorch
import torch


def build() -> torch.nn.Module:
    """An untrained network from (n, 1, rows, cols) to logits of the same size; sides must divide by 16."""
    return segmentation_models_pytorch.Unet(
        "tu-regnetx_002",
        encoder_weights=None,
        encoder_depth=4,
        decoder_channels=(64, 32, 24, 16),
        in_channels=1,
        classes=1,
    )
