"""One training and its scores, kept in a file, so that a study goes on where it stopped.

The runs in a folder are of one study and of the same films; `reproductions.owning` sees to that.
"""

from __future__ import annotations

import os
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cxrdesk.evaluation.metrics import Figures, figures
from cxrdesk.imaging.errors import UserError
from reproductions.films import Films, Split
from reproductions.learning import Learning, learn, scores

Build = Callable[[], torch.nn.Module]
PART = ".part.npz"
_COUNTED: ContextVar[dict[Path, float] | None] = ContextVar("counted", default=None)


@contextmanager
def counted() -> Iterator[dict[Path, float]]:
    """Fill a dict with each file that `kept` gives meanwhile, and the seconds of a processor that it took."""
    found: dict[Path, float] = {}
    token = _COUNTED.set(found)
    try:
        yield found
    finally:
        _COUNTED.reset(token)


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

    def of(self, chosen: NDArray[np.bool_]) -> Scored:
        """The chosen films, shape (n,)."""
        patients = [patient for patient, wanted in zip(self.patients, chosen, strict=True) if wanted]
        return Scored(labels=self.labels[chosen], probabilities=self.probabilities[chosen], patients=patients)


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One training's outcome.

    Parameters
    ----------
    tune, report : Scored
        Films to choose a threshold on, and films to measure on.
    seconds_s : float
        Of a processor, that it took.
    """

    tune: Scored
    report: Scored
    seconds_s: float


def kept(path: Path, make: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """The arrays of a file, made and written where it is not there, with the ``seconds_s`` of a processor that it took.

    Of all threads and finished child processes together: it hangs little on what else the machine was doing.

    Raises
    ------
    UserError
        If the file cannot be read (``"corrupt"``).
    """
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        start = _spent()
        made = make()
        temporary = path.with_suffix(PART)
        np.savez(temporary, seconds_s=_spent() - start, **made)
        temporary.replace(path)
    found = _read(path)
    if (counts := _COUNTED.get()) is not None:
        counts[path] = float(found["seconds_s"])
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        # A file that is cut off would stay open if its path were given.
        with path.open("rb") as stream, np.load(stream) as file:
            return dict(file)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        text = f"{path} cannot be read; delete it, and the same command makes it again"
        raise UserError("corrupt", text) from error


def _spent() -> float:
    """Seconds of a processor that this process and its children took so far; Windows tells none of children."""
    told = os.times()
    return time.process_time() + told.children_user + told.children_system


def file_of(folder: Path, *named: str) -> Path:
    """Where a run of that name is kept."""
    return folder / f"{', '.join(named)}.npz".replace(":", "")


def run(folder: Path, name: str, build: Build, films: Films, fold: Split, how: Learning, seed: int) -> Run:
    """Train and score, or read what an earlier run of that name kept."""
    train, tune, report = fold.parts(films)
    parts = {"tune": tune, "report": report}
    named = (name, fold.name, f"seed {seed}")

    def made() -> dict[str, NDArray[np.float64]]:
        torch.manual_seed(seed)
        network = build()
        learn(network, train, how, seed, ", ".join(named), tune)
        return {key: scores(network, part, how.channels) for key, part in parts.items()}

    found = kept(file_of(folder, *named), made)
    told = {
        key: Scored(labels=part.labels, probabilities=found[key], patients=part.patients) for key, part in parts.items()
    }
    return Run(**told, seconds_s=float(found["seconds_s"]))
