"""How a grey film becomes a network's channels; shared by the kits for torch and for files."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import ModelInput


class Channels:
    """What a kit's model says of its network's input."""

    channels: ClassVar[int] = 1
    """Of the network's input: each holds the same grey values."""
    means: ClassVar[tuple[float, ...]] = ()
    """By channel, subtracted after the spec's own normalisation; none where empty."""
    deviations: ClassVar[tuple[float, ...]] = ()
    """By channel, divided into what is left; none where empty."""

    @classmethod
    def channelled(cls, tensor: NDArray[np.float32]) -> NDArray[np.float32]:
        """A grey input (1, rows, cols) as the network's channels, normalised by channel; recipes train on the same."""
        if cls.channels == 1 and not cls.means and not cls.deviations:
            return tensor
        made = np.repeat(tensor, cls.channels, axis=0)
        if cls.means:
            made = made - np.array(cls.means, np.float32)[:, np.newaxis, np.newaxis]
        if cls.deviations:
            made = made / np.array(cls.deviations, np.float32)[:, np.newaxis, np.newaxis]
        return np.ascontiguousarray(made, np.float32)

    def with_channels(self, prepared: ModelInput) -> ModelInput:
        """The prepared grey film (1, rows, cols) as the network's channels, normalised by channel."""
        return ModelInput(tensor=self.channelled(prepared.tensor), box=prepared.box)
