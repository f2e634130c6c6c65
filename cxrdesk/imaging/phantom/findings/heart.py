"""An enlarged heart, and what a failing one does to the lungs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from cxrdesk.imaging.phantom.body import Body, sign
from cxrdesk.imaging.phantom.findings.base import Finding, Lung, Mask
from cxrdesk.imaging.phantom.grid import Map
from cxrdesk.imaging.phantom.habitus import Habitus, scaled
from cxrdesk.imaging.phantom.texture import fractal
from cxrdesk.imaging.phantom.tubes import Points
from cxrdesk.imaging.phantom.vessels import project_segments

_HILUM = (0.3, 0.5, -0.12)


def heart_share(habitus: Habitus) -> float:
    """Cardiothoracic ratio of the proportions: both heart borders over the chest's inner width."""
    right, left = (max(u for _, u in border) for border in (habitus.heart_right, habitus.heart_left))
    return (right + left) / (2 * max(u for _, u in habitus.lateral))


def widened(habitus: Habitus, ratio: float) -> Habitus:
    """The same body with a heart of that cardiothoracic ratio; the left border moves more than the right."""
    right, left = (max(u for _, u in border) for border in (habitus.heart_right, habitus.heart_left))
    more = (ratio - heart_share(habitus)) * 2 * max(u for _, u in habitus.lateral)
    return replace(
        habitus,
        heart_right=scaled(habitus.heart_right, (right + 0.3 * more) / right),
        heart_left=scaled(habitus.heart_left, (left + 0.7 * more) / left),
    )


@dataclass(frozen=True, kw_only=True)
class Cardiomegaly(Finding):
    """A heart wider than the norm.

    A cardiothoracic ratio above 0.5 is the classic sign on an adult's PA film, and an AP film enlarges the heart (Chon,
    Oh, Cho et al., J. Korean Med. Sci. 26 (2011), no. 11); small children's AP films are allowed 0.55 and more
    (`cxrdesk.imaging.phantom.habitus`).

    Parameters
    ----------
    severity : float
        The ratio is ``norm + 0.02 + 0.2 * severity`` with a norm of 0.5, or 0.55 in a small child's chest.
    """

    name: ClassVar[str] = "cardiomegaly"

    severity: float = 0.6

    def ratio(self, habitus: Habitus) -> float:
        """Cardiothoracic ratio that this severity stands for."""
        # A chest under 20 cm wide is a small child's.
        norm = 0.5 if habitus.half_width_mm > 100 else 0.55
        return norm + 0.02 + 0.2 * self.severity

    def reshape(self, habitus: Habitus) -> Habitus:
        """The wider heart."""
        return widened(habitus, self.ratio(habitus))

    def mask(self, lung: Lung, filled: Map | None) -> Mask:
        """Nothing in the lungs."""
        return np.zeros(lung.grid.shape, bool)

    def whole_mask(self, masks: Mapping[str, Mask]) -> Mask:
        """The heart."""
        return masks["heart"]


@dataclass(frozen=True, kw_only=True)
class Edema(Finding):
    """Hydrostatic edema of both lungs: haze around the hila, wide upper vessels, septal lines at the bases.

    Distribution of flow and of edema, septal lines, cuffs and the heart's size are what tells cardiogenic edema (Milne,
    Pistolesi, Miniati, Giuntini, AJR 144 (1985) 879). Septal (Kerley B) lines are short, and stand at right angles to
    the lateral pleura of the bases (Hansell et al., Radiology 246 (2008) 697, "interlobular septal thickening").

    Parameters
    ----------
    severity : float
        Share of the air replaced at the hila is 0.6 of it; upper vessels are ``1 + 0.7 * severity`` as wide.
    """

    name: ClassVar[str] = "edema"

    severity: float = 0.6

    def reshape(self, habitus: Habitus) -> Habitus:
        """The heart that fails is mostly a little wide."""
        return widened(habitus, heart_share(habitus) * (1 + 0.1 * self.severity))

    def filled(self, lung: Lung, rng: np.random.Generator) -> Map:
        """Haze that fades from the hilum to the periphery and upwards."""
        size = lung.body.habitus.half_width_mm
        cloud = fractal(lung.grid, rng, coarse_mm=0.3 * size, octaves=4)
        near = np.exp(-lung.ball(_HILUM, (0.42, 0.32, 0.7)))
        low = 0.25 * np.clip((lung.v - 0.3) / 0.6, 0, 1)
        share = 0.6 * self.severity * (near + low) * (1 + 0.25 * cloud)
        return np.asarray(np.clip(share, 0, 0.95), np.float32)

    def vessel_scale(self, body: Body, starts: Points) -> Points:
        """Upper vessels as wide as lower ones, or wider."""
        above = np.clip((0.47 - starts[:, 1] / body.habitus.height_mm) / 0.1, 0, 1)
        return np.asarray(1 + self.severity * (0.15 + 0.55 * above), np.float32)

    def tissue(self, lung: Lung, rng: np.random.Generator) -> Map:
        """Septal lines: thin plates that end at the pleura."""
        h, grid = lung.body.habitus, lung.grid
        scale = h.half_width_mm / 140.0
        v = np.repeat(rng.uniform(0.66, 0.93, round(4 + 10 * self.severity)), 5)
        w = np.tile(np.linspace(-0.12, 0.12, 5), len(v) // 5) + np.repeat(rng.uniform(-0.4, 0.4, len(v) // 5), 5)
        length = np.repeat(rng.uniform(10, 20, len(v) // 5), 5) * scale
        wall = lung.body.cage_half_width(v.astype(np.float32)) * h.half_width_mm
        wall = wall * np.sqrt(np.clip(1 - np.abs(w) ** 2.2, 0.2, 1)) - 1.0
        x = sign(lung.side) * wall
        y, z = v * h.height_mm, w * h.half_depth_mm
        tilt = np.repeat(rng.normal(0, 0.06, len(v) // 5), 5) * length
        starts = np.stack([x, y, z], axis=1).astype(np.float32)
        ends = np.stack([x - sign(lung.side) * length, y + tilt, z], axis=1).astype(np.float32)
        radii = np.full(len(v), 0.45 * scale + 0.25, np.float32)
        return project_segments(grid, starts, ends, radii)

    def mask(self, lung: Lung, filled: Map | None) -> Mask:
        """Truth: where at least half as much air is replaced as at the hilum."""
        if filled is None:
            return np.zeros(lung.grid.shape, bool)
        return (filled >= 0.3 * self.severity) & lung.outline
