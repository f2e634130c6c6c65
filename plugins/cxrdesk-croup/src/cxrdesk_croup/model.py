"""The croup detector, without weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cxrdesk.api import Box, Masks, ModelInput, Radiograph
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

    def prepare(self, films: Sequence[Radiograph], masks: Sequence[Masks]) -> list[ModelInput]:
        """The middle columns of each film, so that maps are drawn where the network looks."""
        from cxrdesk_croup.network import COLUMNS, MIDDLE

        box = Box(x0=COLUMNS[0], y0=0.0, x1=COLUMNS[1], y1=1.0)
        whole = super().prepare(films, masks)
        return [ModelInput(tensor=np.ascontiguousarray(item.tensor[..., MIDDLE]), box=box) for item in whole]
