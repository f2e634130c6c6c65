"""An audit as the report tells it: means with their 95 % intervals, as JSON types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from cxrdesk.api.saliency import METHODS, SCORE_CAM_CHANNELS
from cxrdesk.api.terms import FINDINGS
from cxrdesk.evaluation.intervals import by_patient
from cxrdesk.evaluation.report.content import default_point
from cxrdesk.evaluation.saliency import measures
from cxrdesk.evaluation.saliency.audit import NOISE, PERTURBED, RANDOMISED
from cxrdesk.evaluation.saliency.found import Alike, Audit, Changed, Seen

RANDOM_BELOW = 0.5
"""A map depends on the weights where its mean rank correlation with that of a wholly random network stays below."""


def figures(name: str, found: Audit) -> dict[str, Any]:
    """What an audit found, as ``report.schema.json`` holds it.

    Parameters
    ----------
    name : str
        What the detector was asked for by.
    """
    spec, first = found.spec, found.methods[found.used]
    lost = [{"status": status, "code": code, "films": n} for (status, code), n in sorted(first.lost.items())]
    return {
        "name": name,
        "id": spec.id,
        "version": spec.version,
        "weights_sha256": spec.weights_sha256,
        "films": {
            "name": found.truth.name,
            "listed": found.studies,
            "explained": found.studies - sum(first.lost.values()),
            "simulated": found.simulated,
            "reasons": lost,
        },
        "used": found.used,
        "settings": {
            "tolerance": measures.TOLERANCE,
            "steps": measures.STEPS,
            "blur": measures.BLUR,
            "perturbed_films": PERTURBED,
            "randomised_films": RANDOMISED,
            "random_below": RANDOM_BELOW,
            "score_cam_channels": SCORE_CAM_CHANNELS,
        },
        "findings": [_finding(found, finding) for finding in spec.findings],
        "similarity": [line for key, explained in found.methods.items() for line in _similarity(key, explained.alike)],
    }


def _name(found: Audit, key: str) -> str:
    if key == NOISE:
        return "Noise"
    if key in METHODS:
        return METHODS[key].name
    return found.spec.saliency.method if found.spec.saliency is not None else key


def _finding(found: Audit, finding: str) -> dict[str, Any]:
    regions = Counter(item.region for item in found.methods[found.used].seen.get(finding, []))
    return {
        "finding": finding,
        "name": FINDINGS[finding].name,
        "regions": dict(sorted(regions.items())),
        "threshold": default_point(found.spec, finding)[1],
        "methods": [_method(found, key, finding) for key in found.methods],
    }


def _method(found: Audit, key: str, finding: str) -> dict[str, Any]:
    explained = found.methods[key]
    about: dict[str, Any] = {"method": key, "name": _name(found, key)}
    if explained.problem is not None:
        code, text = explained.problem
        return about | {"problem": {"code": code, "text": text}, "figures": None}
    seen = explained.seen.get(finding)
    if not seen:
        text = f"No explained film has a true region of {finding}."
        return about | {"problem": {"code": "no-films", "text": text}, "figures": None}
    threshold = default_point(found.spec, finding)[1]
    told = _figures(seen) | {
        "called": _called([item for item in seen if item.probability >= threshold]),
        "randomisation": _randomisation(explained.changed.get(finding, [])),
    }
    return about | {"problem": None, "figures": told}


def _figures(seen: Sequence[Seen]) -> dict[str, Any]:
    asked = [(item, item.perturbed) for item in seen if item.perturbed is not None]
    films = [item for item, _ in asked]
    inside = [item for item in seen if item.lungs is not None]
    return {
        "films": len(seen),
        "patients": len({item.patient for item in seen}),
        "empty": sum(item.empty for item in seen),
        "area": _mean(seen, [item.area for item in seen]),
        **_located(seen),
        "lungs": _mean(inside, [item.lungs for item in inside]),
        "deletion": _mean(films, [told.deletion for _, told in asked]),
        "insertion": _mean(films, [told.insertion for _, told in asked]),
        "score": _mean(films, [told.whole for _, told in asked]),
        "score_blurred": _mean(films, [told.filled for _, told in asked]),
    }


def _located(seen: Sequence[Seen]) -> dict[str, Any]:
    return {
        "pointing": _mean(seen, [item.miss == 0 for item in seen]),
        "pointing_tolerant": _mean(seen, [item.miss <= measures.TOLERANCE for item in seen]),
        "energy": _mean(seen, [item.energy for item in seen]),
        "overlap": _mean(seen, [item.overlap for item in seen]),
    }


def _called(seen: Sequence[Seen]) -> dict[str, Any] | None:
    """Of the films that the detector calls positive: on the others it may not have seen the finding at all."""
    return {"films": len(seen), **_located(seen)} if seen else None


def _randomisation(changed: Sequence[Changed]) -> dict[str, Any] | None:
    if not changed:
        return None
    stages = []
    for stage in dict.fromkeys(item.stage for item in changed):
        of = [item for item in changed if item.stage == stage]
        ranks, alike = [item.rank_correlation for item in of], [item.similarity for item in of]
        stages.append({"stage": stage, "rank_correlation": _signed(of, ranks), "similarity": _signed(of, alike)})
    last: Any = stages[-1]["rank_correlation"]
    return {"stages": stages, "depends": last["value"] < RANDOM_BELOW}


def _similarity(method: str, alike: Sequence[Alike]) -> list[dict[str, Any]]:
    made = []
    for first, second in dict.fromkeys((item.first, item.second) for item in alike):
        of = [item for item in alike if (item.first, item.second) == (first, second)]
        told = _signed(of, [item.correlation for item in of])
        made.append({"method": method, "first": first, "second": second, "correlation": told})
    return made


def _mean(of: Sequence[Any], values: Sequence[Any]) -> dict[str, Any] | None:
    """Mean of shares 0..1 with its interval by patient; None of nothing."""
    if not of:
        return None
    known = np.asarray(values, np.float64)
    return asdict(by_patient(lambda i: float(known[i].mean()), [item.patient for item in of]))


def _signed(of: Sequence[Any], values: Sequence[float]) -> dict[str, Any]:
    """As `_mean`, of correlations, -1..1."""
    told = _mean(of, [(value + 1) / 2 for value in values])
    assert told is not None
    return {key: value if key == "n" else 2 * value - 1 for key, value in told.items()}
