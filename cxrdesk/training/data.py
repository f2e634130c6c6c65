"""Films in memory, read as the viewer reads them and changed at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from cxrdesk.imaging.preprocess import Box, InputSpec, normalised, resized
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.training.augment import Geometry, appearance, warp

LONGEST_SIDE = 256
"""Films are kept in memory no larger than this; inputs of up to 192 pixels lose nothing by it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """One film ready to be drawn from.

    Parameters
    ----------
    film : ndarray of uint8, shape (rows, cols)
    box : Box
        The part that the network sees, before random change.
    label : float
        Class 0 or 1; unused where `mask` is given.
    mask : ndarray of uint8 0 or 255, shape (rows, cols), or None
    """

    film: NDArray[np.uint8]
    box: Box
    label: float = 0.0
    mask: NDArray[np.uint8] | None = None


def small_film(path: Path, longest: int = LONGEST_SIDE) -> NDArray[np.uint8]:
    """A film of the data set, larger = brighter, its representable range on 0..255, longest side at most `longest`."""
    radiograph = read_radiograph(path)
    rows, cols = radiograph.shape
    share = min(1.0, longest / max(rows, cols))
    lo, hi = radiograph.value_range
    values = resized(radiograph, (round(rows * share), round(cols * share)))
    return np.clip((values - lo) * (255.0 / (hi - lo)) + 0.5, 0, 255).astype(np.uint8)


class Draws(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Random views of examples: (1, rows, cols) inputs with a class or a mask of the same size.

    Parameters
    ----------
    examples : sequence of Example
    spec : InputSpec
        Normalisation and size are those of the viewer.
    weights : sequence of float
        How often each example is drawn, relative to the others.
    length : int
        Draws in one epoch.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        spec: InputSpec,
        weights: Sequence[float],
        length: int,
        seed: int,
        geometry: Geometry | None = None,
        strength: float = 1.0,
    ) -> None:
        self.examples, self.spec, self.length = examples, spec, length
        self.geometry, self.strength = geometry or Geometry(), strength
        self.weights = np.asarray(weights, np.float64) / np.sum(weights)
        self.rng = np.random.default_rng(seed)
        self.order = self._order()

    def _order(self) -> NDArray[np.int64]:
        # Whole counts plus a random rest: each example's share of an epoch is kept to within one draw.
        wanted = self.weights * self.length
        counts = np.floor(wanted).astype(int)
        rest = self.length - counts.sum()
        part = wanted - counts
        counts[self.rng.choice(len(wanted), rest, replace=False, p=part / part.sum())] += 1 if rest else 0
        order = np.repeat(np.arange(len(wanted)), counts)
        self.rng.shuffle(order)
        return order

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: int) -> tuple[torch.Tensor, torch.Tensor]:
        if place == 0:
            self.order = self._order()
        example = self.examples[self.order[place]]
        size = self.spec.size
        shape = (example.film.shape[0], example.film.shape[1])
        matrix = self.geometry.draw(self.rng, shape, size, example.box)
        film = appearance(warp(example.film, matrix, size), self.rng, self.strength)
        image = torch.from_numpy(normalised(film, self.spec)[np.newaxis])
        if example.mask is None:
            return image, torch.tensor([example.label], dtype=torch.float32)
        return image, torch.from_numpy(warp(example.mask, matrix, size)[np.newaxis].astype(np.float32) / 255.0)
