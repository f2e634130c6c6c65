"""Training with the place of each finding, where it is known: films learn faster, and maps point.

A network that gives a map of each finding beside its logit learns both. Simulated films have true masks; films without
any count for their labels alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from cxrdesk.evaluation.datasets import Row
from cxrdesk.training.augment import warp
from cxrdesk.training.data import Draws, Example, Fixed
from cxrdesk.training.modules import ClassFit

Picture = NDArray[np.uint8]
LONGEST_SIDE = 64
"""Outlines are kept no larger than this; maps are coarser still."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Located(Example):
    """A film with the places of its findings.

    Parameters
    ----------
    places : ndarray of uint8 0..255, shape (findings, rows, cols)
        Share of each cell that a finding covers, on the film's own grid, coarser; black where it is absent.
    known : tuple of bool
        Of each finding, whether its place counts.
    """

    places: Picture
    known: tuple[bool, ...]


def places_of(row: Row, labels: Sequence[float], findings: Sequence[str], shape: tuple[int, int]) -> dict[str, Any]:
    """`Located`'s two fields for one film.

    Parameters
    ----------
    labels : sequence of float
        As in `Example`; the place of a finding that is certainly absent is known, that of an uncertain one is not.
    shape : tuple of int
        (rows, cols) of the film in memory.

    Notes
    -----
    Masks lie where ``cxrdesk phantom`` writes them: in ``masks`` beside the film's folder, ``STEM-FINDING.png``.
    """
    scale = min(1.0, LONGEST_SIDE / max(shape))
    size = max(round(shape[0] * scale), 1), max(round(shape[1] * scale), 1)
    places, known = np.zeros((len(findings), *size), np.uint8), []
    for place, label, finding in zip(places, labels, findings, strict=True):
        path = row.path.parent.parent / "masks" / f"{row.path.stem}-{finding}.png"
        mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) if label == 1.0 and path.is_file() else None
        if mask is not None:
            place[:] = cv2.resize(mask, size[::-1], interpolation=cv2.INTER_AREA)
        known.append(label == 0.0 or mask is not None)
    return {"places": places, "known": tuple(known)}


Target = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Labels (findings,), places (findings, rows, cols) from 0 to 1, and whether each place counts (findings,)."""


class LocatedDraws(Draws):
    """Random views of `Located` examples, with their places moved alike."""

    def target(self, example: Example, matrix: NDArray[np.float64], size: tuple[int, int]) -> Any:
        """A `Target`."""
        assert isinstance(example, Located)
        coarse = (size[0] // 4, size[1] // 4)
        rows, cols = example.film.shape
        of_place = np.diag([coarse[1] / size[1], coarse[0] / size[0]]) @ matrix
        of_place[:, :2] = of_place[:, :2] @ np.diag([cols / example.places.shape[2], rows / example.places.shape[1]])
        moved = np.stack([warp(place, of_place, coarse) for place in example.places])
        return _target(example, moved)


class LocatedFixed(Fixed):
    """`Located` examples as the viewer would prepare them, with their places."""

    def __getitem__(self, number: int) -> Any:
        image, _ = super().__getitem__(number)
        example = self.examples[number]
        assert isinstance(example, Located)
        coarse = (self.spec.size[1] // 4, self.spec.size[0] // 4)
        places = [cv2.resize(place, coarse, interpolation=cv2.INTER_AREA) for place in example.places]
        return image, _target(example, np.stack(places))


def _target(example: Located, places: Picture) -> Target:
    labels, known = torch.tensor(example.labels, dtype=torch.float32), torch.tensor(example.known)
    return labels, torch.from_numpy(places.astype(np.float32) / np.float32(255)), known


class LocatedFit(ClassFit):
    """Classes as in `ClassFit`, and maps of logits by binary cross-entropy and soft Dice where places are known.

    The network's ``located`` gives logits (n, findings) and maps (n, findings, rows, cols).
    """

    def training_step(self, batch: Any, index: int) -> torch.Tensor:
        """Loss of one batch."""
        images, (labels, places, known) = batch
        network: Any = self.network
        logits, maps = network.located(images.contiguous(memory_format=torch.channels_last))
        loss = self.loss(logits, labels) + self.of_places(maps.float(), places, known & (labels == labels.round()))
        self.log("loss", loss, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Any, index: int) -> None:
        """Loss of the classes of one batch of tuning films, by the averaged weights."""
        images, (labels, _, _) = batch
        super().validation_step((images, labels), index)

    def of_places(self, maps: torch.Tensor, places: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Scalar loss of maps against places (n, findings, rows, cols), by those that are known (n, findings)."""
        wanted = functional.adaptive_avg_pool2d(places, (maps.shape[2], maps.shape[3]))
        each = functional.binary_cross_entropy_with_logits(maps, wanted, reduction="none").mean(dim=(2, 3))
        there = known & (wanted.amax(dim=(2, 3)) > 0)
        share = torch.sigmoid(maps)
        dice = 1 - (2 * (share * wanted).sum(dim=(2, 3)) + 1) / (share + wanted).sum(dim=(2, 3)).add(1)
        return (each * known).sum() / known.sum().clamp(min=1) + (dice * there).sum() / there.sum().clamp(min=1)
