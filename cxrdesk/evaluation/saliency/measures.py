"""What one saliency map is worth: against the true region, against another map, and against the score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.api import Box
from cxrdesk.evaluation.saliency.truth import covered

Map = NDArray[Any]
TOLERANCE = 0.03
"""Of the film's longer side: the pointing game's customary 15 pixels, on pictures of some 500."""
STEPS = 20
BLUR = 0.1
"""Standard deviation of the blur that fills, as a share of the input's longer side."""
SSIM_SIDE = 64
_WINDOW, _SIGMA = 11, 1.5


def on_film(values: Map, box: Box, grid: tuple[int, int]) -> Map:
    """A map on a grid over the whole film, stretched linearly as the viewer draws it, 0 outside its box; float64."""
    made = np.zeros(grid)
    rows, cols = covered(box, grid)
    made[rows, cols] = stretched(values, (rows.stop - rows.start, cols.stop - cols.start))
    return made


def stretched(values: Map, shape: tuple[int, int]) -> Map:
    """A map on a finer grid, interpolated linearly; float32."""
    made = cv2.resize(np.asarray(values, np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(made)


def miss(values: Map, truth: NDArray[np.bool_]) -> float:
    """Distance of the map's maximum from the true region, as a share of the grid's longer side: 0 inside.

    The first of equal maxima counts. An empty map points nowhere: infinite.
    """
    if not values.max() > 0:
        return float("inf")
    row, col = np.unravel_index(int(np.argmax(values)), values.shape)
    rows, cols = np.nonzero(truth)
    return float(np.sqrt((rows - row) ** 2 + (cols - col) ** 2).min() / max(values.shape))


def energy(values: Map, truth: NDArray[np.bool_]) -> float:
    """Share of the map's mass in the true region; 0 for an empty map. Wang et al. 2020, arXiv 1910.01279."""
    total = float(values.sum())
    return float(values[truth].sum()) / total if total > 0 else 0.0


def overlap(values: Map, truth: NDArray[np.bool_]) -> float:
    """Intersection over union of the true region with as large a part of the map, its highest values.

    Cells of value 0 are never taken, so that a map smaller than the region overlaps less.
    """
    order = np.argsort(-values, axis=None, kind="stable")[: int(truth.sum())]
    top = np.zeros(values.size, bool)
    top[order] = values.ravel()[order] > 0
    flat = truth.ravel()
    return float((top & flat).sum() / (top | flat).sum())


def rank_correlation(first: Map, second: Map) -> float:
    """Spearman's, by scipy; 0 where a map is the same everywhere: it says nothing of the other."""
    from scipy.stats import spearmanr

    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(spearmanr(first.ravel(), second.ravel()).statistic)


def correlation(first: Map, second: Map) -> float:
    """Pearson's; 0 where a map is the same everywhere."""
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return 0.0
    return float(np.clip(np.corrcoef(first.ravel(), second.ravel())[0, 1], -1, 1))


def similarity(first: Map, second: Map) -> float:
    """Mean structural similarity of two maps, each as shares of its own maximum, on a grid of 64 x 64.

    Wang, Bovik, Sheikh and Simoncelli 2004, with their Gaussian window of 11 and constants 0.01 and 0.03.
    """
    a, b = (_shares(stretched(values, (SSIM_SIDE, SSIM_SIDE))) for values in (first, second))

    def local(values: Map) -> Map:
        return np.asarray(cv2.GaussianBlur(values, (_WINDOW, _WINDOW), _SIGMA, borderType=cv2.BORDER_REFLECT))

    c1, c2 = 0.01**2, 0.03**2
    mean_a, mean_b = local(a), local(b)
    var_a, var_b = local(a * a) - mean_a**2, local(b * b) - mean_b**2
    cov = local(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + c1) * (2 * cov + c2)
    return float(np.mean(top / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))))


def _shares(values: Map) -> Map:
    largest = float(values.max())
    return np.asarray(values, np.float64) / largest if largest > 0 else np.zeros(values.shape)


def blurred(tensor: Map) -> Map:
    """A model's input (channels, rows, cols), each channel blurred: what fills in `deletion_insertion`."""
    sigma = BLUR * max(tensor.shape[1:])
    made = [cv2.GaussianBlur(channel, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for channel in tensor]
    return np.stack(made).astype(tensor.dtype)


@dataclass(frozen=True, kw_only=True)
class Perturbed:
    """What becomes of a score, 0..1, while a film is blurred away and comes back.

    Parameters
    ----------
    deletion, insertion : float
        Areas under the score; deletion is good where low, insertion where high.
    whole, filled : float
        The score of the film, and of nothing but the fill.
    """

    deletion: float
    insertion: float
    whole: float
    filled: float


def deletion_insertion(score: Callable[[Map], float], tensor: Map, values: Map, *, seed: int = 0) -> Perturbed:
    """Blur the map's highest cells first, and bring them back first. Petsiuk, Das and Saenko 2018, arXiv 1806.07421.

    Parameters
    ----------
    score : callable
        From an input (channels, rows, cols) to a probability.
    values : ndarray, shape (h, w)
        The map over the same region, on any grid; cells of equal value come in an order drawn by `seed`.
    """
    rows, cols = tensor.shape[1:]
    fine = stretched(values, (rows, cols)).ravel()
    order = np.lexsort((np.random.default_rng(seed).random(fine.size), -fine))
    place = np.empty(fine.size, int)
    place[order] = np.arange(fine.size)
    fill = blurred(tensor)
    whole, filled = score(tensor), score(fill)
    deleted, inserted = [whole], [filled]
    for step in range(1, STEPS):
        first = (place < round(step / STEPS * fine.size)).reshape(rows, cols)
        deleted.append(score(np.where(first, fill, tensor)))
        inserted.append(score(np.where(first, tensor, fill)))
    deletion, insertion = (
        float(np.trapezoid(scores, dx=1 / STEPS)) for scores in ([*deleted, filled], [*inserted, whole])
    )
    return Perturbed(deletion=deletion, insertion=insertion, whole=whole, filled=filled)
