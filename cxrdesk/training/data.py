"""Films in memory, read as the viewer reads them and changed at random."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from cxrdesk.evaluation.datasets import Row
from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.imaging.preprocess import Box, InputSpec, normalised, resized
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.training.augment import Geometry, appearance, warp
from cxrdesk.training.telling import Advance

MOST_LEFT_OUT = 0.05
LONGEST_SIDE = 256
"""Films are kept in memory no larger than this; inputs of up to 192 pixels lose nothing by it."""


def required(data: Path | None) -> Path:
    """The folder of the data sets, for recipes that cannot do without (``"usage"``)."""
    if data is None:
        raise UserError("usage", "This recipe trains on real films; give --data DIR, the folder of the data sets.")
    return data


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """One film ready to be drawn from.

    Parameters
    ----------
    film : ndarray of uint8, shape (rows, cols)
    box : Box
        The part that the network sees, before random change.
    labels : tuple of float
        Of each finding: 0 or 1, anything between for what is uncertain, NaN for what is not known; unused where `mask`
        is given.
    mask : ndarray of uint8 0 or 255, shape (rows, cols), or None
    """

    film: NDArray[np.uint8]
    box: Box
    labels: tuple[float, ...] = ()
    mask: NDArray[np.uint8] | None = None


def small_film(path: Path, longest: int = LONGEST_SIDE) -> NDArray[np.uint8]:
    """A film of the data set, larger = brighter, its representable range on 0..255, longest side at most `longest`."""
    radiograph = read_radiograph(path)
    rows, cols = radiograph.shape
    share = min(1.0, longest / max(rows, cols))
    lo, hi = radiograph.value_range
    values = resized(radiograph, (round(rows * share), round(cols * share)))
    return np.asarray(np.clip((values - lo) * (255.0 / (hi - lo)) + 0.5, 0, 255), np.uint8)


@dataclass(frozen=True)
class LeftOut:
    """A film that could not be read, and why; training goes on without it."""

    path: Path
    reason: str


def read_films(
    rows: Iterable[Row], left_out: list[LeftOut] | None = None, progress: Advance = lambda done, of: None
) -> Iterator[tuple[Row, NDArray[np.uint8]]]:
    """Each film with its row; one that cannot be read goes to `left_out`.

    Raises
    ------
    UserError
        If more than one film in twenty cannot be read (``"bad-films"``): the folder is damaged, not a film.
    """
    wanted, lost = list(rows), [] if left_out is None else left_out
    for done, row in enumerate(wanted):
        progress(done, len(wanted))
        try:
            film = small_film(row.path)
        except FilmError as error:
            lost.append(LeftOut(row.path, error.text))
            if len(lost) > max(len(wanted) * MOST_LEFT_OUT, 1):
                text = f"{len(lost)} of {len(wanted)} films cannot be read, the last {row.path.name}: {error.text}"
                raise UserError("bad-films", text) from None
            continue
        yield row, film


Fed = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""From a grey input (1, rows, cols) to what the network is fed; see `cxrdesk.api.channels`."""


def as_it_is(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """For networks with one grey channel, normalised as the spec says."""
    return image


class Fixed(Dataset[tuple[torch.Tensor, Any]]):
    """Examples as the viewer would prepare them, without random change: for choices made during training."""

    def __init__(self, examples: Sequence[Example], spec: InputSpec, fed: Fed = as_it_is) -> None:
        self.examples, self.spec, self.fed = examples, spec, fed

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, Any]:
        example = self.examples[number]
        rows, cols = example.film.shape
        box = example.box
        part = example.film[int(box.y0 * rows) : round(box.y1 * rows), int(box.x0 * cols) : round(box.x1 * cols)]
        grey = cv2.resize(part, self.spec.size[::-1], interpolation=cv2.INTER_AREA)
        small = np.asarray(grey, np.float32) / np.float32(255)
        image = self.fed(normalised(small, self.spec)[np.newaxis])
        return torch.from_numpy(image), torch.tensor(example.labels)


class Drawing(Dataset[tuple[torch.Tensor, Any]]):
    """Pairs of input and target made at random, a function of the seed and the draw's number alone.

    Numbers go on from one epoch to the next, so that a run which was cut off makes the draws that it would have made.

    Parameters
    ----------
    length : int
        Draws in one epoch.
    """

    def __init__(self, length: int, seed: int) -> None:
        self.length, self.seed = length, seed

    def __len__(self) -> int:
        return self.length

    def rng(self, number: int) -> np.random.Generator:
        """The generator of one draw."""
        # Never 0 at the end: numpy takes [seed, 0] and [seed] for the same.
        return np.random.default_rng([self.seed, number + 1])


class Epochs(Sampler[int]):
    """Numbers of the draws of one epoch; Lightning tells which."""

    def __init__(self, length: int) -> None:
        self.length, self.epoch = length, 0

    def set_epoch(self, epoch: int) -> None:
        """Called before each epoch, also the first after a resumption."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.length

    def __iter__(self) -> Iterator[int]:
        # A generator, since Lightning asks for the iterator before it tells the epoch.
        yield from range(self.epoch * self.length, (self.epoch + 1) * self.length)


class Draws(Drawing):
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

    Raises
    ------
    UserError
        If there is no example (``"no-films"``).
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
        fed: Fed = as_it_is,
    ) -> None:
        super().__init__(length, seed)
        if not len(examples):
            raise UserError("no-films", "the training split holds no film to train on; --data names too small a folder")
        self.examples, self.spec = examples, spec
        self.geometry, self.strength, self.fed = geometry or Geometry(), strength, fed
        self.weights = np.asarray(weights, np.float64) / np.sum(weights)
        self._orders: dict[int, NDArray[np.int64]] = {}

    def order(self, epoch: int) -> NDArray[np.int64]:
        """Which example each draw of an epoch takes."""
        if epoch not in self._orders:
            self._orders = {epoch: self._order(np.random.default_rng([self.seed, epoch, 1]))}
        return self._orders[epoch]

    def _order(self, rng: np.random.Generator) -> NDArray[np.int64]:
        # Whole counts plus a random rest: each example's share of an epoch is kept to within one draw.
        wanted = self.weights * self.length
        counts = np.floor(wanted).astype(int)
        rest = self.length - counts.sum()
        if rest:
            part = wanted - counts
            counts[rng.choice(len(wanted), rest, replace=False, p=part / part.sum())] += 1
        order = np.repeat(np.arange(len(wanted)), counts)
        rng.shuffle(order)
        return order

    def __getitem__(self, number: int) -> tuple[torch.Tensor, Any]:
        epoch, place = divmod(number, self.length)
        example, rng = self.examples[self.order(epoch)[place]], self.rng(number)
        size = self.spec.size
        shape = (example.film.shape[0], example.film.shape[1])
        matrix = self.geometry.draw(rng, shape, size, example.box)
        film = appearance(warp(example.film, matrix, size), rng, self.strength)
        image = self.fed(normalised(film, self.spec)[np.newaxis])
        return torch.from_numpy(image), self.target(example, matrix, size)

    def target(self, example: Example, matrix: NDArray[np.float64], size: tuple[int, int]) -> Any:
        """What the network should answer to a view of `example` under `matrix`."""
        if example.mask is None:
            return torch.tensor(example.labels, dtype=torch.float32)
        return torch.from_numpy(warp(example.mask, matrix, size)[np.newaxis].astype(np.float32) / 255.0)
