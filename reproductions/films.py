"""Films of a data set as arrays of one size, with what splits them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.evaluation.datasets import Row, kermany
from cxrdesk.imaging.errors import UserError
from cxrdesk.training.data import LeftOut, read_films, required


@dataclass(frozen=True, kw_only=True, eq=False)
class Films:
    """Films of one size.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n, side, side) or (n, channels, side, side)
        Larger = brighter; the aspect ratio is not kept.
    labels : ndarray, shape (n,) or (n, findings)
        1 with the finding, 0 without; where labels are not sure, as the study says.
    rows : tuple of Row
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[Any]
    rows: tuple[Row, ...]

    def of(self, chosen: NDArray[np.bool_]) -> Films:
        """The chosen ones, shape (n,)."""
        rows = tuple(row for row, wanted in zip(self.rows, chosen, strict=True) if wanted)
        return Films(pixels=self.pixels[chosen], labels=self.labels[chosen], rows=rows)

    @property
    def patients(self) -> list[str]:
        """Of each film."""
        return [row.patient for row in self.rows]

    def split(self, *names: str) -> NDArray[np.bool_]:
        """Which films belong to one of the splits ``train``, ``tune``, ``report``."""
        return np.array([row.split in names for row in self.rows], dtype=bool)

    def families(self, names: frozenset[str]) -> NDArray[np.bool_]:
        """Which films come from one of these families."""
        return np.array([row.family in names for row in self.rows], dtype=bool)


class Split(Protocol):
    """What divides films."""

    @property
    def name(self) -> str:
        """Part of the names of runs."""
        ...

    def parts(self, films: Films) -> tuple[Films, Films, Films]:
        """Films to train on, to choose on and to report; no patient is in two of them."""
        ...


@dataclass(frozen=True, kw_only=True)
class Fold:
    """What a network may learn from, and what it is measured on.

    Parameters
    ----------
    left_out : frozenset of str
        Families that are not learnt from; the report films are theirs alone. Where empty, all are learnt from and the
        report films are those of patients that were kept apart.
    """

    name: str
    left_out: frozenset[str] = frozenset()

    def parts(self, films: Films) -> tuple[Films, Films, Films]:
        """Films to train on, to choose on and to report; no patient is in two of them."""
        apart = films.families(self.left_out)
        train, tune = (films.of(films.split(name) & ~apart) for name in ("train", "tune"))
        report = films.of(films.split("report") & (apart if self.left_out else ~apart))
        return train, tune, report


FOLDS = (
    Fold(name="patients"),
    Fold(name="left out: IM", left_out=frozenset({"IM", "person0"})),
    Fold(name="left out: NORMAL2-IM", left_out=frozenset({"NORMAL2-IM", "person1"})),
)
"""As the shipped detector's recipe leaves them out (`cxrdesk_pneumonia.parts`)."""


def paediatric(data: Path | None, side: int) -> Films:
    """The children's films with or without pneumonia (Kermany, Zhang, Goldbaum 2018).

    Raises
    ------
    UserError
        If all have it, or none (``"one-class"``).
    """
    films = squared(kermany(required(data)), "pneumonia", side)
    if len(np.unique(films.labels)) < 2:
        raise UserError("one-class", "The children's films are all with pneumonia or all without; a study needs both.")
    return films


def squared(rows: Sequence[Row], finding: str, side: int) -> Films:
    """Films stretched to `side` x `side`; those that cannot be read are left out."""
    kept, pixels = stretched(rows, side)
    labels = np.array([row.labels[finding] for row in kept], dtype=np.int64)
    return Films(pixels=pixels, labels=labels, rows=kept)


def stretched(rows: Sequence[Row], side: int) -> tuple[tuple[Row, ...], NDArray[np.uint8]]:
    """Rows whose films can be read, and those, shape (n, side, side); tells of the others."""
    kept, pixels, lost = [], [], list[LeftOut]()
    for row, film in read_films(rows, lost):
        method = cv2.INTER_AREA if min(film.shape) >= side else cv2.INTER_LINEAR
        pixels.append(cv2.resize(film, (side, side), interpolation=method))
        kept.append(row)
    for one in lost:
        print(f"left out: {one.path.name}: {one.reason}", file=sys.stderr)
    return tuple(kept), np.stack(pixels)
