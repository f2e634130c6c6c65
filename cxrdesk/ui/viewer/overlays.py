"""Mask outlines and saliency maps as pictures; knows no Qt."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.preprocess import Box

if TYPE_CHECKING:  # results come after the first film: the window does not wait for their imports
    from cxrdesk.inference.result import SaliencyResult

_FINE_SIDE = 512


def colour_table() -> NDArray[np.uint8]:
    """RGB of the inferno colour map, uint8 (256, 3): even steps for the eye, safe for colour-blind readers.

    N. Smith and S. van der Walt, matplotlib 2.0; the table is OpenCV's.
    """
    ramp = np.arange(256, dtype=np.uint8).reshape(256, 1)
    return np.ascontiguousarray(cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)[:, 0, ::-1])


def overlay_table() -> NDArray[np.uint8]:
    """RGBA, uint8 (256, 4), by share of the reference: nothing at 0, so that a map of small values does not glow."""
    share = np.linspace(0.0, 1.0, 256)
    alpha = np.clip(share / 0.6, 0.0, 1.0) ** 1.5
    return np.ascontiguousarray(
        np.dstack([colour_table()[np.newaxis], np.rint(alpha * 255)[np.newaxis]])[0].astype(np.uint8)
    )


def saliency_image(saliency: SaliencyResult) -> NDArray[np.uint8] | None:
    """A map as RGBA, uint8 (h, w, 4), over its box; None where it has no reference and so no scale.

    Values are divided by the bundle's reference and clipped at 1. The film's own largest value plays no part.
    """
    if saliency.reference is None:
        return None
    shares = np.clip(_enlarged(saliency.map.values) / np.float32(saliency.reference), 0.0, 1.0)
    rgba: NDArray[np.uint8] = overlay_table()[np.rint(shares * 255).astype(np.uint8)]
    return rgba


def half_mass_outline(saliency: SaliencyResult) -> list[NDArray[np.float32]]:
    """Closed lines, shares of the film (x, y), around the fewest values that hold half of the map's mass.

    For maps without a reference: says where, not how much.
    """
    values = _enlarged(saliency.map.values)
    ordered = np.sort(values, axis=None)[::-1]
    mass = np.cumsum(ordered, dtype=np.float64)
    if mass[-1] <= 0:
        return []
    level = ordered[int(np.searchsorted(mass, mass[-1] / 2))]
    return _outlines(values >= max(level, np.finfo(np.float32).tiny), saliency.map.box)


def mask_outline(values: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Closed lines around a mask at 0.5; each float32 (n, 2), shares of the film (x, y)."""
    return _outlines(_enlarged(values) >= 0.5, Box(x0=0.0, y0=0.0, x1=1.0, y1=1.0))


def _enlarged(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Interpolated linearly to a finer grid; a linear map keeps every value within those around it."""
    factor = max(1, round(_FINE_SIDE / max(values.shape)))
    if factor == 1:
        return values
    return np.asarray(cv2.resize(values, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR), dtype=np.float32)


def _outlines(inside: NDArray[np.bool_], box: Box) -> list[NDArray[np.float32]]:
    h, w = inside.shape
    # A rim, so that lines close at the grid's edge.
    rimmed = np.pad(inside.astype(np.uint8), 1)
    found, _ = cv2.findContours(rimmed, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    lines = []
    for line in found:
        if len(line) < 8:
            continue
        points = line[:, 0, :].astype(np.float32) - 0.5  # pixel centers of the rimmed grid, to shares
        points = _smoothed(points)
        x = box.x0 + np.clip(points[:, 0] / w, 0, 1) * (box.x1 - box.x0)
        y = box.y0 + np.clip(points[:, 1] / h, 0, 1) * (box.y1 - box.y0)
        lines.append(np.stack([x, y], axis=1).astype(np.float32))
    return lines


def _smoothed(points: NDArray[np.float32], reach: int = 2) -> NDArray[np.float32]:
    """Mean over neighbours along a closed line: takes the grid's steps off."""
    offsets = range(-reach, reach + 1)
    rolled = np.stack([np.roll(points, k, axis=0) for k in offsets])
    return np.asarray(rolled.mean(axis=0), dtype=np.float32)
