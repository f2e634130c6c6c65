"""The tables that stand in bundles, on cards and in the README, made from a bundle and the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.evidence import Estimate
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.discovery.registry import Registry
from cxrdesk.evaluation.datasets import Row, adult_lungs, kermany
from cxrdesk.evaluation.film_sets import film_set, seen
from cxrdesk.evaluation.intervals import by_patient, resampled
from cxrdesk.evaluation.labelled import LABELS, MASKS, is_labelled, labelled
from cxrdesk.evaluation.metrics import Figures, figures
from cxrdesk.evaluation.run import Outlined, Progress, Scored, answers, of_finding, outline
from cxrdesk.imaging.errors import UserError


def _quiet(done: int, of: int) -> None:
    return


@dataclass(frozen=True, kw_only=True)
class Distance:
    """A mean distance in mm with its 95 % interval, and the films that it rests on."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, kw_only=True)
class SegmenterTable:
    """What was measured on each group of films.

    Parameters
    ----------
    dice : dict of Estimate
        Mean Dice coefficient; a refused film counts as 0.
    refused : dict of dict of int
        Group to the codes of refusals and how many films each hit.
    hd95_mm : dict of Distance
        Mean Hausdorff distance at 95 %, of the films that have an outline and tell their spacing; groups without such
        films are not in it.
    """

    dice: dict[str, Estimate]
    refused: dict[str, dict[str, int]]
    hd95_mm: dict[str, Distance] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Mapping[str, Sequence[Outlined]]) -> SegmenterTable:
        """Means of each group, patients resampled."""
        return cls(
            dice={group: _dice(outlined) for group, outlined in groups.items()},
            refused={group: _counted([item.reason for item in outlined]) for group, outlined in groups.items()},
            hd95_mm={group: far for group, outlined in groups.items() if (far := _far(outlined)) is not None},
        )

    def to_json(self) -> dict[str, Any]:
        """A mapping of JSON types."""
        return asdict(self)


def _dice(outlined: Sequence[Outlined]) -> Estimate:
    values = np.array([item.dice or 0.0 for item in outlined])
    return by_patient(partial(_mean, values), [item.row.patient for item in outlined])


def _far(outlined: Sequence[Outlined]) -> Distance | None:
    told = [(item.hd95_mm, item.row.patient) for item in outlined if item.hd95_mm is not None]
    if not told:
        return None
    values = np.array([distance for distance, _ in told])
    value, low, high = resampled(partial(_mean, values), [patient for _, patient in told])
    return Distance(value=value, low=low, high=high, n=len(told))


def lung_groups(data: Path) -> dict[str, list[Row]]:
    """Films that the shipped segmenter never saw: the children's report split, and adults of no trained patient.

    Where `data` is a folder with a table of labels, its films that have a drawn outline, by view.

    Raises
    ------
    UserError
        If such a folder holds no outline (``"no-labels"``).
    """
    if is_labelled(data):
        return _own_groups(data)
    adults = adult_lungs(data)
    trained = {row.patient for row in adults if row.trainable and row.split != "report"}
    return {
        "paediatric": [row for row in kermany(data) if row.mask and row.split == "report"],
        "adult": [row for row in adults if row.patient not in trained],
    }


def _own_groups(data: Path) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in labelled(data).values():
        if row.mask:
            view = "-".join(filter(None, (row.view.body_part, row.view.projection))) or "view not told"
            groups.setdefault(f"{LABELS}, {view}", []).append(row)
    if not groups:
        raise UserError("no-labels", f"no outline can be measured: there is no {MASKS}/FILM-lungs.png in {data}")
    return groups


def segmenter_table(
    registry: Registry, spec: SegmenterSpec, data: Path, *, device: str = "auto", progress: Progress = _quiet
) -> SegmenterTable:
    """Mean Dice of the lungs, and how far the outlines lie apart, with 95 % intervals, patients resampled."""
    groups = {}
    for group, rows in lung_groups(data).items():
        outlined = outline(registry, spec, rows, device=device, progress=progress)
        simulated = sum(item.simulated for item in outlined)
        told = {0: "", len(outlined): ", simulated films"}.get(simulated, f", {simulated} of them simulated films")
        groups[f"{group}{told}"] = outlined
    return SegmenterTable.of(groups)


@dataclass(frozen=True, kw_only=True)
class DetectorTable:
    """Figures of one finding at each operating point.

    Parameters
    ----------
    points : dict of Figures
        Name of the operating point to its figures; without operating points the one key is ``"0.5"``.
    """

    finding: str
    films: str
    points: dict[str, Figures]
    refused: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A mapping of JSON types."""
        return asdict(self)


def detector_table(spec: DetectorSpec, finding: str, scored: list[Scored], films: str) -> DetectorTable:
    """Figures over films that were scored; refused ones are counted beside them.

    Raises
    ------
    UserError
        If the films have no labels of the finding (``"no-labels"``), or one class is missing (``"one-class"``).
    """
    if any(finding not in item.row.labels for item in scored):
        raise UserError("no-labels", f"{spec.id} cannot be measured: the films have no labels of {finding}")
    kept = [item for item in scored if item.probability is not None]
    if scored and not kept:
        told = ", ".join(f"{count} {code}" for code, count in _counted([item.reason for item in scored]).items())
        raise UserError("no-films", f"{spec.id} cannot be measured: not one of {len(scored)} films was scored ({told})")
    labels = np.array([item.row.labels[finding] for item in kept], np.int64)
    probabilities = np.array([item.probability for item in kept], np.float64)
    patients = [item.row.patient for item in kept]
    thresholds = {p.name: p.threshold for p in spec.operating_points if p.finding == finding} or {"0.5": 0.5}
    return DetectorTable(
        finding=finding,
        films=films,
        points={name: figures(labels, probabilities, patients, value) for name, value in thresholds.items()},
        refused=_counted([item.reason for item in scored]),
    )


def detector_films(
    registry: Registry,
    spec: DetectorSpec,
    manifest: dict[str, Any],
    data: Path,
    *,
    device: str = "auto",
    progress: Progress = _quiet,
) -> list[DetectorTable]:
    """One table for each finding, on the films that the bundle's own evaluation names.

    Parameters
    ----------
    manifest : dict
        The bundle's; see `cxrdesk.evaluation.film_sets.film_set`.
    """
    films = film_set(manifest, data)
    answered = answers(registry, spec, films.rows, device=device, progress=progress)
    films = seen(films, answered)
    return [
        detector_table(spec, finding, [of_finding(item, finding) for item in answered], films.name)
        for finding in spec.findings
    ]


def _mean(values: NDArray[np.float64], chosen: NDArray[np.int64]) -> float:
    return float(values[chosen].mean())


def _counted(reasons: list[str]) -> dict[str, int]:
    return {reason: reasons.count(reason) for reason in sorted(set(reasons) - {""})}
