"""One film shown as another is: zoom, place and window carried over between films of different sizes; knows no Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cxrdesk.imaging.voi import VoiFunction
from cxrdesk.ui.viewer.geometry import Geometry
from cxrdesk.ui.viewer.windowing import Windowing


def matched_geometry(source: Geometry, target: Geometry) -> Geometry:
    """`target` with a millimetre as large on the screen as in `source`, as far from the middle of the screen.

    Where films do not state millimetres of the same kind it is zoomed as many times over its fit, around the same share
    of the film. It keeps its own rotation and flip: films of two days need not lie alike in their files.
    """
    if source.col_mm is not None and target.col_mm is not None and source.plane == target.plane:
        (rows, cols), (target_rows, target_cols) = source.film, target.film
        scale, middle = source.scale / source.col_mm * target.col_mm, (target_cols / 2, target_rows / 2)
        alike = replace(target, scale=scale, center=middle, fitted=source.fitted, room_mm=source.room_mm)
        x, y = source.to_screen(cols / 2, rows / 2)
        return alike if source.fitted else alike.panned(x - source.viewport[0] / 2, y - source.viewport[1] / 2)
    target = replace(target, room_mm=None)
    if source.fitted:
        return target.fit()
    (rows, cols), (target_rows, target_cols) = source.film, target.film
    center = (source.center[0] / cols * target_cols, source.center[1] / rows * target_rows)
    scale = target.fit_scale * source.scale / source.fit_scale
    return replace(target, scale=scale, center=center, fitted=False).held()


def why_not_to_scale(source: Geometry, target: Geometry) -> str:
    """Why `target` cannot be shown to the scale of `source`; empty where it can."""
    if source.col_mm is None or target.col_mm is None:
        one = "this film's" if target.col_mm is None else "the other film's"
        return f"{one if source.col_mm != target.col_mm else 'the'} pixel spacing is not known"
    return "" if source.plane == target.plane else "only one film is calibrated"


def shared_room_mm(film: Geometry, others: Iterable[Geometry]) -> tuple[float, float] | None:
    """What fitting must leave room for so that `film` fits and all of the others that are shown to its scale."""
    sizes = [other.size_mm for other in others if not why_not_to_scale(film, other)]
    known = [size for size in (film.size_mm, *sizes) if size is not None]
    return (max(width for width, _ in known), max(height for _, height in known)) if sizes else None


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
