"""Simulated films in sets of their own, drawn once and kept; which set is learnt from and which is reported on."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.labelled import labelled
from cxrdesk.imaging.phantom.batch import Order, produce, recorded
from reproductions.films import Films, squared

DONE = "done"
"""File that says that a folder's films are all there, and how many seconds they took."""


def drawn(sets: Mapping[str, tuple[Sequence[Order], int]], folder: Path, finding: str, side: int) -> Films:
    """Films of several sets; each row's family is the name of its set.

    Parameters
    ----------
    sets : mapping
        Name to orders, which share the number of patients equally, and that number. No two orders may have one seed.
    folder : Path
        Where films and masks are, or are put.
    """
    seeds = [order.seed for orders, _ in sets.values() for order in orders]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"two sets of simulated films would share patients: seeds {sorted(seeds)}")
    rows: list[Row] = []
    for name, (orders, patients) in sets.items():
        for order in orders:
            part = folder / f"{name}-{order.seed}"
            if not (part / DONE).is_file():
                _draw(order, patients // len(orders), part)
            rows += [replace(row, family=name) for row in labelled(part).values()]
    return squared(rows, finding, side)


def _draw(order: Order, patients: int, folder: Path) -> None:
    start = time.monotonic()
    # What an interrupted run left is no set.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made = produce(order, patients, folder, formats=("png",), workers=os.cpu_count() or 1)
    for done, _ in enumerate(recorded(made, order, folder), start=1):
        if done % 100 == 0:
            print(f"{folder.name}: {done} of {patients} films drawn", file=sys.stderr, flush=True)
    (folder / DONE).write_text(f"{time.monotonic() - start:.1f}")


@dataclass(frozen=True, kw_only=True)
class Sets:
    """Films divided by the names of their sets.

    Parameters
    ----------
    train, tune, report : frozenset of str
        Names of sets; no set is in two of them.
    """

    name: str
    train: frozenset[str] = frozenset({"train"})
    tune: frozenset[str] = frozenset({"tune"})
    report: frozenset[str]

    def __post_init__(self) -> None:
        if self.train & self.tune or self.report & (self.train | self.tune):
            raise ValueError(f"a set of films is in two parts of {self.name!r}")

    def parts(self, films: Films) -> tuple[Films, Films, Films]:
        """Films to train on, to choose on and to report."""
        train, tune, report = (films.of(films.families(names)) for names in (self.train, self.tune, self.report))
        return train, tune, report


def seconds_drawing(folder: Path) -> float:
    """Seconds that the films in `folder` took to draw."""
    return sum(float(path.read_text()) for path in folder.glob(f"*/{DONE}"))
