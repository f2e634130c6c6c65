"""Findings that a phantom can show, each with its true mask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.phantom.body import Body, Side, sign
from cxrdesk.imaging.phantom.grid import Grid, Map
from cxrdesk.imaging.phantom.texture import fractal

Zone = Literal["upper", "middle", "lower"]

# (u, v) of the centre on the patient's left, and semi-axes (u, v), for each zone of a lung.
_PLACES: dict[Zone, tuple[float, float, float, float]] = {
    "upper": (0.48, 0.24, 0.3, 0.17),
    "middle": (0.5, 0.52, 0.34, 0.16),
    "lower": (0.5, 0.67, 0.42, 0.17),
}


@dataclass(frozen=True, kw_only=True)
class Opacity:
    """Consolidation: air in a part of one lung replaced by fluid, with a ragged edge and patchy inside.

    Parameters
    ----------
    side : {"right", "left"}
        The patient's side.
    zone : {"upper", "middle", "lower"}
        Third of the lung's height.
    severity : float
        Share of the air replaced in the middle of the opacity, 0 to 1.
    size : float
        Scales the zone's usual extent; 1 fills most of the zone.
    """

    side: Side = "right"
    zone: Zone = "lower"
    severity: float = 0.6
    size: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.severity <= 1:
            raise ValueError(f"severity must be above 0 and at most 1, not {self.severity}")
        if self.size <= 0:
            raise ValueError(f"size must be positive, not {self.size}")


def consolidation(opacity: Opacity, body: Body, grid: Grid, rng: np.random.Generator) -> Map:
    """Share of the air replaced, 0..1, (rows, cols); not yet confined to the lung."""
    h = body.habitus
    u, v, a, b = _PLACES[opacity.zone]
    dx = (grid.x / h.half_width_mm - sign(opacity.side) * u) / (a * opacity.size)
    dy = (grid.y / h.height_mm - v) / (b * opacity.size)
    ragged = fractal(grid, rng, coarse_mm=0.45 * h.half_width_mm, octaves=3)
    patchy = fractal(grid, rng, coarse_mm=0.1 * h.half_width_mm, octaves=3)
    level = 1 - dx**2 - dy**2 + 0.3 * ragged
    share = 0.5 + 0.5 * np.tanh(level / 0.32)
    return np.asarray(np.clip(opacity.severity * share * (1 + 0.05 * patchy), 0, 1), np.float32)


def opacity_mask(share: Map, opacity: Opacity, lung: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Truth: at least half of the full effect, inside that lung."""
    return (share >= 0.5 * opacity.severity) & lung
