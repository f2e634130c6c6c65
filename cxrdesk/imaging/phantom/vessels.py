"""Branching lung vessels, and the bronchi beside them."""

from __future__ import annotations

import numpy as np

from cxrdesk.imaging.phantom.body import Body, Side, sign
from cxrdesk.imaging.phantom.grid import Grid, Map
from cxrdesk.imaging.phantom.tubes import Points, _section, splat

_GENERATIONS = 8
_STEMS = 12


def vessel_tree(body: Body, side: Side, rng: np.random.Generator) -> tuple[Points, Points, Points]:
    """Segments of one lung's vessels, from the hilum outwards.

    Each vessel splits in two; radii follow Murray's law with unequal daughters (r^3 is kept), lengths shrink alike,
    so that markings fade towards the periphery.

    Returns
    -------
    starts, ends : ndarray of float32, shape (n, 3)
        (x, y, z) in mm.
    radii : ndarray of float32, shape (n,)
        In mm.
    """
    h = body.habitus
    scale = h.half_width_mm
    hilum_v = 0.47 if side == "right" else 0.44
    hilum = body.mm(np.array([(sign(side) * 0.25, hilum_v, -0.12)]))
    # Stems fan out from upward to downward; gravity gives the lower ones more.
    fan = np.linspace(-1.25, 1.35, _STEMS) + rng.normal(0, 0.15, _STEMS)
    tilt = rng.uniform(-0.5, 0.5, _STEMS)
    heading = np.stack([sign(side) * np.cos(fan) * np.cos(tilt), np.sin(fan), np.cos(fan) * np.sin(tilt)], axis=1)
    position = hilum + rng.normal(0, 0.05 * scale, (_STEMS, 3)) + np.array([0, 0.1 * scale, 0]) * np.sin(fan)[:, None]
    radius = scale * (0.022 + 0.014 * (fan > 0.2)) * rng.uniform(0.85, 1.15, _STEMS)
    length = scale * np.full(_STEMS, 0.17) * rng.uniform(0.6, 1.4, _STEMS)
    starts, ends, radii = [], [], []
    for _ in range(_GENERATIONS):
        middle = position + heading * (length / 2)[:, None]
        bent = heading + rng.normal(0, 0.12, heading.shape)
        bent /= np.linalg.norm(bent, axis=1, keepdims=True)
        tip = middle + bent * (length / 2)[:, None]
        starts += [position, middle]
        ends += [middle, tip]
        radii += [radius, radius * 0.95]
        share = rng.uniform(0.3, 0.7, len(radius))
        turn = rng.normal(0, 1, heading.shape)
        turn -= (turn * bent).sum(axis=1, keepdims=True) * bent
        turn /= np.linalg.norm(turn, axis=1, keepdims=True)
        daughters = []
        for part, way in ((share, 1.0), (1 - share, -1.0)):
            # The thinner daughter turns further away.
            aside = np.tan((0.9 - part) * rng.uniform(0.7, 1.2, len(part)))[:, None]
            new = bent + way * aside * turn
            new /= np.linalg.norm(new, axis=1, keepdims=True)
            daughters.append((tip, new, radius * part ** (1 / 3) * 0.94, length * (0.62 + 0.3 * part)))
        position, heading, radius, length = (np.concatenate(pair) for pair in zip(*daughters, strict=True))
    return (
        np.concatenate(starts).astype(np.float32),
        np.concatenate(ends).astype(np.float32),
        np.concatenate(radii).astype(np.float32),
    )


def project_segments(grid: Grid, starts: Points, ends: Points, radii: Points) -> Map:
    """Path length in mm through straight round segments, (rows, cols)."""
    starts, ends = grid.turned(starts), grid.turned(ends)
    met = grid.meets(np.minimum(starts, ends) - radii[:, None], np.maximum(starts, ends) + radii[:, None])
    if not met.any():
        return np.zeros(grid.shape, np.float32)
    return _project(grid, starts[met], ends[met], radii[met])


def _project(grid: Grid, starts: Points, ends: Points, radii: Points) -> Map:
    thick = radii > 2.5 * grid.pixel_mm
    thin = radii < 0.6 * grid.pixel_mm
    if grid.draft and thin.any() and not thin.all():
        return _project(grid, starts[thin], ends[thin], radii[thin]) + _project(
            grid, starts[~thin], ends[~thin], radii[~thin]
        )
    if thick.any() and not thick.all():
        return _project(grid, starts[thick], ends[thick], radii[thick]) + _project(
            grid, starts[~thick], ends[~thick], radii[~thick]
        )
    step = grid.pixel_mm
    axis = ends - starts
    length = np.linalg.norm(axis, axis=1)
    count = np.maximum(np.ceil(length / step).astype(np.intp), 1)
    owner = np.repeat(np.arange(len(count)), count)
    index = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    at = (index + 0.5) / count[owner]
    centers = starts[owner] + axis[owner] * at[:, None].astype(np.float32)
    forward = axis / np.maximum(length, 1e-6)[:, None]
    flat = np.hypot(forward[:, 0], forward[:, 1])
    side = np.stack([-forward[:, 1], forward[:, 0]], axis=1) / np.maximum(flat, 1e-6)[:, None]
    along = forward[:, :2] / np.maximum(flat, 1e-6)[:, None] * forward[:, 2:]
    sparse = (1, 1) if thin.all() else (4, 2)
    disc, area = _section((24, 5) if thick.all() else sparse if grid.draft else (6, 3))
    offset = radii[owner][:, None, None] * (
        disc[None, :, :1] * side[owner][:, None] + disc[None, :, 1:] * along[owner][:, None]
    )
    volume = area[None, :] * (radii**2 * length / count)[owner][:, None]
    return splat(grid, (centers[:, None, :2] + offset).reshape(-1, 2), volume.reshape(-1).astype(np.float32))
