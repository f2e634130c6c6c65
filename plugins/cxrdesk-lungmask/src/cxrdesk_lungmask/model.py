"""The lung segmenter, without weights."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.api import Mask, ModelInput
from cxrdesk.api.torchkit import TorchSegmenter

if TYPE_CHECKING:
    import torch

SMALLEST_PART = 0.08
"""Share of the largest part below which another part is taken for a stray spot."""


class LungMaskModel(TorchSegmenter):
    """Both lungs, with the part behind the heart, as the annotators of its training films drew them."""

    def build(self) -> torch.nn.Module:
        """The untrained network."""
        from cxrdesk_lungmask.network import build

        return build()

    def segment(self, model_input: ModelInput) -> Mask:
        """The mean of what the network says of the film and of its mirror image, without stray spots."""
        mirrored = replace(model_input, tensor=np.ascontiguousarray(model_input.tensor[..., ::-1]))
        seen = super().segment(model_input).values
        turned = super().segment(mirrored).values[:, ::-1]
        mean = (seen + turned) * np.float32(0.5)
        return Mask(structure=self.spec.structure, values=without_strays(mean))


def without_strays(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Drop stray spots; what is kept is unchanged."""
    inside = (values >= 0.5).astype(np.uint8)
    count, parts, stats, _ = cv2.connectedComponentsWithStats(inside)
    if count < 3:
        return values
    areas = stats[1:, cv2.CC_STAT_AREA]
    stray = np.isin(parts, 1 + np.flatnonzero(areas < SMALLEST_PART * areas.max()))
    return np.where(stray, np.float32(0), values)
