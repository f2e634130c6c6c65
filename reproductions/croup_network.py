"""The networks of the croup classifier: two small convolutions whose rows an LSTM reads.

`as_described` follows Vetrimani, Arulselvi and Ramesh, 2023: convolutions of 8 and 16 filters with max pooling,
dropout, an LSTM of 100 units with dropout of its own, one sigmoid from its last state. What we do not have of the
description is ours: kernels of 3 x 3, a quarter dropped. `as_shipped` is the network of cxrdesk-croup.
"""

from __future__ import annotations

import torch
from cxrdesk_croup import network as shipped
from torch import nn

SIDE = 128
UNITS = 100
DROPPED = 0.25


class LastRow(nn.Module):
    """From (n, 1, SIDE, SIDE), 0..1, to one logit each, read off after the last row."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Dropout(DROPPED),
        )
        self.lstm = nn.LSTM(16 * (SIDE // 4), UNITS, batch_first=True)
        self.head = nn.Linear(UNITS, 1)

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1)."""
        rows = self.maps(films).float().permute(0, 2, 1, 3).flatten(2)
        # As Keras drops a recurrent layer's inputs: the same ones at every step.
        kept = nn.functional.dropout(torch.ones_like(rows[:, :1]), DROPPED, self.training)
        with torch.autocast("cpu", enabled=False):
            states, _ = self.lstm(rows * kept)
            return self.head(states[:, -1])


def as_described() -> nn.Module:
    """Untrained, begun as Keras begins it: Glorot's weights, an orthogonal recurrence that remembers at first."""
    network = LastRow()
    for name, weight in network.named_parameters():
        if weight.ndim > 1:
            (nn.init.orthogonal_ if name == "lstm.weight_hh_l0" else nn.init.xavier_uniform_)(weight)
        else:
            nn.init.zeros_(weight)
    with torch.no_grad():
        # Keras' unit_forget_bias; torch keeps input, forget, cell and output gates in this order.
        network.lstm.bias_ih_l0[UNITS : 2 * UNITS] = 1.0
    return network


class Middle(nn.Module):
    """The shipped network on the middle columns of a film."""

    def __init__(self) -> None:
        super().__init__()
        self.network = shipped.RowsLSTM()
        width = shipped.MIDDLE.stop - shipped.MIDDLE.start
        self.columns = slice((SIDE - width) // 2, (SIDE + width) // 2)

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1)."""
        with torch.autocast("cpu", enabled=False):
            return self.network(films[..., self.columns])


def as_shipped() -> nn.Module:
    """Untrained."""
    return Middle()
