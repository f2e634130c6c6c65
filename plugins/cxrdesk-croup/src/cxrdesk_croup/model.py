"""The croup detector, without weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cxrdesk.api.torchkit import TorchClassifier

if TYPE_CHECKING:
    import torch


class CroupModel(TorchClassifier):
    """Subglottic narrowing, on a whole AP neck film."""

    def build(self) -> torch.nn.Module:
        """The untrained network."""
        from cxrdesk_croup.network import build

        return build()

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The second convolution: 48 x 48 cells."""
        return model.second
