"""What the asthma study tells beside the usual figures: comparisons and calibration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cxrdesk.api.evidence import Calibration
from cxrdesk.evaluation.metrics import calibration_error
from reproductions.runs import Run
from reproductions.seeds import difference, paired, spread


def compared(first: Sequence[Run], second: Sequence[Run]) -> dict[str, Any]:
    """Areas of the first less those of the second, run by run on the same films, with DeLong's test of each pair."""
    report = first[0].report
    a, b = (np.stack([one.report.probabilities for one in runs]) for runs in (first, second))
    told: dict[str, Any] = difference(report.labels, a, b, report.patients)
    told["delong"] = [paired(report.labels, x, y, report.patients) for x, y in zip(a, b, strict=True)]
    means = paired(report.labels, a.mean(axis=0), b.mean(axis=0), report.patients)
    return told | {"delong_of_means": means}


def calibrated(runs: Sequence[Run], kinds: Sequence[Calibration]) -> dict[str, Any]:
    """Expected calibration error and Brier score on the report films, as scored and after each run's calibration."""
    report = runs[0].report
    raw = np.stack([one.report.probabilities for one in runs])
    mended = np.stack([[kind.apply(float(p)) for p in row] for kind, row in zip(kinds, raw, strict=True)])
    labels = report.labels
    told: dict[str, Any] = {"methods": [kind.method for kind in kinds]}
    for name, given in (("raw", raw), ("calibrated", mended)):
        told[name] = {
            "calibration_error": spread(
                lambda i, given=given: np.array([calibration_error(labels[i], row[i]) for row in given]),
                report.patients,
            ),
            "brier": spread(lambda i, given=given: ((given[:, i] - labels[i]) ** 2).mean(axis=1), report.patients),
        }
    return told
