"""Lobar consolidation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from cxrdesk.imaging.phantom.body import Side
from cxrdesk.imaging.phantom.findings.base import Finding, Lobe, Lung, Mask
from cxrdesk.imaging.phantom.findings.lobes import lobe_share
from cxrdesk.imaging.phantom.grid import Map
from cxrdesk.imaging.phantom.texture import fractal


@dataclass(frozen=True, kw_only=True)
class Consolidation(Finding):
    """A lobe whose air is replaced by exudate, sharp at its fissure, with open bronchi in it.

    Homogeneous, obscures vessels and airway walls, air bronchogram, no loss of volume (Hansell et al., Radiology 246
    (2008) 697, "consolidation", "air bronchogram"). That a border vanishes only where the filled lobe touches it
    (Felson's silhouette sign) follows from the lobes' places.

    Parameters
    ----------
    side : {"right", "left"}
    lobe : {"upper", "middle", "lower"}
        The left lung's middle one is the lingula.
    severity : float
        How much of the lobe is filled, and how densely.
    """

    name: ClassVar[str] = "consolidation"

    side: Side = "right"
    lobe: Lobe = "lower"
    severity: float = 0.6

    def filled(self, lung: Lung, rng: np.random.Generator) -> Map:
        """Share of each ray's air replaced."""
        size = lung.body.habitus.half_width_mm
        ragged = fractal(lung.grid, rng, coarse_mm=0.5 * size, octaves=3)
        patchy = fractal(lung.grid, rng, coarse_mm=0.12 * size, octaves=3)
        spread = 0.5 + 0.5 * np.tanh((2.2 * self.severity - 0.55 + 0.4 * ragged) / 0.4)
        dense = (0.55 + 0.42 * self.severity) * (1 + 0.04 * patchy)
        return np.asarray(np.clip(lobe_share(lung, self.lobe) * spread * dense, 0, 1), np.float32)

    def mask(self, lung: Lung, filled: Map | None) -> Mask:
        """Truth: where at least a quarter of the air on the ray is replaced, inside that lung."""
        if filled is None:
            return np.zeros(lung.grid.shape, bool)
        return (filled >= 0.25) & lung.outline
