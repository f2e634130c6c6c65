"""Saliency from scores alone: what happens to the score where part of the input is hidden.

For networks without features to weight, and for files that only run forwards. Each map costs as many forwards as there
are hidden inputs, so both methods ask `Context.check` between batches. Maps are at least 0, on the input's grid, not
scaled per film, and the same each time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import ModelInput, SaliencyMap

__all__ = ["Occlusion", "Perturbation", "Rise"]

LogOdds = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From inputs (n, channels, rows, cols) to log odds of one finding, (n,)."""
Check = Callable[[], None]
"""Raises where the answer is no longer wanted: `Context.check`."""


class Perturbation(ABC):
    """A way to hide parts of an input and to read a map from the scores."""

    @abstractmethod
    def values(self, tensor: NDArray[np.float32], log_odds: LogOdds, check: Check) -> NDArray[np.float32]:
        """The map of one input (channels, rows, cols): float32 (rows, cols), at least 0."""

    def maps(self, inputs: Sequence[ModelInput], finding: str, log_odds: LogOdds, check: Check) -> list[SaliencyMap]:
        """What `Detector.explain` answers: one map for each film."""
        return [
            SaliencyMap(finding=finding, values=self.values(item.tensor, log_odds, check), box=item.box, film=i)
            for i, item in enumerate(inputs)
        ]


@dataclass(frozen=True, kw_only=True)
class Occlusion(Perturbation):
    """How much the log odds fall where a window of the input is hidden; mean over the windows that cover a cell.

    Zeiler and Fergus 2014, arXiv 1311.2901. Rises count as 0.

    Parameters
    ----------
    window : tuple of int
        (rows, cols) of what is hidden at a time.
    step : int
        Cells from one window to the next, both ways; the last window of a row or column lies at the edge.
    fill : float
        What a hidden cell holds, in the input's own unit: 0 is the spec's ``mean``.
    change : float or None
        Added to what a hidden cell holds, in place of `fill`: below 0 it darkens, as if there were more air.
    at_once : int
        Inputs in one forward.
    """

    window: tuple[int, int]
    step: int
    fill: float = 0.0
    change: float | None = None
    at_once: int = 128

    def __post_init__(self) -> None:
        if min(*self.window, self.step, self.at_once) < 1:
            raise ValueError(f"window, step and at_once are at least 1: {self}")

    def values(self, tensor: NDArray[np.float32], log_odds: LogOdds, check: Check) -> NDArray[np.float32]:
        """The mean fall of the log odds, by cell."""
        rows, cols = tensor.shape[1:]
        places = list(self._places(rows, cols))
        check()
        whole = log_odds(tensor[np.newaxis])[0]
        falls: list[float] = []
        for first in range(0, len(places), self.at_once):
            check()
            some = places[first : first + self.at_once]
            hidden = np.repeat(tensor[np.newaxis], len(some), axis=0)
            for one, place in zip(hidden, some, strict=True):
                one[:, *place] = self.fill if self.change is None else one[:, *place] + np.float32(self.change)
            falls += np.maximum(whole - log_odds(hidden), 0).tolist()
        total, times = np.zeros((rows, cols)), np.zeros((rows, cols))
        for place, fall in zip(places, falls, strict=True):
            total[place] += fall
            times[place] += 1
        return (total / np.maximum(times, 1)).astype(np.float32)

    def _places(self, rows: int, cols: int) -> Iterator[tuple[slice, slice]]:
        height, width = min(self.window[0], rows), min(self.window[1], cols)
        for row in _starts(rows, height, self.step):
            for col in _starts(cols, width, self.step):
                yield slice(row, row + height), slice(col, col + width)


def _starts(length: int, window: int, step: int) -> list[int]:
    last = length - window
    starts = list(range(0, last + 1, step))
    return starts if starts[-1] == last else [*starts, last]


@dataclass(frozen=True, kw_only=True)
class Rise(Perturbation):
    """How much more probable the finding is where a cell is seen than on average over random masks.

    Petsiuk et al. 2018, arXiv 1806.07421: coarse random grids, drawn large with a random shift, are multiplied into
    the input; a cell's value is the mean probability weighted by how much of the cell was seen. The paper's sum is that
    weighted mean times how often a cell is seen, and so carries the film's own probability everywhere; here the mean
    over all masks is taken away, so that a film on which nothing matters gives a map near 0. Falls count as 0.

    Parameters
    ----------
    masks : int
        How many, which is also the number of forwards of one film; the paper takes 4000 for small networks, and fewer
        give noisier maps.
    cells : int
        Side of the coarse grid.
    seen : float
        Share of the grid's cells that stay, 0..1.
    fill : float
        What a hidden cell holds, in the input's own unit: 0 is the spec's ``mean``.
    seed : int
        Of the masks: the same each time.
    at_once : int
        Inputs in one forward.
    """

    masks: int = 400
    cells: int = 7
    seen: float = 0.5
    fill: float = 0.0
    seed: int = 0
    at_once: int = 32

    def __post_init__(self) -> None:
        if min(self.masks, self.at_once) < 1 or self.cells < 2 or not 0 < self.seen < 1:
            raise ValueError(f"masks and at_once are at least 1, cells at least 2, seen within 0..1: {self}")

    def values(self, tensor: NDArray[np.float32], log_odds: LogOdds, check: Check) -> NDArray[np.float32]:
        """The probability where a cell is seen less the mean probability, by cell."""
        rows, cols = tensor.shape[1:]
        rng = np.random.default_rng(self.seed)
        weighted, times, total = np.zeros((rows, cols)), np.zeros((rows, cols)), 0.0
        for first in range(0, self.masks, self.at_once):
            check()
            count = min(self.at_once, self.masks - first)
            masks = np.stack([self._mask(rng, rows, cols) for _ in range(count)])
            shown = masks[:, np.newaxis] * (tensor - np.float32(self.fill)) + np.float32(self.fill)
            probabilities = _sigmoid(log_odds(shown))
            weighted += np.tensordot(probabilities, masks.astype(np.float64), axes=1)
            times += masks.sum(axis=0)
            total += float(probabilities.sum())
        seen = weighted / np.maximum(times, 1e-9)
        return np.maximum(seen - total / self.masks, 0).astype(np.float32)

    def _mask(self, rng: np.random.Generator, rows: int, cols: int) -> NDArray[np.float32]:
        """One mask, 0..1: a coarse grid of zeros and ones drawn one cell too large, and cut at a random place."""
        grid = (rng.random((self.cells, self.cells)) < self.seen).astype(np.float32)
        height, width = -(-rows // self.cells), -(-cols // self.cells)
        size = ((self.cells + 1) * width, (self.cells + 1) * height)
        large = cv2.resize(grid, size, interpolation=cv2.INTER_LINEAR)
        row, col = rng.integers(0, height), rng.integers(0, width)
        return np.asarray(large[row : row + rows, col : col + cols], np.float32)


def _sigmoid(values: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = np.clip(values.astype(np.float64), -60, 60)
    return np.asarray(1 / (1 + np.exp(-wide)))
