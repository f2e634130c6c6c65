"""The network: two small convolutions whose rows, from the pharynx down, an LSTM reads.

Two convolutions of 8 and 16 filters with max pooling, dropout, the rows as a sequence, an LSTM of 100 units, one logit.
After the network described by Vetrimani, Arulselvi and Ramesh, 2023. Ours beside theirs: it looks at the film's middle
columns, where the airway is, evened out in brightness; the convolutions are normalised; and the answer is the mean over
the rows, since from the last row alone nothing was learnt.
"""

from __future__ import annotations

import torch

SIDE = 160
COLUMNS = (0.3, 0.7)
"""The part of the film's width that is looked at."""
UNITS = 100


MIDDLE = slice(round(COLUMNS[0] * SIDE), round(COLUMNS[1] * SIDE))


class RowsLSTM(torch.nn.Module):
    """From (n, 1, SIDE, SIDE), or the middle columns alone, to one logit each."""

    def __init__(self) -> None:
        super().__init__()
        self.even = torch.nn.InstanceNorm2d(1)
        self.first = _convolution(1, 8)
        self.shrink = torch.nn.MaxPool2d(2)
        self.second = _convolution(8, 16)
        self.pool = torch.nn.MaxPool2d(2)
        self.drop = torch.nn.Dropout(0.25)
        self.lstm = torch.nn.LSTM(16 * ((MIDDLE.stop - MIDDLE.start) // 4), UNITS, batch_first=True)
        self.head = torch.nn.Linear(UNITS, 1)

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1)."""
        middle = films[..., MIDDLE] if films.shape[-1] == SIDE else films
        maps = self.drop(self.pool(self.second(self.shrink(self.first(self.even(middle))))))
        rows = maps.permute(0, 2, 1, 3).flatten(2)
        # cuDNN cannot take the gradient that saliency needs outside of training.
        with torch.backends.cudnn.flags(enabled=self.training):
            states, _ = self.lstm(rows)
        return self.head(states.mean(dim=1))


def _convolution(before: int, after: int) -> torch.nn.Module:
    layer = torch.nn.Conv2d(before, after, 3, padding=1, bias=False)
    return torch.nn.Sequential(layer, torch.nn.BatchNorm2d(after), torch.nn.ReLU())


def build() -> torch.nn.Module:
    """An untrained network."""
    return RowsLSTM()
