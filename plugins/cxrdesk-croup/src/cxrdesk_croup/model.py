"""The croup detector, without weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from cxrdesk.api import Box, Masks, ModelInput, Radiograph
from cxrdesk.api.perturbation import Occlusion
from cxrdesk.api.torchkit import TorchClassifier

if TYPE_CHECKING:
    import torch


class CroupModel(TorchClassifier):
    """Subglottic narrowing, on the middle of an AP neck film.

    Notes
    -----
    A narrowed airway is air that is missing, which activation maps of this network do not point at: on simulated necks
    their maximum lay on it half of the time. So maps show how much the score falls where a window holds more air: 0.8
    darker in the input's own unit.
    """

    perturbation = Occlusion(window=(20, 12), step=4, change=-0.8)

    def build(self) -> torch.nn.Module:
        """The untrained network."""
        from cxrdesk_croup.network import build

        return build()

    def prepare(self, films: Sequence[Radiograph], masks: Sequence[Masks]) -> list[ModelInput]:
        """The middle columns of each film, so that maps are drawn where the network looks."""
        from cxrdesk_croup.network import COLUMNS, MIDDLE

        box = Box(x0=COLUMNS[0], y0=0.0, x1=COLUMNS[1], y1=1.0)
        whole = super().prepare(films, masks)
        return [ModelInput(tensor=np.ascontiguousarray(item.tensor[..., MIDDLE]), box=box) for item in whole]
