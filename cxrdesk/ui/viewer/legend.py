"""Where the legend of a saliency map may stand: beside the film, else where it hides least; paints nothing.

What it shows and what it is not for are told in the smallest form too; its scale and the evidence give way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF

from cxrdesk.ui.viewer.texts import GAP, free

_MARGIN = 10.0
_EDGE = 2.0
"""Beside the film the strip may be narrow: there it is used up to its edge."""
_STEP = 8.0
_NO_UNIT = 0.5
_HIDES_NOTHING = 0.005
"""Share of the map that a legend may lie on where it still counts as hiding none of it."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """One way to draw the legend.

    Parameters
    ----------
    items : int
        How many of its sentences are written, from the first.
    bar : float
        Height of the colour bar in screen pixels; 0 for none.
    beside : bool
        Whether the bar stands left of the sentences, and not above them.
    width : float or None
        What sentences are broken to, in screen pixels at the normal size of text; None for each in a line.
    """

    items: int
    bar: float = 0.0
    beside: bool = False
    width: float | None = None


BESIDE_FILM = (
    Form(items=4, bar=132.0),
    Form(items=4, bar=60.0, beside=True),
    Form(items=4, bar=132.0, width=200.0),
    Form(items=2, bar=132.0, width=200.0),
    Form(items=2, bar=50.0, beside=True, width=150.0),
    Form(items=2, bar=132.0, width=110.0),
    Form(items=2, bar=50.0, beside=True, width=100.0),
    Form(items=2, bar=50.0, width=110.0),
)
OVER_FILM = (
    Form(items=2, bar=50.0, beside=True),
    Form(items=2, bar=50.0, beside=True, width=150.0),
    Form(items=2, bar=50.0, beside=True, width=100.0),
    Form(items=2, width=200.0),
    Form(items=2, width=130.0),
)
BESIDE_FILM_NO_BAR = (
    Form(items=4),
    Form(items=4, width=200.0),
    Form(items=3, width=150.0),
    Form(items=2, width=150.0),
    Form(items=2, width=110.0),
)
OVER_FILM_NO_BAR = (Form(items=3), Form(items=3, width=200.0), Form(items=2, width=200.0), Form(items=2, width=130.0))


def covered(values: NDArray[np.floating], area: QRectF, rect: QRectF) -> float:
    """Share 0..1 of the sum of `values`, a grid (rows, cols) spread over `area`, that lies under `rect`."""
    total = float(values.sum())
    if total <= 0 or area.isEmpty():
        return 0.0

    def shares(count: int, start: float, length: float, low: float, high: float) -> NDArray[np.float64]:
        edges = start + length * np.arange(count + 1) / count
        inside = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
        covered_share: NDArray[np.float64] = np.clip(inside, 0.0, None) * count / length
        return covered_share

    rows = shares(values.shape[0], area.top(), area.height(), rect.top(), rect.bottom())
    cols = shares(values.shape[1], area.left(), area.width(), rect.left(), rect.right())
    return float(rows @ values @ cols) / total


def _places(
    size: tuple[float, float], viewport: tuple[float, float], margin: float, taken: Sequence[QRectF] = ()
) -> list[QRectF]:
    """At the left and right edge: in the corners, in the middle, next to other text."""
    width, height = size
    right, bottom = viewport[0] - margin - width, viewport[1] - margin - height
    tops = [bottom, margin, (viewport[1] - height) / 2]
    tops += [top for rect in taken for top in (rect.top() - GAP - height, rect.bottom() + GAP)]
    return [QRectF(x, y, width, height) for x in (right, margin) for y in tops]


def place(
    sizes_beside: Sequence[tuple[Form, tuple[float, float]]],
    sizes_over: Sequence[tuple[Form, tuple[float, float]]],
    *,
    viewport: tuple[float, float],
    film: QRectF,
    taken: Sequence[QRectF],
    saliency: tuple[NDArray[np.floating], QRectF],
    lungs: QRectF | None,
) -> tuple[Form, QRectF]:
    """The largest form that fits beside the film; else the one in a corner that hides least, else anywhere.

    Parameters
    ----------
    sizes_beside, sizes_over : sequence of (Form, (width, height))
        From the largest to the smallest, in screen pixels.
    viewport : tuple of float
        (width, height).
    film : QRectF
        The film on the screen.
    taken : sequence of QRectF
        Where other text stands.
    saliency : tuple
        The map's values (rows, cols) and the area on the screen that they are spread over.
    lungs : QRectF or None
        Box around the lungs on the screen.

    Returns
    -------
    tuple of Form and QRectF
    """
    whole = QRectF(0, 0, *viewport)
    for form, size in sizes_beside:
        for rect in _places(size, viewport, _EDGE, taken):
            if whole.contains(rect) and free(rect, (film, *taken)):
                return form, rect

    def hidden(rect: QRectF) -> float:
        cost = covered(*saliency, rect)
        if lungs is not None:
            under = rect.intersected(lungs)
            # As a share of the legend: the lungs' box is larger than any legend.
            cost += under.width() * under.height() / (rect.width() * rect.height())
        return cost

    best: tuple[float, Form, QRectF] | None = None
    richest = sizes_over[0][0]
    for form, size in sizes_over:
        for rect in _places(size, viewport, _MARGIN):
            if whole.contains(rect) and free(rect, taken):
                # To tell no unit is worth a place that hides much less only.
                poorer = (richest.bar and not form.bar) or form.items < richest.items
                cost = hidden(rect) + (_NO_UNIT if poorer else 0.0)
                if best is None or cost < best[0]:
                    best = (cost, form, rect)
        if best is not None and best[0] <= _HIDES_NOTHING:
            break
    if best is not None:
        return best[1], best[2]
    form, (width, height) = sizes_over[-1]
    steps = (np.arange(0.0, max(room, 1.0), _STEP) for room in (viewport[0] - width, viewport[1] - height))
    spots = [QRectF(float(x), float(y), width, height) for x, y in product(*steps)]
    return form, min(spots, key=lambda rect: (_over(rect, taken), hidden(rect)))


def _over(rect: QRectF, taken: Sequence[QRectF]) -> float:
    """Screen pixels of other text under a place."""
    under = (rect.intersected(other) for other in taken)
    return sum(area.width() * area.height() for area in under)
