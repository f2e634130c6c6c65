"""Films cut to the lungs' box, and what outlines tell without a pixel: where lungs lie in a film, and their shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.preprocess import mask_box
from cxrdesk.training.data import read_films
from reproductions.films import Films

MARGIN = 0.06
"""Of the box, as the shipped detector sees it."""
GRID = 20
"""Cells on a side that an outline is looked at in."""
Outlines = NDArray[np.uint8]
"""Shape (n, side, side), 0..255."""


def cut(films: Films, masks: Outlines) -> NDArray[np.uint8]:
    """The lungs' box of each film stretched to its grid, shape (n, side, side): where the lungs lay is gone."""
    side, found = films.pixels.shape[-1], []
    for (_, film), mask in zip(read_films(films.rows), masks, strict=True):
        box = mask_box(mask.astype(np.float32) / 255).grown(MARGIN)
        rows, columns = film.shape
        region = film[int(box.y0 * rows) : round(box.y1 * rows), int(box.x0 * columns) : round(box.x1 * columns)]
        method = cv2.INTER_AREA if min(region.shape) >= side else cv2.INTER_LINEAR
        found.append(cv2.resize(region, (side, side), interpolation=method))
    return np.stack(found)


def boxes(masks: Outlines) -> NDArray[np.float64]:
    """First and last row and column of each outline, shape (n, 4); those of the film where there is none."""
    found = []
    for inside in masks > 127:
        rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
        side = len(inside)
        found.append([rows[0], rows[-1], columns[0], columns[-1]] if len(rows) else [0, side - 1, 0, side - 1])
    return np.array(found, np.float64)


def in_the_film(masks: Outlines) -> NDArray[np.float64]:
    """Each outline as it lies in its film, shape (n, GRID * GRID)."""
    return np.stack([_coarse(mask) for mask in masks])


def within_the_box(masks: Outlines) -> NDArray[np.float64]:
    """Each outline stretched to its box, shape (n, GRID * GRID): its shape, and not where it lies."""
    corners = boxes(masks).astype(int)
    cut = (mask[a : b + 1, c : d + 1] for mask, (a, b, c, d) in zip(masks, corners, strict=True))
    return np.stack([_coarse(mask) for mask in cut])


def _coarse(mask: Outlines) -> NDArray[np.float64]:
    return cv2.resize(mask, (GRID, GRID), interpolation=cv2.INTER_AREA).ravel() / 255.0


UNSEEN: dict[str, Callable[[Outlines], NDArray[np.float64]]] = {
    "no pixels, the lungs' box": boxes,
    "no pixels, the outline": in_the_film,
    "no pixels, the outline within its box": within_the_box,
}
"""Name to what a classifier is given."""


def answered(given: Mapping[str, NDArray[np.float64]], labels: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Boosted trees that learn from ``train``; probabilities of the films of ``tune`` and ``report``, shape (n,)."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    trees = HistGradientBoostingClassifier(early_stopping=False, class_weight="balanced", random_state=0)
    trees.fit(given["train"], labels)
    return {part: trees.predict_proba(given[part])[:, 1] for part in ("tune", "report")}
