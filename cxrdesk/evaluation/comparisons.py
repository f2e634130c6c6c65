"""Detectors side by side, and against what their bundles say of themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from cxrdesk.api.evidence import Estimate
from cxrdesk.evaluation.delong import same_films
from cxrdesk.evaluation.intervals import by_patient
from cxrdesk.evaluation.metrics import auc
from cxrdesk.evaluation.run import Answer
from cxrdesk.imaging.errors import UserError


def compared(finding: str, first: Sequence[Answer], second: Sequence[Answer]) -> dict[str, Any]:
    """Two detectors' areas under the curve over the films that both scored.

    DeLong's test takes films as independent; where a patient has several, the interval of a bootstrap over patients
    beside it is the one to go by.

    Returns
    -------
    dict
        ``films``, ``patients``; ``first_auc`` and ``second_auc``; ``difference``, an `AucDifference`; ``by_patient``
        with ``low`` and ``high``. ``problem`` says why the rest is None where there is nothing to compare.
    """
    others = {answer.row.path: answer for answer in second if answer.status == "done"}
    pairs = [
        (answer, others[answer.row.path])
        for answer in first
        if answer.status == "done" and answer.row.path in others and finding in answer.row.labels
    ]
    labels = np.array([a.row.labels[finding] for a, _ in pairs], np.int64)
    patients = [a.row.patient for a, _ in pairs]
    counted = {"films": len(pairs), "patients": len(set(patients))}
    nothing = {"first_auc": None, "second_auc": None, "difference": None, "by_patient": None}
    if not pairs:
        return counted | nothing | {"problem": "no film was scored by both"}
    a = np.array([x.probability[finding] for x, _ in pairs])
    b = np.array([x.probability[finding] for _, x in pairs])
    try:
        area_a, area_b, difference = same_films(labels, a, b)
    except UserError as error:
        return counted | nothing | {"problem": error.text}
    # An estimate holds shares, and a difference lies within -1..1.
    half = by_patient(lambda i: (auc(labels[i], a[i]) - auc(labels[i], b[i]) + 1) / 2, patients)
    return counted | {
        "first_auc": area_a,
        "second_auc": area_b,
        "difference": asdict(difference),
        "by_patient": {"low": 2 * half.low - 1, "high": 2 * half.high - 1},
        "problem": None,
    }


def published_auc(manifest: dict[str, Any], finding: str) -> Estimate | None:
    """The area that a bundle's own evaluation table has for a finding; None where no such table is understood."""
    for table in _tables(manifest.get("evaluation", {}).get("table")):
        if table.get("finding") == finding:
            for point in table.get("points", {}).values():
                if isinstance(told := point.get("auc"), dict) and set(told) == {"value", "low", "high", "n"}:
                    return Estimate(**told)
    return None


def _tables(told: Any) -> Iterator[dict[str, Any]]:
    """One table or several, as recipes write them."""
    yield from told if isinstance(told, list) else [told] if isinstance(told, dict) else []
