"""The pneumonia detector, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrdesk.api.torchkit import TorchClassifier

if TYPE_CHECKING:
    import torch


class PneumoniaModel(TorchClassifier):
    """Pneumonia in children of 1 to 5 years, on the lungs' part of a frontal film."""

    mirrored = True

    def build(self) -> torch.nn.Module:
        """The untrained network."""
        from cxrdesk_pneumonia.network import build

        return build()

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The third stage: 8 x 8 cells over the lungs; the fourth has but 4 x 4."""
        return model.layer3
