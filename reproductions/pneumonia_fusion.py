"""Study: lung segmentation, the mask as an alpha channel, and features of three networks fused.

The published system starts its extractors from ImageNet. No such weights are here: each extractor learns the task for
a short while on the training films of its fold, from random weights, and is then left as it is. Its features are kept,
and a shallow classifier learns over them. One training of each extractor serves all seeds of the classifier, so that
the deviation over seeds is that of the classifier alone. The outlines are those of the shipped segmenter, which learnt
outlines, and no label, from the training split of every family.

Outlines keep more of a film than lungs, namely where these lie in it: the lungs' box alone stands beside, and what
classifiers make of outlines without a single pixel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reproductions.cells import balanced, cell
from reproductions.extractors import EXTRACTORS, Features, classified, extracted, extractor
from reproductions.films import FOLDS, Films, Fold, paediatric
from reproductions.framing import UNSEEN, answered, cut
from reproductions.learning import Learning, learn, one_cycle
from reproductions.lung_masks import lungs_mark, mask_figures, outlined
from reproductions.runs import Run, Scored, file_of, kept
from reproductions.seeds import difference, paired
from reproductions.shipped import pneumonia_scores, shipped_threshold

SIDE = 80
SEEDS = 5
EPOCHS = 20
"""Of the classifier, as published."""
START = Learning(
    epochs=2,
    batch=32,
    optimiser=partial(torch.optim.AdamW, lr=1e-3, weight_decay=1e-2),
    weighted=True,
    schedule=one_cycle,
)
"""Of the extractors, in place of ImageNet."""
STARTED_FROM = "random weights, no ImageNet weights are here; extractors learnt two epochs of the fold's training films"
BOX = "lungs' box"
KINDS = {"whole film": 3, "masked, 3 channels": 3, "masked, 4 channels": 4, BOX: 3}
"""What an extractor sees, and its channels."""
FUSED = "fused"
SUBSETS = {name: (name,) for name in EXTRACTORS} | {FUSED: tuple(EXTRACTORS)}
PARTS = ("train", "tune", "report")


def pictures(films: Films, masks: NDArray[np.uint8], boxed: NDArray[np.uint8], kind: str) -> Films:
    """Films as an extractor sees them, (n, channels, side, side); outside the lungs a masked film is black."""
    grey = boxed if kind == BOX else films.pixels
    if kind.startswith("masked"):
        grey = np.asarray((grey.astype(np.uint16) * masks + 127) // 255, np.uint8)
    alpha = [masks] if KINDS[kind] == 4 else []
    return Films(pixels=np.stack([grey, grey, grey, *alpha], axis=1), labels=films.labels, rows=films.rows)


def study(data: Path, out: Path, *, seeds: int = SEEDS) -> dict[str, Any]:
    """Masks against drawn ones; each kind of picture with each extractor alone and fused, on every fold."""
    films = paediatric(data, SIDE)
    masks, refused = outlined(films, out)
    boxed = kept(file_of(out, "boxes", str(SIDE), lungs_mark()), lambda: {"films": cut(films, masks)})["films"]
    told: dict[str, Any] = {
        "started_from": STARTED_FROM,
        "side": SIDE,
        "masks": mask_figures(data, out),
        "films_without_outline": refused,
        "folds": {},
    }
    for fold in FOLDS:
        runs, seconds = {}, {}
        for kind in KINDS:
            parts = dict(zip(PARTS, fold.parts(pictures(films, masks, boxed, kind)), strict=True))
            features = {name: _features(out, parts, fold, kind, name) for name in EXTRACTORS}
            seconds[kind] = {name: round(float(one["seconds_s"])) for name, one in features.items()}
            for subset in SUBSETS:
                runs[kind, subset] = _runs(out, parts, features, fold, kind, subset, seeds)
        shipped = pneumonia_scores(fold, fold.parts(films)[2], out), shipped_threshold(fold)
        unseen = {name: _without_pixels(out, replace(films, pixels=masks), fold, name) for name in UNSEEN}
        told["folds"][fold.name] = {
            "cells": {
                kind: {
                    subset: cell(runs[kind, subset], [balanced(r.tune) for r in runs[kind, subset]], *shipped)
                    for subset in SUBSETS
                }
                for kind in KINDS
            },
            "no_pixels": {name: cell([one], [balanced(one.tune)], None) for name, one in unseen.items()},
            "extractors_seconds": seconds,
            "differences": _differences(runs),
        }
    return told


def _differences(runs: dict[tuple[str, str], list[Run]]) -> dict[str, Any]:
    """What each part of the system brings: areas of the full system less those without the part."""
    full = ("masked, 4 channels", FUSED)
    others = {
        "alpha channel": ("masked, 3 channels", FUSED),
        "mask and alpha channel": ("whole film", FUSED),
        "masked film over the lungs' box": (BOX, FUSED),
        **{f"fusion over {name}": (full[0], name) for name in EXTRACTORS},
    }
    report = runs[full][0].report
    scores = {key: np.stack([one.report.probabilities for one in runs[key]]) for key in (full, *others.values())}
    found = {}
    for name, key in others.items():
        tests = [paired(report.labels, a, b, report.patients) for a, b in zip(scores[full], scores[key], strict=True)]
        found[name] = difference(report.labels, scores[full], scores[key], report.patients)
        found[name]["delong_p"] = [test["p"] for test in tests]
    return found


def _features(out: Path, parts: dict[str, Films], fold: Fold, kind: str, name: str) -> dict[str, Any]:
    """An extractor's features of a fold's films, and the seconds that its training and they took."""

    def made() -> Features:
        torch.manual_seed(0)
        network = extractor(name, KINDS[kind])
        learn(network, parts["train"], START, 0, f"{name}, {kind}, {fold.name}")
        return {part: extracted(network, films).astype(np.float16) for part, films in parts.items()}

    return kept(file_of(out, "features", name, kind, fold.name), made)


def _runs(
    out: Path, parts: dict[str, Films], features: dict[str, Any], fold: Fold, kind: str, subset: str, seeds: int
) -> list[Run]:
    joined = {part: np.hstack([features[name][part] for name in SUBSETS[subset]]).astype(np.float32) for part in PARTS}
    widths = [features[name]["train"].shape[1] for name in SUBSETS[subset]]
    made = []
    for seed in range(seeds):
        found = kept(
            file_of(out, subset, kind, fold.name, f"seed {seed}"),
            partial(classified, joined, widths, parts["train"].labels, seed, epochs=EPOCHS),
        )
        made.append(_run(found, parts))
    return made


def _without_pixels(out: Path, masks: Films, fold: Fold, name: str) -> Run:
    """The answer of a classifier that is shown outlines alone."""
    parts = dict(zip(PARTS, fold.parts(masks), strict=True))

    def made() -> dict[str, NDArray[np.float64]]:
        return answered({part: UNSEEN[name](films.pixels) for part, films in parts.items()}, parts["train"].labels)

    return _run(kept(file_of(out, name, fold.name), made), parts)


def _run(found: Mapping[str, Any], parts: Mapping[str, Films]) -> Run:
    scored = {
        part: Scored(labels=parts[part].labels, probabilities=found[part], patients=parts[part].patients)
        for part in ("tune", "report")
    }
    return Run(**scored, seconds_s=float(found["seconds_s"]))
