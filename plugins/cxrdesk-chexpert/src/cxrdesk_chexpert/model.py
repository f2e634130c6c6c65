"""The CheXpert detector, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrdesk.api.torchkit import TorchClassifier

if TYPE_CHECKING:
    import torch


class ChexpertModel(TorchClassifier):
    """Five findings on whole frontal and lateral chest films; over a study the mean of its films."""

    def build(self) -> torch.nn.Module:
        """The untrained network."""
        from cxrdesk_chexpert.network import build

        return build()

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The last layer before the grid becomes too coarse to point."""
        return model.features.features.denseblock3
