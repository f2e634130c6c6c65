"""How a bundle begins: a network's weights, a spec, and golden vectors on simulated films. Only recipes need it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.bundle import ONNX, TORCHSCRIPT, WEIGHTS, write_bundle
from cxrdesk.api.detector import Detector, Mask, Segmenter
from cxrdesk.api.golden import Film, record
from cxrdesk.imaging.phantom import Opacity, adult, child, simulate

__all__ = ["ONNX", "TORCHSCRIPT", "WEIGHTS", "golden_films", "make_bundle"]

GOLDEN_SHAPE = (256, 256)
"""Small, so that golden vectors stay below 1 MB."""


def make_bundle(
    model: type[Detector] | type[Segmenter],
    spec: Any,
    weights: bytes,
    folder: Path,
    *,
    weights_file: str = WEIGHTS,
    films: list[Film] | None = None,
    **told: Any,
) -> Path:
    """Write a bundle whose golden vectors are what the model says of films now; nothing is measured.

    Parameters
    ----------
    model : type
        Without a spec of its own, or with another.
    spec : DetectorSpec or SegmenterSpec
        What is declared; the digest of the weights is filled in.
    weights : bytes
        Content of the weights file.
    weights_file : str
        Its kind: one of `cxrdesk.api.bundle.WEIGHT_FILES`.
    films : list, optional
        Films that may be published, as `cxrdesk.api.golden.record` takes them; `golden_films` where not given.
    told : JSON types
        ``training`` and ``evaluation`` of the bundle.
    """
    shown = list(golden_films()) if films is None else films
    spec = replace(spec, weights_sha256=hashlib.sha256(weights).hexdigest(), bundle=None)
    write_bundle(folder, spec, weights, {}, weights_file=weights_file)
    made = type(model.__name__, (model,), {"spec": replace(spec, bundle=folder)})()
    made.load()
    try:
        masks = [{key: Mask(structure=key, values=outline()) for key in spec.requires} for _ in shown]
        golden = record(made, shown, masks)
    finally:
        made.unload()
    return write_bundle(folder, spec, weights, golden, weights_file=weights_file, **told)


def golden_films() -> list[NDArray[np.uint8]]:
    """Six simulated films, 8 bits: children and adults, with and without an opacity; they may be published."""
    made = [child(seed=11), child(seed=12, opacity=Opacity()), child(seed=13, opacity=Opacity(side="left"))]
    made += [adult(seed=14), adult(seed=15, opacity=Opacity()), adult(seed=16)]
    films = []
    for parameters in made:
        film = simulate(replace(parameters, shape=GOLDEN_SHAPE)).radiograph
        lo, hi = film.value_range
        films.append(np.clip((film.pixels - lo) * (255 / (hi - lo)), 0, 255).astype(np.uint8))
    return films


def outline(side: int = 64) -> NDArray[np.float32]:
    """Two ellipses beside each other, as lungs lie."""
    rows, cols = np.mgrid[0:side, 0:side] / (side - 1)
    inside = np.zeros((side, side), bool)
    for center in (0.3, 0.7):
        inside |= ((cols - center) / 0.15) ** 2 + ((rows - 0.5) / 0.35) ** 2 <= 1
    return inside.astype(np.float32)
