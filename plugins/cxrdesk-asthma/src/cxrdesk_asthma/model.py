"""The asthma detector, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrdesk.api.torchkit import TorchClassifier

if TYPE_CHECKING:
    import torch


class AsthmaModel(TorchClassifier):
    """Hyperinflation with thick bronchial walls, on a whole frontal chest film."""

    def build(self) -> torch.nn.Module:
        """The untrained network."""
        from cxrdesk_asthma.network import build

        return build()

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The last layer before the grid becomes too coarse to point."""
        return model.features.Mixed_6e
