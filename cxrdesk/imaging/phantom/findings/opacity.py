"""An ill-defined opacity that keeps to no lobe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from cxrdesk.imaging.phantom.body import Side, sign
from cxrdesk.imaging.phantom.findings.base import Finding, Lung, Mask
from cxrdesk.imaging.phantom.grid import Map
from cxrdesk.imaging.phantom.texture import fractal

Zone = Literal["upper", "middle", "lower"]

# (u, v) of the centre on the patient's left, and semi-axes (u, v), for each zone of a lung.
_PLACES: dict[Zone, tuple[float, float, float, float]] = {
    "upper": (0.48, 0.24, 0.3, 0.17),
    "middle": (0.5, 0.52, 0.34, 0.16),
    "lower": (0.5, 0.67, 0.42, 0.17),
}


_DEPTHS: dict[Zone, tuple[float, float]] = {"upper": (-0.1, 0.5), "middle": (0.1, 0.55), "lower": (-0.3, 0.55)}
"""Centre and semi-axis (w), which the lateral film shows."""


@dataclass(frozen=True, kw_only=True)
class Opacity(Finding):
    """Air in a part of one lung replaced by fluid, with a ragged edge and patchy inside.

    "Opacity" is the Fleischner Society's word for any area that attenuates more than its surroundings (Hansell,
    Bankier, MacMahon et al., Radiology 246 (2008) 697).

    Parameters
    ----------
    side : {"right", "left"}
        The patient's side.
    zone : {"upper", "middle", "lower"}
        Third of the lung's height.
    severity : float
        Share of the air replaced in the middle of the opacity, above 0 to 1.
    size : float
        Scales the zone's usual extent; 1 fills most of the zone.
    """

    name: ClassVar[str] = "opacity"

    side: Side = "right"
    zone: Zone = "lower"
    severity: float = 0.6
    size: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size <= 0:
            raise ValueError(f"size must be positive, not {self.size}")

    def filled(self, lung: Lung, rng: np.random.Generator) -> Map:
        """Share of the air replaced, 0..1, (rows, cols); not yet confined to the lung."""
        h, grid = lung.body.habitus, lung.grid
        u, v, a, b = _PLACES[self.zone]
        if grid.lateral:
            w, c = _DEPTHS[self.zone]
            dx = (-grid.x / h.half_depth_mm - w) / (c * self.size)
        else:
            dx = (grid.x / h.half_width_mm - sign(self.side) * u) / (a * self.size)
        dy = (grid.y / h.height_mm - v) / (b * self.size)
        ragged = fractal(grid, rng, coarse_mm=0.45 * h.half_width_mm, octaves=3)
        patchy = fractal(grid, rng, coarse_mm=0.1 * h.half_width_mm, octaves=3)
        level = 1 - dx**2 - dy**2 + 0.3 * ragged
        share = 0.5 + 0.5 * np.tanh(level / 0.32)
        return np.asarray(np.clip(self.severity * share * (1 + 0.05 * patchy), 0, 1), np.float32)

    def mask(self, lung: Lung, filled: Map | None) -> Mask:
        """Truth: at least half of the full effect, inside that lung."""
        if filled is None:
            return np.zeros(lung.grid.shape, bool)
        return (filled >= 0.5 * self.severity) & lung.outline
