"""The croup detector, without weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cxrdesk.api import Box, Masks, ModelInput, Radiograph, SaliencyMap
from cxrdesk.api.torchkit import TorchClassifier

if TYPE_CHECKING:
    import torch

WINDOW, STEP = (20, 12), 4
"""Rows and columns of what is darkened at a time, and how far one lies from the next."""
AIR = 0.8
"""How much darker, in the input's own unit: as if the window held more air."""
_AT_ONCE = 128


class CroupModel(TorchClassifier):
    """Subglottic narrowing, on the middle of an AP neck film."""

    def build(self) -> torch.nn.Module:
        """The untrained network."""
        from cxrdesk_croup.network import build

        return build()

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The second convolution; the maps that are shown come from elsewhere, see `explain`."""
        return model.second

    def prepare(self, films: Sequence[Radiograph], masks: Sequence[Masks]) -> list[ModelInput]:
        """The middle columns of each film, so that maps are drawn where the network looks."""
        from cxrdesk_croup.network import COLUMNS, MIDDLE

        box = Box(x0=COLUMNS[0], y0=0.0, x1=COLUMNS[1], y1=1.0)
        whole = super().prepare(films, masks)
        return [ModelInput(tensor=np.ascontiguousarray(item.tensor[..., MIDDLE]), box=box) for item in whole]

    def explain(self, inputs: Sequence[ModelInput], finding: str) -> list[SaliencyMap]:
        """How much the score falls, as log odds, where a window of the film holds more air; mean over windows.

        Notes
        -----
        Occlusion (Zeiler and Fergus 2014, arXiv 1311.2901). A narrowed airway is air that is missing, which activation
        maps of this network do not point at: on simulated necks their maximum lay on it half of the time.
        """
        return [
            SaliencyMap(finding=finding, values=self._falls(item), box=item.box, film=number)
            for number, item in enumerate(inputs)
        ]

    def _falls(self, item: ModelInput) -> np.ndarray:
        import torch

        film = self.batch([item])
        rows, cols = item.tensor.shape[1:]
        places = list(_places(rows, cols))
        with torch.inference_mode():
            score = self.model(film)[0, 0]
            falls = []
            for first in range(0, len(places), _AT_ONCE):
                self.context.check()
                some = places[first : first + _AT_ONCE]
                darkened = film.repeat(len(some), 1, 1, 1)
                for one, place in zip(darkened, some, strict=True):
                    one[0][place] -= AIR
                falls += (score - self.model(darkened)[:, 0]).clamp(min=0).tolist()
        total, times = np.zeros((rows, cols)), np.zeros((rows, cols))
        for place, fall in zip(places, falls, strict=True):
            total[place] += fall
            times[place] += 1
        return (total / np.maximum(times, 1)).astype(np.float32)


def _places(rows: int, cols: int) -> Iterator[tuple[slice, slice]]:
    for row in range(0, rows - WINDOW[0] + 1, STEP):
        for col in range(0, cols - WINDOW[1] + 1, STEP):
            yield slice(row, row + WINDOW[0]), slice(col, col + WINDOW[1])
