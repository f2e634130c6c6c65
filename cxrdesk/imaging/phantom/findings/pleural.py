"""Fluid and air in the pleural cavity, which the lung gives room to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cxrdesk.imaging.phantom.body import Side, sign
from cxrdesk.imaging.phantom.findings.base import Finding, Lung, Mask, above_base
from cxrdesk.imaging.phantom.grid import Map
from cxrdesk.imaging.phantom.solids import Loft

_HILUM = (0.18, -0.1)
"""(u, w) that a retreating lung is held at."""
_LINE_MM = 0.9
"""Visceral pleura with what of the lung's surface is airless."""


def _held_at(lung: Lung) -> tuple[float, float]:
    h = lung.body.habitus
    return sign(lung.side) * _HILUM[0] * h.half_width_mm, _HILUM[1] * h.half_depth_mm


def _chord(loft: Loft, lung: Lung) -> Map:
    return np.asarray(2 * loft.interval(lung.grid)[1] + np.zeros(lung.grid.shape, np.float32), np.float32)


@dataclass(frozen=True, kw_only=True)
class Effusion(Finding):
    """Free fluid in an upright patient: level in the middle, climbing around the lung, the meniscus.

    The fluid surrounds the lung, and rays along the chest wall meet most of it, so the meniscus is not drawn but
    follows. About 175 to 525 ml blunt the lateral
    costophrenic angle of an upright film ("Recognition of pleural effusion on supine radiographs: how much fluid is
    required?", scilit 7dc18a33c943310a93363423c1443142).

    Parameters
    ----------
    side : {"right", "left"}
    severity : float
        0 blunts the angle; 1 fills the lower two thirds of the cavity.
    """

    name: ClassVar[str] = "effusion"

    side: Side = "left"
    severity: float = 0.6

    def room(self, lung: Lung) -> Loft:
        """Lung above the fluid, drawn inwards where fluid climbs beside it."""
        level = 0.95 - 0.55 * self.severity
        share = 1 - np.exp(-np.maximum(level - lung.v, 0) / 0.06)
        return lung.pleura.shrunk(share, _held_at(lung))

    def mask(self, lung: Lung, filled: Map | None) -> Mask:
        """Truth: where fluid makes up a third of the cavity's depth, above the dome."""
        whole = _chord(lung.pleura, lung)
        return (_chord(self.room(lung), lung) < 2 / 3 * whole) & lung.outline


@dataclass(frozen=True, kw_only=True)
class Pneumothorax(Finding):
    """Air between chest wall and lung, with the visceral pleura as a line and no vessels beyond it.

    "A visceral pleural edge is visible" (Hansell et al., Radiology 246 (2008) 697, "pneumothorax"); upright, the air
    gathers over the apex. Under 2 cm between lung and wall is small (MacDuff, Arnold, Harvey, Thorax 65 suppl 2
    (2010) ii18): reached at a severity of about 0.4 in the adult.

    Parameters
    ----------
    side : {"right", "left"}
    severity : float
        The lung's lateral edge stands off the wall by 0.4 of the cavity's width at 1.
    """

    name: ClassVar[str] = "pneumothorax"
    leaves_air: ClassVar[bool] = True

    side: Side = "right"
    severity: float = 0.6

    def room(self, lung: Lung) -> Loft:
        """The lung, smaller and below its apex."""
        top = 0.03 + 0.12 * self.severity
        cap = np.sqrt(np.clip((lung.v - top) / 0.22, 0, 1))
        share = (1 - 0.42 * self.severity - 0.02) * cap
        return lung.pleura.shrunk(share, _held_at(lung))

    def tissue(self, lung: Lung, rng: np.random.Generator) -> Map:
        """The lung's surface: thin, and seen where rays run along it."""
        inner = self.room(lung)
        there = inner.high > inner.low
        outer = replace(
            inner,
            low=inner.low - _LINE_MM,
            high=np.where(there, inner.high + _LINE_MM, inner.high).astype(np.float32),
            depth=inner.depth + np.float32(_LINE_MM),
        )
        # The lung's surface is followed down to the dome, not into the recess behind it.
        shell = np.maximum(_chord(outer, lung) - _chord(inner, lung), 0) * above_base(lung)
        return np.asarray(shell, np.float32)

    def density_scale(self) -> float:
        """The same tissue in less room."""
        return float((1 - 0.42 * self.severity) ** -1.2)

    def mask(self, lung: Lung, filled: Map | None) -> Mask:
        """Truth: beyond the pleural line, inside the cavity's outline."""
        return (_chord(self.room(lung), lung) <= 0) & lung.outline
