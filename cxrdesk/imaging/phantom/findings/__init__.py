"""Findings that a phantom can show, each a change of the body's solids with its true mask."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from cxrdesk.imaging.phantom.findings.base import Finding, Lung
from cxrdesk.imaging.phantom.findings.consolidation import Consolidation
from cxrdesk.imaging.phantom.findings.heart import Cardiomegaly, Edema
from cxrdesk.imaging.phantom.findings.opacity import Opacity
from cxrdesk.imaging.phantom.findings.pleural import Effusion, Pneumothorax
from cxrdesk.imaging.phantom.findings.volume import Atelectasis, Hyperinflation

FINDINGS: dict[str, type[Finding]] = {
    kind.name: kind
    for kind in (
        Opacity,
        Consolidation,
        Effusion,
        Cardiomegaly,
        Edema,
        Atelectasis,
        Pneumothorax,
        Hyperinflation,
    )
}
"""Findings of the chest by name."""

_CHOICES: dict[str, tuple[object, ...]] = {
    "side": ("right", "left"),
    "zone": ("upper", "middle", "lower"),
    "lobe": ("upper", "middle", "lower"),
    "form": ("lower lobe", "upper lobe", "plate"),
}


def drawn_finding(name: str, severity: float, rng: np.random.Generator) -> Finding:
    """A finding of that name and severity with side, lobe and the like drawn at random.

    Raises
    ------
    KeyError
        Where there is no finding of that name.
    """
    kind: type[Any] = FINDINGS[name]
    chosen = {
        item.name: _CHOICES[item.name][int(rng.integers(len(_CHOICES[item.name])))]
        for item in fields(kind)
        if item.name in _CHOICES
    }
    made: Finding = kind(severity=severity, **chosen)
    return made


__all__ = [
    "FINDINGS",
    "Atelectasis",
    "Cardiomegaly",
    "Consolidation",
    "Edema",
    "Effusion",
    "Finding",
    "Hyperinflation",
    "Lung",
    "Opacity",
    "Pneumothorax",
    "drawn_finding",
]
