"""Lobes as the fissures divide a lung.

The oblique fissure runs from the level of the fourth thoracic vertebra behind to the diaphragm in front; the minor
fissure leaves it level with the hilum and the fourth rib's front end (Felson's Principles of Chest
Roentgenology).
"""

from __future__ import annotations

import numpy as np

from cxrdesk.imaging.phantom.findings.base import Lobe, Lung, smoothstep
from cxrdesk.imaging.phantom.grid import Map

_OBLIQUE = ((0.24, -0.85), (0.98, 0.62))
"""Two points (v, w) of the plane."""
MINOR_V = 0.48
_EDGE_MM = 3.0


def lobe_share(lung: Lung, lobe: Lobe) -> Map:
    """Share 0..1 of each ray's way through the cavity that lies in a lobe, (rows, cols)."""
    grid, h = lung.grid, lung.body.habitus
    (v0, w0), (v1, w1) = _OBLIQUE
    plane = (w0 + (lung.v - v0) * (w1 - w0) / (v1 - v0)) * h.half_depth_mm
    if grid.lateral:
        front = smoothstep((-grid.x - plane) / _EDGE_MM + 0.5)
    else:
        middle, half = lung.pleura.interval(grid)
        front = np.clip((middle + half - plane) / np.maximum(2 * half, 1.0), 0, 1)
    if lobe == "lower":
        return np.asarray(1 - front, np.float32)
    across = lung.w if grid.lateral else lung.u - 0.5
    fissure = MINOR_V + 0.03 * across**2 + 0.015 * across
    below = smoothstep((lung.v - fissure) * h.height_mm / _EDGE_MM + 0.5)
    return np.asarray(front * (below if lobe == "middle" else 1 - below), np.float32)
