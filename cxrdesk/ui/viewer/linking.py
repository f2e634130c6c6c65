"""One film shown as another is: zoom, place and window carried over between films of different sizes; knows no Qt."""

from __future__ import annotations

from dataclasses import replace

from cxrdesk.imaging.voi import VoiFunction
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.windowing import Windowing


def matched_geometry(source: Geometry, target: Geometry) -> Geometry:
    """`target` zoomed as many times over its fit as `source`, around the same share of the film.

    It keeps its own rotation and flip: films of two days need not lie alike in their files.
    """
    if source.fitted:
        return target.fit()
    (rows, cols), (target_rows, target_cols) = source.film, target.film
    center = (source.center[0] / cols * target_cols, source.center[1] / rows * target_rows)
    scale = target.fit_scale * source.scale / source.fit_scale
    return replace(target, scale=scale, center=center, fitted=False).held()


def matched_windowing(source: Windowing, target: Windowing) -> Windowing:
    """`target` windowed as far from its own default as `source` is.

    Values of two exposures mean nothing to each other: what carries over is how many default widths the center went
    towards brighter, and by how much the width grew.
    """
    if source.voi is source.default:
        return replace(target.reset(), gamma=source.gamma)
    (before, now), start = (source.start, source.window), target.start
    way = 1.0 if source.dark_up == target.dark_up else -1.0
    center = start.center + way * (now.center - before.center) / before.width * start.width
    width = start.width * now.width / before.width
    least = 1.0 if now.function is VoiFunction.LINEAR else 1e-6
    moved = replace(start, center=center, width=max(width, least), function=now.function, explanation=now.explanation)
    return replace(target, voi=target.limits.clamp(moved), gamma=source.gamma)
