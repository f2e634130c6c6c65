"""Tubes along curves in space: ribs, long bones, vessels, airways.

A tube is projected by giving every small piece of its cross-section to the pixel that it falls on, so that volume is
kept whatever the angle to the beam: a rib seen end-on at the chest's side is as bright as its length makes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike

from cxrdesk.imaging.phantom.grid import Grid, Map, Values, smooth_profile

Points = Values

_FEW = 3
"""Points on a chord of the section that lies along the beam."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tube:
    """An elliptic section swept along a curve.

    Parameters
    ----------
    path : ndarray of float32, shape (n, 3)
        Curve (x, y, z) in mm, n >= 2.
    half_height, half_thickness : ndarray of float32, shape (n,)
        Semi-axes of the section: across the curve in the plane set by `outward`, and along `outward`.
    outward : ndarray of float32, shape (n, 3)
        Direction of the thin axis; need not be exactly perpendicular to the curve.
    cortex_mm : float
        Thickness of the dense shell; 0 is a solid tube.
    core : float
        Density of what the shell holds, relative to the shell.
    """

    path: Points
    half_height: Points
    half_thickness: Points
    outward: Points
    cortex_mm: float = 0.0
    core: float = 1.0


def tube(
    path: ArrayLike,
    half_height: ArrayLike,
    half_thickness: ArrayLike | None = None,
    *,
    outward: ArrayLike = (0.0, 0.0, 1.0),
    cortex_mm: float = 0.0,
    core: float = 1.0,
    points: int = 160,
) -> Tube:
    """Tube along a smooth curve through a few given points (x, y, z); semi-axes in mm, one or one per point."""
    given = np.asarray(path, np.float64)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(given, axis=0), axis=1))])
    at = np.linspace(0, along[-1], points)
    curve = smooth_profile(along, given, at)

    def spread(value: ArrayLike) -> Points:
        values = np.asarray(value, np.float64)
        return np.full(points, values, np.float32) if values.ndim == 0 else smooth_profile(along, values, at)

    height = spread(half_height)
    return Tube(
        path=curve,
        half_height=height,
        half_thickness=height if half_thickness is None else spread(half_thickness),
        outward=np.broadcast_to(np.asarray(outward, np.float32), curve.shape),
        cortex_mm=cortex_mm,
        core=core,
    )


def _unit(vectors: Points) -> Points:
    unit: Points = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)
    return unit


def _resample(values: Points, at: Points) -> Points:
    """Linear interpolation of values (n, ...) at fractional indices `at`."""
    low = np.minimum(at.astype(np.intp), len(values) - 2)
    part = (at - low).astype(np.float32)
    if values.ndim == 2:
        part = part[:, None]
    between: Points = values[low] * (1 - part) + values[low + 1] * part
    return between


@lru_cache(maxsize=512)
def _section(count: tuple[int, int]) -> tuple[Points, Points]:
    """Points inside the unit disc (k, 2), on `count` chords with as many points each, and their areas (sum pi)."""
    p = (np.arange(count[0]) + 0.5) / count[0] * 2 - 1
    q = (np.arange(count[1]) + 0.5) / count[1] * 2 - 1
    chord = np.sqrt(1 - p**2)
    points = np.stack([np.repeat(p, count[1]), np.outer(chord, q).ravel()], axis=1)
    area = np.repeat(chord, count[1])
    return points.astype(np.float32), (area * np.pi / area.sum()).astype(np.float32)


def _shell(item: Tube, disc: Points, height: Points, thick: Points, *, alongside: bool) -> Points:
    """Density (n, k) of each point of the section: 1 in the cortex, `core` inside.

    Where the thin axis lies along the beam (`alongside`), the few points of a chord share its mean density.
    """
    inner = np.maximum(1 - item.cortex_mm / np.stack([height, thick], axis=1), 0.05)
    p = disc[None, :, 0] / inner[:, :1]
    if alongside:
        chord = np.sqrt(np.maximum(1 - disc[None, :, 0] ** 2, 1e-6))
        inside = inner[:, 1:] * np.sqrt(np.maximum(1 - p**2, 0)) / chord
    else:
        inside = np.asarray(p**2 + (disc[None, :, 1] / inner[:, 1:]) ** 2 < 1, np.float32)
    density: Points = 1 - (1 - item.core) * inside
    return density


def _samples(item: Tube, grid: Grid, step_mm: float) -> tuple[Points, Points]:
    """Points (n, 2) in the image and their volumes (n,) in mm^3."""
    if grid.lateral:
        item = replace(item, path=grid.turned(item.path), outward=grid.turned(item.outward))
    length = np.linalg.norm(np.diff(item.path, axis=0), axis=1).sum()
    count = max(int(np.ceil(length / step_mm)), 2)
    at = (np.arange(count, dtype=np.float32) + 0.5) * (len(item.path) - 1) / count
    path, height, thick = (_resample(v, at) for v in (item.path, item.half_height, item.half_thickness))
    forward = np.gradient(path, axis=0)
    stretch = np.linalg.norm(forward, axis=1)
    forward = _unit(forward)
    outward = _resample(item.outward, at)
    outward = _unit(outward - (outward * forward).sum(axis=1, keepdims=True) * forward)
    up = np.cross(outward, forward)
    cells = [int(np.clip(np.ceil(2 * float(size.max()) / step_mm), 4, 600)) for size in (height, thick)]
    # The thin axis mostly lies along the beam, where a few samples are as good as many.
    across = float(np.abs(outward[:, :2]).max())
    cells[1] = max(int(np.ceil(cells[1] * across)), _FEW)
    disc, area = _section((cells[0], cells[1]))
    offset = height[:, None, None] * disc[None, :, :1] * up[:, None, :2]
    offset = offset + thick[:, None, None] * disc[None, :, 1:] * outward[:, None, :2]
    weight = area[None, :] * (height * thick * stretch)[:, None]
    if item.cortex_mm > 0:
        weight = weight * _shell(item, disc, height, thick, alongside=cells[1] == _FEW)
    return (path[:, None, :2] + offset).reshape(-1, 2), weight.reshape(-1)


def splat(grid: Grid, points: Points, volumes: Points) -> Map:
    """Path length in mm: volumes (n,) in mm^3 at points (n, 2), shared bilinearly between the four nearest pixels."""
    rows, cols = grid.shape
    fx = (points[:, 0] - grid.left_mm) / grid.pixel_mm - 0.5
    fy = (points[:, 1] - grid.top_mm) / grid.pixel_mm - 0.5
    if grid.draft:
        return _dropped(grid, fx, fy, volumes)
    keep = (fx > 0) & (fx < cols - 1) & (fy > 0) & (fy < rows - 1)
    fx, fy, mass = fx[keep], fy[keep], volumes[keep] / grid.pixel_mm**2
    col, row = fx.astype(np.intp), fy.astype(np.intp)
    px, py = fx - col, fy - row
    base = row * cols + col
    total = np.zeros(rows * cols)
    for shift, weight in ((0, (1 - px) * (1 - py)), (1, px * (1 - py)), (cols, (1 - px) * py), (cols + 1, px * py)):
        total += np.bincount(base + shift, weights=weight * mass, minlength=rows * cols)
    return total.reshape(rows, cols).astype(np.float32)


def _dropped(grid: Grid, fx: Points, fy: Points, volumes: Points) -> Map:
    """The same with each point given whole to the nearest quarter of a pixel."""
    rows, cols = grid.shape
    col, row = (2 * fx + 1).astype(np.int32), (2 * fy + 1).astype(np.int32)
    keep = (fx > 0) & (fx < cols - 1) & (fy > 0) & (fy < rows - 1)
    total = np.bincount((row * (2 * cols) + col)[keep], weights=volumes[keep], minlength=4 * rows * cols)
    quarters = total.reshape(2 * rows, 2 * cols).astype(np.float32)
    mean = np.asarray(cv2.resize(quarters, (cols, rows), interpolation=cv2.INTER_AREA), np.float32)
    # The mean of four quarters is a quarter of their sum; what is missing beside the bilinear share is its blur.
    return np.asarray(cv2.GaussianBlur(mean, (0, 0), 0.45), np.float32) * np.float32(4 / grid.pixel_mm**2)


def _seen(item: Tube, grid: Grid) -> bool:
    path = grid.turned(item.path)
    radius = max(float(item.half_height.max()), float(item.half_thickness.max()))
    return bool(grid.meets(path.min(axis=0) - radius, path.max(axis=0) + radius))


def project_tubes(grid: Grid, tubes: Iterable[Tube], *, step_pixels: float = 0.9) -> Map:
    """Path length in mm through `tubes`, overlapping tubes added, blurred by about half a pixel of `grid`.

    Returns
    -------
    ndarray of float32, shape (rows, cols)
    """
    if grid.draft:
        step_pixels *= 1.3
    parts = [_samples(item, grid, grid.pixel_mm * step_pixels) for item in tubes if _seen(item, grid)]
    if not parts:
        return np.zeros(grid.shape, np.float32)
    points, volumes = (np.concatenate(part) for part in zip(*parts, strict=True))
    return np.asarray(cv2.GaussianBlur(splat(grid, points, volumes), (0, 0), 0.6), np.float32)
