"""One training and its scores, kept in a file, so that a study goes on where it stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cxrdesk.evaluation.metrics import Figures, figures
from reproductions.films import Films, Fold
from reproductions.learning import Learning, learn, scores

Build = Callable[[], torch.nn.Module]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """Scores of films that nothing was learnt from.

    Parameters
    ----------
    labels, probabilities : ndarray, shape (n,)
    patients : list of str
    """

    labels: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    patients: list[str]

    def figures(self, threshold: float) -> Figures:
        """At a threshold, with 95 % intervals."""
        return figures(self.labels, self.probabilities, self.patients, threshold)


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One training's outcome.

    Parameters
    ----------
    tune, report : Scored
        Films to choose a threshold on, and films to measure on.
    seconds_s : float
        That it took.
    """

    tune: Scored
    report: Scored
    seconds_s: float


def run(folder: Path, name: str, build: Build, films: Films, fold: Fold, how: Learning, seed: int) -> Run:
    """Train and score, or read what an earlier run of that name kept."""
    path = folder / f"{name}, {fold.name}, seed {seed}.npz".replace(":", "")
    train, tune, report = fold.parts(films)
    if not path.is_file():
        start = time.monotonic()
        torch.manual_seed(seed)
        network = build()
        learn(network, train, how, seed, f"{name}, {fold.name}, seed {seed}")
        found = {key: scores(network, part, how.channels) for key, part in (("tune", tune), ("report", report))}
        folder.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".part.npz")
        np.savez(temporary, seconds_s=time.monotonic() - start, **found)
        temporary.replace(path)
    with np.load(path) as kept:
        told = {
            key: Scored(labels=part.labels, probabilities=kept[key], patients=part.patients)
            for key, part in (("tune", tune), ("report", report))
        }
        return Run(**told, seconds_s=float(kept["seconds_s"]))
