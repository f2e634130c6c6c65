"""Simulated films in sets of their own, drawn once and kept; which set is learnt from and which is reported on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.labelled import labelled
from cxrdesk.imaging.phantom.batch import Order, produce, recorded
from cxrdesk.training.telling import telling
from reproductions.films import Films, squared
from reproductions.runs import file_of, kept


def drawn(sets: Mapping[str, tuple[Sequence[Order], int]], out: Path, finding: str, side: int) -> Films:
    """Films of several sets; each row's family is the name of its set.

    Parameters
    ----------
    sets : mapping
        Name to orders, which share the number of patients equally, and that number. No two orders may have one seed.
    out : Path
        Folder of the study's runs; films and masks are in ``films`` there, or are put there.
    finding : str
        A film of a kind that cannot show it is without.
    """
    seeds = [order.seed for orders, _ in sets.values() for order in orders]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"two sets of simulated films would share patients: seeds {sorted(seeds)}")
    rows: list[Row] = []
    for name, (orders, patients) in sets.items():
        for order in orders:
            folder = out / "films" / f"{name}-{order.seed}"
            # Kept as a run is, so that the seconds count.
            kept(file_of(out, "films", name, str(order.seed)), partial(_draw, order, patients // len(orders), folder))
            rows += [
                replace(row, family=name, labels={finding: row.labels.get(finding, 0)})
                for row in labelled(folder).values()
            ]
    return squared(rows, finding, side)


def _draw(order: Order, patients: int, folder: Path) -> dict[str, int]:
    # What an interrupted run left is no set.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    made, count = produce(order, patients, folder, formats=("png",), workers=os.cpu_count() or 1), 0
    with telling(f"drawing {folder.name}") as progress:
        for count, _ in enumerate(recorded(made, order, folder), start=1):
            progress(count, patients * len(order.kinds))
    return {"films": count}


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
