"""Mask outlines and saliency maps as pictures; knows no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.maps import colour_table, opacity_table, outlines, refined, table_index
from cxrdesk.imaging.preprocess import Box

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.inference.result import SaliencyResult

_SHARES = (1, 1)
LEVELS = (0.25, 0.5, 0.75, 1.0)
"""Shares of the reference at which contours are drawn."""
LEAST_SEEN = 0.1
"""Share of the reference below which the colours are dark and hardly opaque: nothing is seen of them."""


def saliency_image(saliency: SaliencyResult) -> NDArray[np.uint8] | None:
    """A map as RGBA, uint8 (h, w, 4), over its box; None where it has no reference and so no scale."""
    if not saliency.reference:
        return None
    opacity = np.rint(opacity_table() * 255).astype(np.uint8)
    rgba = np.column_stack([colour_table(), opacity])
    return np.ascontiguousarray(rgba[table_index(refined(saliency.map.values), saliency.reference)])


def half_mass_outline(saliency: SaliencyResult) -> list[NDArray[np.float64]]:
    """Closed lines, shares of the film (x, y), around the fewest values that hold half of the map's mass.

    For maps without a reference: says where, not how much.
    """
    values = refined(saliency.map.values)
    ordered = np.sort(values, axis=None)[::-1]
    mass = np.cumsum(ordered, dtype=np.float64)
    if mass[-1] <= 0:
        return []
    level = ordered[int(np.searchsorted(mass, mass[-1] / 2))]
    threshold = float(max(level, np.finfo(np.float32).tiny))
    return outlines(values, _SHARES, threshold=threshold, box=saliency.map.box)


def level_outlines(saliency: SaliencyResult) -> list[tuple[float, list[NDArray[np.float64]]]]:
    """Closed lines, shares of the film (x, y), around what reaches each of `LEVELS`; nothing without a reference.

    The map's own largest value plays no part: a weak map has fewer lines.
    """
    if not saliency.reference:
        return []
    values, box = refined(saliency.map.values), saliency.map.box
    found = [(level, outlines(values, _SHARES, threshold=level * saliency.reference, box=box)) for level in LEVELS]
    return [(level, lines) for level, lines in found if lines]


def mask_outline(values: NDArray[np.float32]) -> list[NDArray[np.float64]]:
    """Closed lines around a mask; each (n, 2), shares of the film (x, y)."""
    return outlines(values, _SHARES)


def mask_box(values: NDArray[np.float32]) -> Box | None:
    """The smallest box around a mask, in shares of the film; None for an empty one."""
    inside = values >= 0.5
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not rows.size:
        return None
    height, width = values.shape
    return Box(
        x0=float(cols[0] / width),
        y0=float(rows[0] / height),
        x1=float((cols[-1] + 1) / width),
        y1=float((rows[-1] + 1) / height),
    )
