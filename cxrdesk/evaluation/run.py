"""Runs detectors and segmenters over data sets exactly as the viewer does, gate included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from cxrdesk.api.detector import Detector
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.metrics import dice
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.result import Status
from cxrdesk.inference.runners import LocalRunner

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One film's answer for one finding.

    Parameters
    ----------
    raw, probability : float or None
        None where the film was refused or failed.
    reason : str
        Code of the refusal or failure; empty otherwise.
    """

    row: Row
    raw: float | None = None
    probability: float | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Outlined:
    """One film's Dice coefficient against the drawn mask; None where it was refused or failed."""

    row: Row
    dice: float | None = None
    reason: str = ""


def film_of(row: Row) -> Radiograph:
    """The film with what its publisher says of view and age."""
    return replace(read_radiograph(row.path), view=row.view, patient_age_years=row.age_years)


def with_bundle(registry: Registry, bundle: Path) -> tuple[Registry, DetectorSpec | SegmenterSpec]:
    """A registry in which the model that wrote `bundle` uses it, and that model's spec.

    Raises
    ------
    UserError
        If no installed plugin has the bundle's id.
    """
    from cxrdesk.api.bundle import Bundle

    model_id = str(Bundle(bundle).manifest.get("id"))
    try:
        model = registry.model(model_id)
    except KeyError:
        raise UserError("no-plugin", f"no installed plugin has {model_id}, which the bundle {bundle} is for") from None
    kind = DetectorSpec if issubclass(model, Detector) else SegmenterSpec
    spec = kind.from_bundle(bundle)
    changed = type(model.__name__, (model,), {"spec": spec})

    def swapped(plugin: Plugin) -> Plugin:
        return replace(
            plugin,
            detectors=tuple(changed if m is model else m for m in plugin.detectors),
            segmenters=tuple(changed if m is model else m for m in plugin.segmenters),
        )

    return Registry([swapped(plugin) for plugin in registry.plugins]), spec


def score(
    registry: Registry,
    spec: DetectorSpec,
    finding: str,
    rows: Iterable[Row],
    *,
    device: str = "auto",
    progress: Progress = lambda done, of: None,
) -> list[Scored]:
    """Score films for one finding.

    Raises
    ------
    UserError
        If the detector does not look for it (``"unknown-finding"``), or a film cannot be read.
    """
    if finding not in spec.findings:
        raise UserError("unknown-finding", f"{spec.id} does not look for {finding}, but {', '.join(spec.findings)}")
    answers = []
    for row, analysis in _analyses(registry, rows, device, progress):
        result = analysis.detect(spec)
        if result.status is not Status.DONE:
            answers.append(Scored(row=row, reason=result.reasons[0].code if result.reasons else result.status))
            continue
        found = next(f for f in result.findings if f.finding == finding)
        answers.append(Scored(row=row, raw=found.raw, probability=found.probability))
    return answers


def outline(
    registry: Registry,
    spec: SegmenterSpec,
    rows: Iterable[Row],
    *,
    device: str = "auto",
    progress: Progress = lambda done, of: None,
) -> list[Outlined]:
    """Outline films and hold each mask, stretched to the drawn one's grid, against it."""
    answers = []
    for row, analysis in _analyses(registry, rows, device, progress):
        result = analysis.segment(spec)
        if result.mask is None:
            answers.append(Outlined(row=row, reason=result.reasons[0].code if result.reasons else result.status))
            continue
        truth = cv2.imread(str(row.mask), cv2.IMREAD_GRAYSCALE)
        if truth is None:
            raise UserError("bad-mask", f"the lung mask {row.mask} cannot be read as a picture")
        values = cv2.resize(result.mask.values, (truth.shape[1], truth.shape[0]), interpolation=cv2.INTER_LINEAR)
        answers.append(Outlined(row=row, dice=dice(values >= 0.5, np.asarray(truth) > 127)))
    return answers


def _analyses(
    registry: Registry, rows: Iterable[Row], device: str, progress: Progress
) -> Iterator[tuple[Row, FilmAnalysis]]:
    runner = LocalRunner(registry, device=device)
    wanted = list(rows)
    try:
        for done, row in enumerate(wanted):
            progress(done, len(wanted))
            yield row, FilmAnalysis(film_of(row), registry, runner, options=Options(explain=False))
        progress(len(wanted), len(wanted))
    finally:
        runner.close()
