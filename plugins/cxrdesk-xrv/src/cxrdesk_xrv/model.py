"""The detector, without weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cxrdesk.api import Box, Masks, ModelInput, Radiograph
from cxrdesk.api.torchkit import TorchClassifier
from cxrdesk_xrv.resampling import resampled

if TYPE_CHECKING:
    import torch

SIDE = 224
HALF_RANGE = 1024.0
"""The representable grey values become -1024 to 1024 (torchxrayvision.utils.normalize)."""


class XrvModel(TorchClassifier):
    """A DenseNet-121 of TorchXRayVision (Cohen et al. 2022, arXiv 2111.00595) on the middle square of a film."""

    def build(self) -> torch.nn.Module:
        """The untrained network, with the outputs that were trained."""
        from cxrdesk_xrv.network import build

        return build(len(self.spec.findings))

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The last layer before pooling: 7 x 7 cells, whose class activation map is exact."""
        return model.features.norm5

    def prepare(self, films: Sequence[Radiograph], masks: Sequence[Masks]) -> list[ModelInput]:
        """The middle square, its representable range to -1024..1024, resampled as the authors do."""
        return [self._prepared(film) for film in films]

    def _prepared(self, film: Radiograph) -> ModelInput:
        rows, cols = film.shape
        side = min(rows, cols)
        y0, x0 = rows // 2 - side // 2, cols // 2 - side // 2
        square = film.stored[y0 : y0 + side, x0 : x0 + side]
        grey = film.brightness(film.modality_lut.apply(square))
        low, high = film.value_range
        unit = (grey - np.float32((low + high) / 2)) * np.float32(2 * HALF_RANGE / (high - low))
        box = Box(x0=x0 / cols, y0=y0 / rows, x1=(x0 + side) / cols, y1=(y0 + side) / rows)
        return ModelInput(tensor=resampled(unit, SIDE)[np.newaxis], box=box)
