"""The CheXpert detector, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrdesk.api.torchkit import TorchClassifier

if TYPE_CHECKING:
    import torch


class ChexpertModel(TorchClassifier):
    """Five findings on whole frontal and lateral chest films; over a study the mean of its films."""

    cam_method = "gradcam"

    def build(self) -> torch.nn.Module:
        """The untrained network."""
        from cxrdesk_chexpert.network import build

        return build()

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """What the maps of logits are made from."""
        return model.join
