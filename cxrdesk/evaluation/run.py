"""Runs detectors and segmenters over data sets exactly as the viewer does, gate included."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import Detector
from cxrdesk.api.spec import DetectorSpec, FilmScope, SegmenterSpec
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.metrics import dice
from cxrdesk.evaluation.surfaces import hausdorff
from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.imaging.radiograph import Projection, Radiograph, View
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.result import DetectorResult, MaskResult, Status
from cxrdesk.inference.runners import LocalRunner

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The answer for every finding of a detector on one film, or on the films of one study that were seen together.

    Parameters
    ----------
    row : Row
        The film; of a study the frontal one, with a label 1 where any of its films has that.
    companions : tuple of Row
        The study's other films.
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
    simulated : bool
        Whether a film of it says that a simulator computed it.
    """

    row: Row
    companions: tuple[Row, ...] = ()
    status: Literal["done", "refused", "failed", "unreadable"]
    code: str = ""
    raw: dict[str, float] = field(default_factory=dict)
    probability: dict[str, float] = field(default_factory=dict)
    no_call: dict[str, tuple[str, ...]] = field(default_factory=dict)
    view: View = field(default_factory=View)
    age_years: float | None = None
    sex: str | None = None
    simulated: bool = False


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
    """One film's outline against the drawn mask.

    Parameters
    ----------
    dice : float or None
        Dice coefficient; None where the film was refused or failed.
    hd95_mm : float or None
        `cxrdesk.evaluation.surfaces.hausdorff`; None where the film tells no spacing, or a mask is empty.
    simulated : bool
        Whether the film says that it was computed by a simulator.
    """

    row: Row
    dice: float | None = None
    hd95_mm: float | None = None
    reason: str = ""
    simulated: bool = False


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
    """Run a detector over films, each once; a film that cannot be read is counted like one that is refused.

    A detector that takes several films is given those of one study together: one answer for each study, and one for
    each film that cannot be read.
    """
    made = []
    for (row, *companions), analysis in analyses(registry, studies(rows, spec.scope), device, progress, spec.scope):
        if isinstance(analysis, FilmError):
            made.append(Answer(row=row, status="unreadable", code=analysis.code, age_years=row.age_years, sex=row.sex))
            continue
        result, film = analysis.detect(spec), analysis.film
        done = result.status is Status.DONE
        made.append(
            Answer(
                row=_labelled_together(row, companions),
                companions=tuple(companions),
                status="done" if done else "refused" if result.status is Status.REFUSED else "failed",
                code="" if done else _code(result),
                raw={found.finding: found.raw for found in result.findings},
                probability={found.finding: found.probability for found in result.findings},
                no_call={found.finding: tuple(r.code for r in found.reasons) for found in result.findings},
                view=film.view,
                age_years=film.patient_age_years,
                sex=row.sex or film.patient_sex,
                simulated=any(seen.source == "phantom" for seen in (film, *analysis.companions)),
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
    for (row,), analysis in analyses(registry, [[row] for row in rows], device, progress, spec.scope):
        if isinstance(analysis, FilmError):
            outlined.append(Outlined(row=row, reason=analysis.code))
            continue
        result, simulated = analysis.segment(spec), analysis.film.source == "phantom"
        if result.mask is None:
            outlined.append(Outlined(row=row, reason=_code(result), simulated=simulated))
            continue
        truth = cv2.imread(str(row.mask), cv2.IMREAD_GRAYSCALE)
        if truth is None:
            raise UserError("bad-mask", f"the lung mask {row.mask} cannot be read as a picture")
        values = cv2.resize(result.mask.values, (truth.shape[1], truth.shape[0]), interpolation=cv2.INTER_LINEAR)
        masks = values >= 0.5, np.asarray(truth) > 127
        apart = _apart(*masks, analysis.film)
        outlined.append(Outlined(row=row, dice=dice(*masks), hd95_mm=apart, simulated=simulated))
    return outlined


def _apart(mask: NDArray[np.bool_], truth: NDArray[np.bool_], film: Radiograph) -> float | None:
    if film.pixel_spacing_mm is None:
        return None
    of = film.pixels.shape
    down, across = film.pixel_spacing_mm
    found = hausdorff(mask, truth, (down * of[0] / truth.shape[0], across * of[1] / truth.shape[1]))
    return None if np.isnan(found) else found


def studies(rows: Iterable[Row], scope: FilmScope) -> list[list[Row]]:
    """Films of one study together, in the order of the studies' first films; each alone where the model takes one."""
    together: dict[object, list[Row]] = {}
    for row in rows:
        key = (row.dataset, row.patient, row.study) if row.study and scope.films[1] > 1 else row.path
        together.setdefault(key, []).append(row)
    return list(together.values())


def _labelled_together(row: Row, companions: Iterable[Row]) -> Row:
    labels = dict(row.labels)
    for other in companions:
        for finding, label in other.labels.items():
            labels[finding] = max(label, labels.get(finding, 0))
    return row if labels == row.labels else replace(row, labels=labels)


def analyses(
    registry: Registry,
    studies: list[list[Row]],
    device: str,
    progress: Progress,
    scope: FilmScope,
    *,
    explain: bool = False,
) -> Iterator[tuple[list[Row], FilmAnalysis | FilmError]]:
    """Each study with its rows, the film that is shown first; each film that cannot be read for itself."""
    runner = LocalRunner(registry, device=device)
    done, of = 0, sum(len(rows) for rows in studies)
    # The next study is read while one is computed.
    with ThreadPoolExecutor(1, "films") as reader:
        try:
            coming = deque(reader.submit(_read, rows) for rows in studies[:1])
            for number, rows in enumerate(studies):
                progress(done, of)
                done += len(rows)
                coming.extend(reader.submit(_read, following) for following in studies[number + 1 : number + 2])
                films, unread = coming.popleft().result()
                yield from unread
                if not films:
                    continue
                films.sort(key=lambda pair: _rank(pair[1].view, scope))
                shown, *others = [film for _, film in films]
                options = Options(explain=explain)
                analysis = FilmAnalysis(shown, registry, runner, companions=others, options=options)
                yield [row for row, _ in films], analysis
            progress(of, of)
        finally:
            runner.close()


def _read(rows: list[Row]) -> tuple[list[tuple[Row, Radiograph]], list[tuple[list[Row], FilmError]]]:
    films, unread = [], []
    for row in rows:
        try:
            films.append((row, film_of(row)))
        except FilmError as error:
            unread.append(([row], error))
    return films, unread


def _rank(view: View, scope: FilmScope) -> tuple[bool, bool]:
    """Lowest for a frontal film that the model takes."""
    return not scope.admits(view), view.projection not in (Projection.AP, Projection.PA, Projection.FRONTAL)
