"""Results as JSON, held to ``report.schema.json``; the other formats are made from this one."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from cxrdesk import DISCLAIMER, __version__
from cxrdesk.api import FINDINGS, STRUCTURES, DetectorSpec, Evidence, OperatingPoint, Radiograph, SegmenterSpec
from cxrdesk.api.spec import NEGATIVE_SENTENCE, view_name
from cxrdesk.imaging.maps import outlines
from cxrdesk.inference.result import (
    Call,
    DetectorResult,
    FindingResult,
    MaskResult,
    Question,
    Reason,
    SaliencyResult,
    Status,
)

FORMAT = 1
SCHEMA = Path(__file__).parent / "report.schema.json"
IDENTITY = (
    "No name, identifier or date of a patient is taken from the films."
    " Paths of files and the reader's impression stand as they were given."
)
"""Said in every report."""


def film_entry(
    film: Radiograph,
    *,
    path: str,
    masks: Sequence[MaskResult] = (),
    detectors: Sequence[DetectorResult] = (),
    impression: str | None = None,
    answered: frozenset[Question] = frozenset(),
    prevalence: Mapping[str, float] | None = None,
    picture: str | None = None,
) -> dict[str, Any]:
    """One film with its results, as JSON types.

    Parameters
    ----------
    path : str
        The file as it was given.
    impression : str or None
        What the reader committed before seeing a score.
    answered : frozenset of {"age", "view"}
        What the reader said because the film does not.
    prevalence : mapping of float
        Finding key to the clinic's own prevalence, 0..1; predictive values are given for these findings alone.
    picture : str or None
        Name of the film's picture beside the report.

    Raises
    ------
    ValueError
        If a result is not this film's.
    """
    for mask in masks:
        if mask.film != film.digest:
            raise ValueError(f"the outline of {mask.spec.id} is another film's")
    for result in detectors:
        if film.digest not in result.films:
            raise ValueError(f"the result of {result.spec.id} is another film's")
    return {
        "path": path,
        "sha256": film.digest,
        "source": film.source,
        "simulated": film.source == "phantom",
        "modality": film.modality,
        "view": {
            "name": view_name(film.view),
            "body_part": film.view.body_part,
            "projection": film.view.projection.value if film.view.projection is not None else None,
            "view_position": film.view_position,
            "stated_by": _stated_by("view", film.view.body_part, answered),
        },
        "patient_age": {
            "years": film.patient_age_years,
            "stated_by": _stated_by("age", film.patient_age_years, answered),
        },
        "rows": film.shape[0],
        "cols": film.shape[1],
        "pixel_spacing_mm": list(film.pixel_spacing_mm) if film.pixel_spacing_mm is not None else None,
        "spacing_source": film.spacing_source,
        "notes": list(film.notes),
        "impression": impression,
        "picture": picture,
        "masks": [_mask(mask, film.shape) for mask in masks],
        "detectors": [_detector(result, prevalence or {}) for result in detectors],
    }


def failure_entry(path: str, code: str, text: str) -> dict[str, str]:
    """A file or folder without a film, and why."""
    return {"path": path, "code": code, "text": text}


def plugin_failure_entry(*, name: str, distribution: str, version: str, code: str, reason: str) -> dict[str, str]:
    """An installed plugin that could not be used, and why: what it would have found is missing from the report."""
    return {"name": name, "distribution": distribution, "version": version, "code": code, "reason": reason}


def report(
    films: Sequence[Mapping[str, Any]],
    *,
    failures: Sequence[Mapping[str, str]] = (),
    plugin_failures: Sequence[Mapping[str, str]] = (),
    created: datetime | None = None,
) -> dict[str, Any]:
    """Put entries together.

    Parameters
    ----------
    films : sequence of mapping
        Of `film_entry`.
    failures : sequence of mapping
        Of `failure_entry`.
    plugin_failures : sequence of mapping
        Of `plugin_failure_entry`.
    created : datetime, optional
        With a time zone; now where not given.
    """
    return {
        "format": FORMAT,
        "disclaimer": DISCLAIMER,
        "cxrdesk": __version__,
        "created": (created or datetime.now(UTC)).isoformat(timespec="seconds"),
        "identity": {"included": False, "text": IDENTITY},
        "films": list(films),
        "failures": list(failures),
        "plugin_failures": list(plugin_failures),
    }


def to_text(content: Mapping[str, Any]) -> str:
    """The report as JSON text, ASCII only, ended by a line break.

    Raises
    ------
    jsonschema.ValidationError
        If it breaks the schema: a fault of ours, never the user's.
    """
    _validator().validate(content)
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def write_json(content: Mapping[str, Any], path: Path) -> None:
    """Write a report; raises as `to_text`, and OSError."""
    path.write_text(to_text(content), encoding="ascii", newline="\n")


def schema() -> dict[str, Any]:
    """The published schema, JSON Schema 2020-12."""
    loaded: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return loaded


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def _stated_by(what: Question, value: object, answered: frozenset[Question]) -> str | None:
    if what in answered:
        return "reader"
    return None if value is None else "film"


def _spec(spec: DetectorSpec | SegmenterSpec) -> dict[str, Any]:
    measured = spec.evidence in (Evidence.INTERNAL, Evidence.EXTERNAL)
    return {
        "id": spec.id,
        "version": spec.version,
        "name": spec.name,
        "looks_for": spec.looks_for,
        "evidence": {
            "level": spec.evidence.value,
            "text": spec.evidence.sentence,
            "claimed_by": "publisher" if measured else None,
        },
        "trained_on": spec.trained_on,
        "licence": spec.licence,
        "weights_sha256": spec.weights_sha256,
    }


def _reasons(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    return [asdict(reason) for reason in reasons]


def _mask(result: MaskResult, shape: tuple[int, int]) -> dict[str, Any]:
    lines = [] if result.mask is None else outlines(result.mask.values, shape)
    return {
        **_spec(result.spec),
        "structure": result.spec.structure,
        "structure_name": STRUCTURES[result.spec.structure].name,
        "dice": {group: asdict(estimate) for group, estimate in result.spec.dice.items()},
        "status": result.status.value,
        "reasons": _reasons(result.reasons),
        # Measured even where the outline was not believed and so not used.
        "area_share": result.area_share if result.status is Status.DONE or result.area_share > 0 else None,
        "outlines": [[[round(float(x), 1), round(float(y), 1)] for x, y in line] for line in lines],
        "device": result.device or None,
        "engine": result.engine or None,
        "seconds": round(result.seconds_s, 4),
    }


def _detector(result: DetectorResult, prevalence: Mapping[str, float]) -> dict[str, Any]:
    done = [_finding(found, result.spec, prevalence.get(found.finding)) for found in result.findings]
    return {
        **_spec(result.spec),
        "negative": NEGATIVE_SENTENCE,
        "status": result.status.value,
        "reasons": _reasons(result.reasons),
        "films": list(result.films),
        "device": result.device or None,
        "engine": result.engine or None,
        "seconds": round(result.seconds_s, 4),
        "findings": done or [_not_run(finding) for finding in result.spec.findings],
    }


def _not_run(finding: str) -> dict[str, Any]:
    return {
        **_term(finding),
        "probability": None,
        "operating_point": None,
        "call": Call.NOT_RUN.value,
        "reasons": [],
        "predictive_values": None,
        "saliency": [],
    }


def _term(finding: str) -> dict[str, Any]:
    return {"finding": finding, "name": FINDINGS[finding].name, "snomed_ct": FINDINGS[finding].snomed_ct}


def _finding(found: FindingResult, spec: DetectorSpec, prevalence: float | None) -> dict[str, Any]:
    calibration = spec.calibration.get(found.finding)
    return {
        **_term(found.finding),
        "probability": {
            "raw": found.raw,
            "calibrated": None if found.calibration == "none" else found.probability,
            "calibration": found.calibration,
            "fitted_on": calibration.fitted_on if calibration is not None else "",
        },
        "operating_point": None if found.operating_point is None else _point(found.operating_point),
        "call": found.call.value,
        "reasons": _reasons(found.reasons),
        "predictive_values": _predictive(found, prevalence),
        "saliency": [_saliency(item, spec) for item in found.saliency],
    }


def _point(point: OperatingPoint) -> dict[str, Any]:
    return {
        "name": point.name,
        "threshold": point.threshold,
        "aim": point.aim,
        "sensitivity": None if point.sensitivity is None else asdict(point.sensitivity),
        "specificity": None if point.specificity is None else asdict(point.specificity),
        "measured_on": point.measured_on,
    }


def _predictive(found: FindingResult, prevalence: float | None) -> dict[str, Any] | None:
    """Only where the clinic entered a prevalence that leaves something to predict, and a call was made."""
    if prevalence is None or not 0 < prevalence < 1 or found.operating_point is None:
        return None
    positive, negative = found.operating_point.predictive_values(prevalence)
    if math.isnan(positive) and math.isnan(negative):
        return None
    return {
        "prevalence": prevalence,
        "positive": None if math.isnan(positive) else positive,
        "negative": None if math.isnan(negative) else negative,
    }


def _saliency(item: SaliencyResult, spec: DetectorSpec) -> dict[str, Any]:
    peak = float(np.max(item.map.values))
    return {
        "film": item.map.film,
        "method": spec.saliency.method if spec.saliency is not None else "",
        "reference": item.reference,
        "peak": peak,
        "peak_share_of_reference": peak / item.reference if item.reference else None,
        "lung_share": item.lung_share,
    }
