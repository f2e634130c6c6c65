"""What an evaluation found, as JSON types held to ``report.schema.json``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from cxrdesk import DISCLAIMER, __version__
from cxrdesk.api.spec import DetectorSpec
from cxrdesk.api.terms import FINDINGS
from cxrdesk.evaluation.comparisons import compared, published_auc
from cxrdesk.evaluation.curves import average_precision, precision_recall, reliability, roc
from cxrdesk.evaluation.decision import THRESHOLDS, net_benefit, net_benefit_of_all
from cxrdesk.evaluation.delong import other_films
from cxrdesk.evaluation.film_sets import FilmSet
from cxrdesk.evaluation.intervals import by_patient, too_few
from cxrdesk.evaluation.metrics import Labels, Probabilities, auc, calibration_error
from cxrdesk.evaluation.points import point_figures
from cxrdesk.evaluation.run import Answer
from cxrdesk.evaluation.subgroups import subgroups
from cxrdesk.inference.pipeline import Options

FORMAT = 1
SCHEMA = Path(__file__).parent / "report.schema.json"
GALLERY = 8
"""Films of each kind of error that are shown."""
ABSENT = "0.5"
"""Name of the threshold where a bundle has no operating point."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A detector with its answers.

    Parameters
    ----------
    name : str
        As it was asked for: an id, or a bundle's path.
    manifest : dict
        The bundle's; empty where there is none.
    films : FilmSet
        As `cxrdesk.evaluation.film_sets.seen` gives it.
    answers : list of Answer
    """

    name: str
    spec: DetectorSpec
    manifest: dict[str, Any]
    films: FilmSet
    answers: list[Answer]


def content(
    measured: Sequence[Measured],
    *,
    failures: Sequence[Mapping[str, str]] = (),
    saliency: Sequence[Mapping[str, Any]] = (),
    created: datetime | None = None,
) -> dict[str, Any]:
    """Everything that the report says.

    Parameters
    ----------
    failures : sequence of mapping
        ``name``, ``code`` and ``text`` of what was asked for and is not in the report.
    saliency : sequence of mapping
        Audits, of `cxrdesk.evaluation.saliency.figures.figures`.
    created : datetime, optional
        With a time zone; now where not given.
    """
    return {
        "format": FORMAT,
        "disclaimer": DISCLAIMER,
        "cxrdesk": __version__,
        "torch": _version_of("torch"),
        "created": (created or datetime.now(UTC)).isoformat(timespec="seconds"),
        "detectors": [_detector(item) for item in measured],
        "comparisons": _comparisons(measured),
        "saliency": [dict(audit) for audit in saliency],
        "failures": [dict(failure) for failure in failures],
    }


def to_text(report: Mapping[str, Any]) -> str:
    """The report as JSON text, ASCII only, ended by a line break.

    Raises
    ------
    jsonschema.ValidationError
        If it breaks the schema: a fault of ours, never the user's.
    """
    _validator().validate(report)
    return json.dumps(report, indent=1, allow_nan=False) + "\n"


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _version_of(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _detector(item: Measured) -> dict[str, Any]:
    spec = item.spec
    return {
        "name": item.name,
        "id": spec.id,
        "version": spec.version,
        "title": spec.name,
        "evidence": {"level": spec.evidence.value, "text": spec.evidence.sentence},
        "weights_sha256": spec.weights_sha256,
        "trained_on": spec.trained_on,
        "films": {
            "name": item.films.name,
            "dataset": item.films.dataset,
            "external": item.films.external,
            "simulated": item.films.simulated,
        },
        "counts": _counts(item),
        "findings": [_finding(item, finding) for finding in spec.findings],
    }


def _counts(item: Measured) -> dict[str, Any]:
    done = [answer for answer in item.answers if answer.status == "done"]
    lost = [(item.films.ref(a.row), a) for a in item.answers if a.status != "done"]
    reasons = Counter((answer.status, answer.code) for _, answer in lost)
    return {
        "films": len(item.answers),
        "companions": sum(len(answer.companions) for answer in item.answers),
        "patients": _patients(item.answers),
        "scored": len(done),
        "scored_patients": _patients(done),
        "reasons": [
            {
                "status": status,
                "code": code,
                "films": count,
                "patients": _patients([a for _, a in lost if (a.status, a.code) == (status, code)]),
            }
            for (status, code), count in sorted(reasons.items())
        ],
        "not_scored": [{"film": ref, "status": answer.status, "code": answer.code} for ref, answer in lost],
    }


def _patients(answers: Sequence[Answer]) -> int:
    return len({answer.row.patient for answer in answers})


def default_point(spec: DetectorSpec, finding: str) -> tuple[str, float]:
    """Name and threshold of the operating point that the viewer begins with."""
    points = {point.name: point.threshold for point in spec.operating_points if point.finding == finding}
    if not points:
        return ABSENT, 0.5
    usual = Options().operating_point
    return (usual, points[usual]) if usual in points else next(iter(points.items()))


def _finding(item: Measured, finding: str) -> dict[str, Any]:
    kept = [(item.films.ref(a.row), a) for a in item.answers if a.status == "done" and finding in a.row.labels]
    answers = [answer for _, answer in kept]
    positives = sum(answer.row.labels[finding] for answer in answers)
    calibration = item.spec.calibration.get(finding)
    about = {
        "finding": finding,
        "name": FINDINGS[finding].name,
        "films": len(kept),
        "patients": _patients(answers),
        "positives": positives,
        "prevalence": positives / len(kept) if kept else None,
        "calibration": calibration.method if calibration is not None else "none",
        "default_point": default_point(item.spec, finding)[0],
        "no_call": sorted({code for answer in answers for code in answer.no_call.get(finding, ())}),
    }
    if problem := _problem(item, finding, answers, positives):
        return about | {"problem": problem, "figures": None}
    return about | {"problem": None, "figures": _figures(item, finding, kept)}


def _problem(item: Measured, finding: str, answers: list[Answer], positives: int) -> dict[str, str] | None:
    films = len(answers)
    if not any(finding in answer.row.labels for answer in item.answers):
        return {"code": "no-labels", "text": f"The data set has no labels of {finding}: nothing can be measured."}
    if not films:
        return {"code": "no-films", "text": "Not one film was scored: nothing can be measured."}
    if not 0 < positives < films:
        text = f"{positives} of {films} films have the finding; figures need films with it and without."
        return {"code": "one-class", "text": text}
    if lacking := too_few(positives, films - positives, _patients(answers)):
        return {"code": "too-small", "text": f"The set is {lacking}."}
    return None


def _figures(item: Measured, finding: str, kept: list[tuple[str, Answer]]) -> dict[str, Any]:
    spec, answers = item.spec, [answer for _, answer in kept]
    labels = np.array([answer.row.labels[finding] for answer in answers], np.int64)
    p = np.array([answer.probability[finding] for answer in answers], np.float64)
    patients = [answer.row.patient for answer in answers]
    points = {point.name: point.threshold for point in spec.operating_points if point.finding == finding}
    area = by_patient(lambda i: auc(labels[i], p[i]), patients)
    threshold = default_point(spec, finding)[1]
    return {
        "auc": asdict(area),
        "average_precision": asdict(by_patient(lambda i: average_precision(labels[i], p[i]), patients)),
        "brier": asdict(by_patient(lambda i: float(np.mean((p[i] - labels[i]) ** 2)), patients)),
        "calibration_error": asdict(by_patient(lambda i: calibration_error(labels[i], p[i]), patients)),
        "points": [
            {"name": name, "threshold": value} | asdict(point_figures(labels, p, patients, value))
            for name, value in (points or {ABSENT: 0.5}).items()
        ],
        "roc": asdict(roc(labels, p)),
        "precision_recall": asdict(precision_recall(labels, p)),
        "reliability": [asdict(item) for item in reliability(labels, p)],
        "decision": {
            "threshold": THRESHOLDS.tolist(),
            "score": net_benefit(labels, p).tolist(),
            "all": net_benefit_of_all(float(labels.mean())).tolist(),
        },
        "subgroups": [asdict(group) for group in subgroups(answers, labels, p, threshold)],
        "failures": _failures([ref for ref, _ in kept], labels, p, threshold),
        "drop": _drop(item, finding, area),
    }


def _failures(refs: Sequence[str], labels: Labels, p: Probabilities, threshold: float) -> list[dict[str, Any]]:
    """The films furthest on the wrong side of the threshold, worst first."""
    made: list[dict[str, Any]] = []
    for kind, wrong, order in (
        ("false positive", (labels == 0) & (p >= threshold), -p),
        ("false negative", (labels == 1) & (p < threshold), p),
    ):
        places = np.flatnonzero(wrong)
        worst = places[np.argsort(order[places], kind="stable")][:GALLERY]
        made += [
            {"kind": kind, "film": refs[k], "probability": float(p[k]), "threshold": threshold, "of": len(places)}
            for k in worst
        ]
    return made


def _drop(item: Measured, finding: str, area: Any) -> dict[str, Any] | None:
    """What the bundle's own figure loses on another site's films; None where an interval has no width to go by."""
    published = published_auc(item.manifest, finding)
    if not item.films.external or published is None or area.low == area.high or published.low == published.high:
        return None
    return {"published": asdict(published), **asdict(other_films(published, area))}


def _comparisons(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    made = []
    for first, second in combinations(measured, 2):
        for finding in first.spec.findings:
            if finding in second.spec.findings:
                told = compared(finding, first.answers, second.answers)
                made.append({"finding": finding, "first": first.name, "second": second.name, **told})
    return made
