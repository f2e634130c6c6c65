"""The network: InceptionV3 features read as a short sequence by an LSTM.

InceptionV3 (Szegedy et al. 2016, arXiv 1512.00567), its global average projected to 1024 numbers, which an LSTM of 64
units takes as 8 steps of 128; one logit. After the network described in Journal of Innovative Image Processing 8(1),
2026, doi 10.36548/jiip.2026.1.017. Where InceptionV3 has its auxiliary classifier, there is one that learns, in
training alone, where the finding is.
"""

from __future__ import annotations

import timm
import torch

ARCHITECTURE = "inception_v3"
PROJECTED, STEPS, UNITS = 1024, 8, 64
BEFORE = 768
"""Channels of Mixed_6e."""


class InceptionLSTM(torch.nn.Module):
    """From (n, 1, rows, cols) to one logit each."""

    def __init__(self, features: torch.nn.Module) -> None:
        super().__init__()
        self.features = features
        # Averaged features hardly differ from film to film; the LSTM learns nothing before they are spread out.
        self.spread = torch.nn.BatchNorm1d(int(features.num_features), affine=False)
        self.project = torch.nn.Sequential(
            torch.nn.Linear(int(features.num_features), PROJECTED), torch.nn.BatchNorm1d(PROJECTED), torch.nn.ReLU()
        )
        self.lstm = torch.nn.LSTM(PROJECTED // STEPS, UNITS, batch_first=True)
        self.drop = torch.nn.Dropout(0.3)
        self.head = torch.nn.Linear(UNITS, 1)
        self.auxiliary = torch.nn.Conv2d(BEFORE, 1, 1)

    def located(self, films: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (n, 1), and a map of logits (n, 1, rows / 20, cols / 20), about."""
        before = self.features.forward_preaux(films)
        logits = self._read(self.features.forward_head(self.features.forward_postaux(before)))
        return logits, self.auxiliary(before)

    def forward(self, films: torch.Tensor) -> torch.Tensor:
        """Logits (n, 1)."""
        return self._read(self.features(films))

    def _read(self, pooled: torch.Tensor) -> torch.Tensor:
        projected = self.project(self.spread(pooled))
        # cuDNN cannot take the gradient that saliency needs outside of training.
        with torch.backends.cudnn.flags(enabled=self.training):
            # Said, and not left out, so that a graph of the network takes any number of films.
            start = torch.zeros_like(projected[None, :, :UNITS])
            states, _ = self.lstm(projected.unflatten(1, (STEPS, -1)), (start, start))
        return self.head(self.drop(states[:, -1]))


def build() -> torch.nn.Module:
    """An untrained network."""
    return InceptionLSTM(timm.create_model(ARCHITECTURE, pretrained=False, in_chans=1, num_classes=0))
