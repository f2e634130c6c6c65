"""The network: two small convolutions whose rows, from the pharynx down, an LSTM reads.

Two convolutions of 8 and 16 filters with max pooling, dropout, the rows as a sequence, an LSTM of 100 units, one logit.
After the network described by Vetrimani, Arulselvi and Ramesh, 2023.
"""

from __future__ import annotations

import torch

SIDE = 96
UNITS = 100


class RowsLSTM(torch.nn.Module):
    """From (n, 1, SIDE, SIDE) to one logit each."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Sequential(torch.nn.Conv2d(1, 8, 3, padding=1), torch.nn.ReLU(), torch.nn.MaxPool2d(2))
        self.second = torch.nn.Sequential(torch.nn.Conv2d(8, 16, 3, padding=1), torch.nn.ReLU())
        self.pool = torch.nn.MaxPool2d(2)
        self.drop = torch.nn.Dropout(0.25)
        self.lstm = torch.nn.LSTM(16 * SIDE // 4, UNITS, batch_first=True)
        self.head = torch.nn.Linear(UNITS, 1)

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1)."""
        maps = self.drop(self.pool(self.second(self.first(films))))
        rows = maps.permute(0, 2, 1, 3).flatten(2)
        # cuDNN cannot take the gradient that saliency needs outside of training.
        with torch.backends.cudnn.flags(enabled=self.training):
            states, _ = self.lstm(rows)
        return self.head(self.drop(states[:, -1]))


def build() -> torch.nn.Module:
    """An untrained network."""
    return RowsLSTM()
