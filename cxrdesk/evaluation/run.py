"""Runs detectors and segmenters over data sets exactly as the viewer does, gate included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from cxrdesk.api.detector import Detector
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.metrics import dice
from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.imaging.radiograph import Radiograph, View
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.result import DetectorResult, MaskResult, Status
from cxrdesk.inference.runners import LocalRunner

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One film's answer for every finding of a detector.

    Parameters
    ----------
    status : str
        ``"done"``; ``"refused"`` by the gate; ``"failed"`` in the model; ``"unreadable"`` before that.
    code : str
        Of the refusal or failure; empty where done.
    raw, probability : dict of float
        Finding key to the model's own and the calibrated probability; empty unless done.
    no_call : dict of tuple of str
        Finding key to the codes of why the viewer gives a score without a call; an empty tuple where it gives one.
    view, age_years, sex
        What the gate went by: the data set's word, or the film's own where that has none.
    """

    row: Row
    status: Literal["done", "refused", "failed", "unreadable"]
    code: str = ""
    raw: dict[str, float] = field(default_factory=dict)
    probability: dict[str, float] = field(default_factory=dict)
    no_call: dict[str, tuple[str, ...]] = field(default_factory=dict)
    view: View = field(default_factory=View)
    age_years: float | None = None
    sex: str | None = None


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
    """The film with what its publisher says of view and age; where the publisher says nothing, the film's own word."""
    film = read_radiograph(row.path)
    view = View(
        body_part=row.view.body_part or film.view.body_part, projection=row.view.projection or film.view.projection
    )
    age = film.patient_age_years if row.age_years is None else row.age_years
    return replace(film, view=view, patient_age_years=age)


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


def answers(
    registry: Registry,
    spec: DetectorSpec,
    rows: Iterable[Row],
    *,
    device: str = "auto",
    progress: Progress = lambda done, of: None,
) -> list[Answer]:
    """Run a detector over films, each once; a film that cannot be read is counted like one that is refused."""
    made = []
    for row, analysis in _analyses(registry, rows, device, progress):
        if isinstance(analysis, FilmError):
            made.append(Answer(row=row, status="unreadable", code=analysis.code, age_years=row.age_years, sex=row.sex))
            continue
        result, film = analysis.detect(spec), analysis.film
        done = result.status is Status.DONE
        made.append(
            Answer(
                row=row,
                status="done" if done else "refused" if result.status is Status.REFUSED else "failed",
                code="" if done else _code(result),
                raw={found.finding: found.raw for found in result.findings},
                probability={found.finding: found.probability for found in result.findings},
                no_call={found.finding: tuple(r.code for r in found.reasons) for found in result.findings},
                view=film.view,
                age_years=film.patient_age_years,
                sex=row.sex or film.patient_sex,
            )
        )
    return made


def score(
    registry: Registry,
    spec: DetectorSpec,
    finding: str,
    rows: Iterable[Row],
    *,
    device: str = "auto",
    progress: Progress = lambda done, of: None,
) -> list[Scored]:
    """Score films for one finding; as `answers`.

    Raises
    ------
    UserError
        If the detector does not look for it (``"unknown-finding"``).
    """
    if finding not in spec.findings:
        raise UserError("unknown-finding", f"{spec.id} does not look for {finding}, but {', '.join(spec.findings)}")
    return [of_finding(item, finding) for item in answers(registry, spec, rows, device=device, progress=progress)]


def of_finding(answer: Answer, finding: str) -> Scored:
    """One finding's part of an answer."""
    raw, probability = answer.raw.get(finding), answer.probability.get(finding)
    return Scored(row=answer.row, raw=raw, probability=probability, reason=answer.code)


def _code(result: DetectorResult | MaskResult) -> str:
    return result.reasons[0].code if result.reasons else str(result.status)


def outline(
    registry: Registry,
    spec: SegmenterSpec,
    rows: Iterable[Row],
    *,
    device: str = "auto",
    progress: Progress = lambda done, of: None,
) -> list[Outlined]:
    """Outline films and hold each mask, stretched to the drawn one's grid, against it."""
    outlined = []
    for row, analysis in _analyses(registry, rows, device, progress):
        if isinstance(analysis, FilmError):
            outlined.append(Outlined(row=row, reason=analysis.code))
            continue
        result = analysis.segment(spec)
        if result.mask is None:
            outlined.append(Outlined(row=row, reason=_code(result)))
            continue
        truth = cv2.imread(str(row.mask), cv2.IMREAD_GRAYSCALE)
        if truth is None:
            raise UserError("bad-mask", f"the lung mask {row.mask} cannot be read as a picture")
        values = cv2.resize(result.mask.values, (truth.shape[1], truth.shape[0]), interpolation=cv2.INTER_LINEAR)
        outlined.append(Outlined(row=row, dice=dice(values >= 0.5, np.asarray(truth) > 127)))
    return outlined


def _analyses(
    registry: Registry, rows: Iterable[Row], device: str, progress: Progress
) -> Iterator[tuple[Row, FilmAnalysis | FilmError]]:
    runner = LocalRunner(registry, device=device)
    wanted = list(rows)
    try:
        for done, row in enumerate(wanted):
            progress(done, len(wanted))
            try:
                film = film_of(row)
            except FilmError as error:
                yield row, error
                continue
            yield row, FilmAnalysis(film, registry, runner, options=Options(explain=False))
        progress(len(wanted), len(wanted))
    finally:
        runner.close()
