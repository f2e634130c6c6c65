"""Which films a bundle is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from cxrdesk.evaluation.datasets import DATASETS, Row, kermany
from cxrdesk.evaluation.labelled import LABELS, is_labelled, labelled
from cxrdesk.evaluation.run import Answer


@dataclass(frozen=True, kw_only=True)
class FilmSet:
    """Films to measure on.

    Parameters
    ----------
    name : str
        For tables: ``"report split"``.
    dataset : str
        Where the films come from.
    external : bool
        Whether all of them come from another site than those that recipes train on.
    refs : list of str
        What a report calls each film: without a patient's key where the site's own file names could hold one.
    simulated : int
        How many answers are about simulated films, once `seen` has counted.
    """

    rows: list[Row]
    name: str
    dataset: str
    external: bool
    refs: list[str]
    simulated: int = 0

    def ref(self, row: Row) -> str:
        """What a report calls a film of the set."""
        return self._refs[row.path]

    @cached_property
    def _refs(self) -> dict[Path, str]:
        return dict(zip((row.path for row in self.rows), self.refs, strict=True))


def film_set(manifest: dict[str, Any], data: Path) -> FilmSet:
    """The films of a labelled folder; otherwise those that the bundle's own evaluation names.

    Parameters
    ----------
    manifest : dict
        The bundle's; ``evaluation.left_out`` names the families of a fold, without it the report split is used.
    """
    if is_labelled(data):
        found = labelled(data)
        refs = [f"line {line} of {LABELS}" for line in found]
        rows = list(found.values())
        external = all(row.dataset not in DATASETS for row in rows)
        return FilmSet(rows=rows, name=LABELS, dataset=data.resolve().name, external=external, refs=refs)
    families = frozenset(manifest.get("evaluation", {}).get("left_out", ()))
    rows = left_out(data, families) if families else [row for row in kermany(data) if row.split == "report"]
    return FilmSet(
        rows=rows,
        name=f"left-out families {', '.join(sorted(families))}" if families else "report split",
        dataset="kermany",
        external=False,
        refs=[row.path.relative_to(data).as_posix() for row in rows],
    )


def seen(films: FilmSet, answers: Sequence[Answer]) -> FilmSet:
    """The set after its films were read: simulated ones are told by name, and are never another site's."""
    simulated = sum(answer.simulated for answer in answers)
    if not simulated:
        return films
    read = sum(answer.status != "unreadable" for answer in answers)
    told = "simulated films" if simulated == read else f"{simulated} of {read} simulated films"
    return replace(films, name=f"{films.name}, {told}", external=False, simulated=simulated)


def left_out(data: Path, families: frozenset[str]) -> list[Row]:
    """Films of families and patients that a fold's network never saw, except those that thresholds were chosen on.

    A patient with films both of a left-out family and, in the training split, of another counts as seen.
    """
    rows = kermany(data)
    seen = {row.patient for row in rows if row.split == "train" and row.family not in families}
    return [row for row in rows if row.family in families and row.split != "tune" and row.patient not in seen]
