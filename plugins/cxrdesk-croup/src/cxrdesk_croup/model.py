"""The croup detector, without weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cxrdesk.api import Box, ModelInput, SaliencyMap
from cxrdesk.api.torchkit import TorchClassifier

if TYPE_CHECKING:
    import torch


class CroupModel(TorchClassifier):
    """Subglottic narrowing, on the middle of an AP neck film."""

    def build(self) -> torch.nn.Module:
        """The untrained network."""
        from cxrdesk_croup.network import build

        return build()

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The second convolution: 80 rows of 32 cells."""
        return model.second

    def explain(self, inputs: Sequence[ModelInput], finding: str) -> list[SaliencyMap]:
        """Maps over the columns that the network looks at."""
        from cxrdesk_croup.network import COLUMNS

        left, right = COLUMNS
        maps = super().explain(inputs, finding)
        return [replace(item, box=Box(x0=left, y0=0.0, x1=right, y1=1.0)) for item in maps]
