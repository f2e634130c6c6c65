"""What a finding may change in a body, and how it tells the truth about itself.

A finding never paints on the film. It changes proportions, replaces air by fluid or tissue, or takes room in the
pleural cavity, and the projection shows what follows from that, on the frontal and the lateral film alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.phantom.body import Body, Side, sign
from cxrdesk.imaging.phantom.grid import Grid, Map, Values
from cxrdesk.imaging.phantom.habitus import Habitus
from cxrdesk.imaging.phantom.solids import Loft
from cxrdesk.imaging.phantom.tubes import Points

Mask = NDArray[np.bool_]
Lobe = Literal["upper", "middle", "lower"]
"""Of the left lung the middle one is the lingula."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Lung:
    """One lung on one grid, as findings see it."""

    body: Body
    side: Side
    grid: Grid

    @cached_property
    def pleura(self) -> Loft:
        """The whole pleural cavity."""
        return self.body.pleura(self.side, self.grid)

    @cached_property
    def outline(self) -> Mask:
        """The cavity's outline above its dome, (rows, cols)."""
        return self.body.lung_mask(self.side, self.grid)

    @property
    def u(self) -> Map:
        """Distance from the midline, in units of u and positive on this side, (1, cols); frontal grids only."""
        return np.asarray(sign(self.side) * self.grid.x / self.body.habitus.half_width_mm, np.float32)

    @property
    def v(self) -> Map:
        """Units of v, (rows, 1)."""
        return np.asarray(self.grid.y / self.body.habitus.height_mm, np.float32)

    @property
    def w(self) -> Map:
        """Depth in units of w, positive to the front, (1, cols); lateral grids only."""
        return np.asarray(-self.grid.x / self.body.habitus.half_depth_mm, np.float32)

    def ball(self, center: tuple[float, float, float], axes: tuple[float, float, float]) -> Map:
        """Squared distance (rows, cols) from a (u, v, w) in units of the semi-axes (u, v, w), as this film shows it."""
        across = (self.w - center[2]) / axes[2] if self.grid.lateral else (self.u - center[0]) / axes[0]
        return np.asarray(across**2 + ((self.v - center[1]) / axes[1]) ** 2, np.float32)


class Finding:
    """One finding; each kind is a frozen dataclass.

    Parameters
    ----------
    severity : float
        Above 0, at most 1; what it scales is told by each finding.
    """

    name: ClassVar[str]
    """Key of its mask and of its label."""

    severity: float

    def __post_init__(self) -> None:
        if not 0 < self.severity <= 1:
            raise ValueError(f"severity must be above 0 and at most 1, not {self.severity}")

    def reshape(self, habitus: Habitus) -> Habitus:
        """Proportions of the body that has this finding."""
        return habitus

    def concerns(self, side: Side) -> bool:
        """Whether that lung is changed."""
        return getattr(self, "side", side) == side

    def filled(self, lung: Lung, rng: np.random.Generator) -> Map | None:
        """Share 0..1 of each ray's air that is replaced while bronchi stay open, (rows, cols)."""
        return None

    def room(self, lung: Lung) -> Loft | None:
        """What the lung still takes of its cavity."""
        return None

    leaves_air: ClassVar[bool] = False
    """Whether the room that the lung has left holds air; fluid otherwise."""

    def tissue(self, lung: Lung, rng: np.random.Generator) -> Map | None:
        """Soft tissue in mm added within the lung, (rows, cols)."""
        return None

    def vessel_scale(self, body: Body, starts: Points) -> Points | float:
        """Factor on the radii of vessels that begin at `starts` (n, 3)."""
        return 1.0

    def density_scale(self) -> float:
        """Factor on the density of the air-filled lung."""
        return 1.0

    def mask(self, lung: Lung, filled: Map | None) -> Mask:
        """Truth in one lung, (rows, cols), given what `filled` said."""
        raise NotImplementedError

    def whole_mask(self, masks: Mapping[str, Mask]) -> Mask | None:
        """Truth where it is an organ rather than a part of a lung, from the masks of lungs and heart."""
        return None


def smoothstep(value: Values) -> Map:
    """0 below 0, 1 above 1, smooth between."""
    t = np.clip(value, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def above_base(lung: Lung) -> Map:
    """1 in the lung, 0 in the deep recesses below the costophrenic angles, (rows, 1)."""
    return 1 - smoothstep((lung.v - 0.95) / 0.08)
