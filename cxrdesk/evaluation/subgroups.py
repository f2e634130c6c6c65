"""Figures of parts of the films: by age, sex and view."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cxrdesk.api.evidence import Estimate
from cxrdesk.api.spec import view_name
from cxrdesk.evaluation.intervals import by_patient, proportion, too_few
from cxrdesk.evaluation.metrics import Labels, Probabilities, auc
from cxrdesk.evaluation.run import Answer

AGE_BANDS_YEARS = (0.0, 1.0, 6.0, 18.0, 40.0, 60.0, 80.0)
"""Each band reaches from one value to below the next; the last has no end."""


@dataclass(frozen=True, kw_only=True)
class Subgroup:
    """One group's figures at one operating point.

    Parameters
    ----------
    by : str
        ``"age"``, ``"sex"`` or ``"view"``.
    auc, sensitivity, specificity : Estimate or None
        None where the group is too small.
    note : str
        Says so; empty otherwise.
    """

    by: str
    group: str
    films: int
    patients: int
    positives: int
    auc: Estimate | None = None
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    note: str = ""


def age_band(years: float | None) -> str:
    """``"1 to under 6 years"``; ``"not stated"`` without an age."""
    if years is None:
        return "not stated"
    k = max(0, int(np.searchsorted(AGE_BANDS_YEARS, years, side="right")) - 1)
    if k == len(AGE_BANDS_YEARS) - 1:
        return f"{AGE_BANDS_YEARS[k]:g} years and over"
    return f"{AGE_BANDS_YEARS[k]:g} to under {AGE_BANDS_YEARS[k + 1]:g} years"


def subgroups(
    answers: Sequence[Answer], labels: Labels, probabilities: Probabilities, threshold: float
) -> list[Subgroup]:
    """Every group that the films fall into, too small ones too.

    Parameters
    ----------
    answers : sequence of Answer
        Of films that were scored, in the order of `labels`.
    threshold : float
        Of sensitivity and specificity; positive at or above it.
    """
    sexes = {"M": "male", "F": "female", "O": "other"}
    keys = {
        "age": [age_band(item.age_years) for item in answers],
        "sex": [sexes.get(item.sex or "", "not stated") for item in answers],
        "view": [view_name(item.view) or "not stated" for item in answers],
    }
    # Bands in the order of their ages, other groups by name, what is not stated last.
    bands = [age_band(first) for first in AGE_BANDS_YEARS]
    made = []
    for by, names in keys.items():
        order = {name: (name == "not stated", bands.index(name) if name in bands else 0, name) for name in names}
        for group in sorted(order, key=lambda name: order[name]):
            inside = [k for k, name in enumerate(names) if name == group]
            patients = [answers[k].row.patient for k in inside]
            made.append(_measured(by, group, labels[inside], probabilities[inside], patients, threshold))
    return made


def _measured(
    by: str, group: str, labels: Labels, probabilities: Probabilities, patients: list[str], threshold: float
) -> Subgroup:
    positives, films = int(labels.sum()), len(labels)
    counted = Subgroup(by=by, group=group, films=films, patients=len(set(patients)), positives=positives)
    if note := too_few(positives, films - positives, counted.patients):
        return replace(counted, note=note)
    calls = probabilities >= threshold
    return replace(
        counted,
        auc=by_patient(lambda i: auc(labels[i], probabilities[i]), patients),
        sensitivity=proportion(int(calls[labels == 1].sum()), positives),
        specificity=proportion(int((~calls[labels == 0]).sum()), films - positives),
    )
