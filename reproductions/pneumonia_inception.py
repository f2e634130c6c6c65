"""Study: the Inception-inspired pneumonia classifier as described, and the same network cured.

As described it sees each film as it is, for five epochs, and calls at 0.5; three times as many films show pneumonia as
do not. Cured, both classes weigh the same, training films are changed at random by the same means as the shipped
detector's are, and the threshold is chosen on the tuning films. Last, the network as described learns from films whose
lungs are covered, and from the outermost part of films alone, of every film the same, so that the size of what is
covered tells nothing: what it can still tell, it does not tell from the lungs.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logit

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.preprocess import mask_box
from cxrdesk.training.augment import Geometry, appearance, warp
from cxrdesk.training.masks import drawn_mask
from reproductions.cells import HALF, balanced, cell
from reproductions.films import FOLDS, Films, paediatric
from reproductions.inception import SIDE, build
from reproductions.learning import Learning
from reproductions.runs import Run, run
from reproductions.seeds import difference
from reproductions.shipped import pneumonia_scores, shipped_threshold

SEEDS = 5
FEWER_SEEDS = 2
"""Of the other kinds of training; five tell how much a short training as described hangs on its seed."""
EPOCHS, BATCH, RATE = 5, 64, 1e-3
CURED_EPOCHS = 10
COVER, COVERED_MARGIN = 128, 0.06
"""A grey, and the share of the box's side that is covered beside it."""
RIM = 0.1
_GEOMETRY = Geometry(rotation_degrees=8.0, scale=0.08, aspect=0.15, shift=0.04, flip=0.5)
_STRENGTH = 0.6

adam = partial(torch.optim.Adam, lr=RATE, eps=1e-7)
"""With the epsilon of Keras."""
AS_DESCRIBED = Learning(epochs=EPOCHS, batch=BATCH, optimiser=adam)


def changed(film: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A film as another unit might have made it."""
    size = (film.shape[0], film.shape[1])
    moved = warp(film, _GEOMETRY.draw(rng, size, size), size)
    return np.asarray(appearance(moved, rng, _STRENGTH) * 255 + 0.5, np.uint8)


def covered(films: Films) -> Films:
    """Films with one grey over the lungs' bounding box, by the annotators' outlines, and a little around it.

    Films that nobody outlined are left out.

    Raises
    ------
    UserError
        If nobody outlined any (``"no-data"``).
    """
    some = films.of(np.array([row.mask is not None for row in films.rows]))
    if not some.rows:
        raise UserError("no-data", "No film has outlined lungs; the folder of the data sets lacks kermany_lungs.")
    pixels = some.pixels.copy()
    side = pixels.shape[1]
    for film, row in zip(pixels, some.rows, strict=True):
        box = mask_box(drawn_mask(row, film.shape).astype(np.float32) / 255).grown(COVERED_MARGIN)
        film[int(box.y0 * side) : round(box.y1 * side), int(box.x0 * side) : round(box.x1 * side)] = COVER
    return replace(some, pixels=pixels)


def rim(films: Films) -> Films:
    """Films with one grey over all but the outermost `RIM` of each side."""
    pixels = films.pixels.copy()
    edge = round(RIM * pixels.shape[1])
    pixels[:, edge:-edge, edge:-edge] = COVER
    return replace(films, pixels=pixels)


CURED = Learning(epochs=CURED_EPOCHS, batch=BATCH, optimiser=adam, weighted=True, change=changed)
DESCRIBED = "as described"
HIDDEN = {"as described, lungs covered": covered, "as described, rim alone": rim}
VARIANTS = {DESCRIBED: AS_DESCRIBED, "cured": CURED} | dict.fromkeys(HIDDEN, AS_DESCRIBED)


def study(data: Path | None, out: Path, *, seeds: int = SEEDS) -> dict[str, Any]:
    """Every variant on every fold for every seed; figures by variant and fold as JSON types."""
    films = paediatric(data, SIDE)
    shown = {name: HIDDEN[name](films) if name in HIDDEN else films for name in VARIANTS}
    counts = {name: seeds if name == DESCRIBED else min(seeds, FEWER_SEEDS) for name in VARIANTS}
    # Seed after seed, so that what was cut off has told something about each fold.
    for name, how in VARIANTS.items():
        for seed, fold in itertools.product(range(counts[name]), FOLDS):
            run(out, name, build, shown[name], fold, how, seed)
    return {name: _variant(name, shown[name], out, counts[name]) for name in VARIANTS}


def _variant(name: str, films: Films, out: Path, seeds: int) -> dict[str, Any]:
    found = {}
    for fold in FOLDS:
        runs = [run(out, name, build, films, fold, VARIANTS[name], seed) for seed in range(seeds)]
        at = [balanced(one.tune) if name == "cured" else HALF for one in runs]
        if name in HIDDEN:
            # The shipped detector refuses what shows no lungs.
            found[fold.name] = cell(runs, at, None)
        else:
            shipped = pneumonia_scores(fold, fold.parts(films)[2], out)
            told = cell(runs, at, shipped, shipped_threshold(fold))
            found[fold.name] = told | {"beside_shipped": _beside(runs, shipped)}
    return found


def _beside(runs: Sequence[Run], shipped: NDArray[np.float64]) -> dict[str, float]:
    """What the shipped detector's area would gain from this network beside it.

    Together they answer by the mean of both log odds, each in units of its own deviation over the films.
    """
    seen = np.isfinite(shipped)
    report = runs[0].report.of(seen)
    scores = np.stack([one.report.probabilities[seen] for one in runs])
    alone = np.tile(shipped[seen], (len(runs), 1))
    return difference(report.labels, _log_odds(scores) + _log_odds(alone), alone, report.patients)


def _log_odds(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of scores (seeds, n), in units of each seed's deviation."""
    found = logit(np.clip(scores, 1e-6, 1 - 1e-6))
    return np.asarray(found / found.std(axis=1, keepdims=True))
