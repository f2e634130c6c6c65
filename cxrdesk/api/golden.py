"""Golden vectors: films whose tensors and scores are known, so that a changed machine shows itself.

``golden.npz`` holds, for each of at least five films numbered from 0:

``film_{i}``
    uint8 or uint16 (rows, cols), larger = brighter: a simulated film, so that it may be published.
``mask_{structure}_{i}``
    float32 (h, w), for each structure that the spec requires.
``tensor_{i}``
    float32 (channels, rows, cols): the prepared input.
``score_{i}``
    float64 (findings,): probabilities in the spec's order; for a segmenter float32 (h, w), the mask.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.bundle import Bundle, BundleError
from cxrdesk.api.detector import Detector, Mask, ModelInput, Segmenter
from cxrdesk.api.evidence import Calibration
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Window

TENSOR_TOLERANCE = 1e-3
SCORE_TOLERANCE = {"cpu": 1e-4}
OTHER_SCORE_TOLERANCE = 5e-3
FEWEST = 5


def golden_film(stored: NDArray[Any]) -> Radiograph:
    """The film of a golden vector: linear, larger = brighter."""
    bits = stored.dtype.itemsize * 8
    return Radiograph(stored=stored, bits_stored=bits, voi=Window(center=2 ** (bits - 1), width=2**bits))


def record(
    model: Detector | Segmenter, films: list[NDArray[Any]], masks: list[dict[str, Mask]]
) -> dict[str, NDArray[Any]]:
    """The golden vectors of a loaded model on `films`; only recipes do.

    Parameters
    ----------
    masks : list of dict
        For each film the masks that the spec requires.
    """
    if len(films) < FEWEST:
        raise ValueError(f"at least {FEWEST} golden films")
    arrays: dict[str, NDArray[Any]] = {}
    for i, (stored, known) in enumerate(zip(films, masks, strict=True)):
        prepared = _prepared(model, stored, known)
        arrays |= {f"mask_{key}_{i}": mask.values for key, mask in known.items()}
        arrays |= {f"film_{i}": stored, f"tensor_{i}": prepared.tensor, f"score_{i}": _scores(model, prepared)}
    return arrays


def verify(model: Detector | Segmenter, bundle: Bundle) -> list[str]:
    """What a loaded model no longer reproduces; empty if all holds.

    Each sentence begins with its stage: ``preprocessing`` (film to tensor), ``model`` (tensor to score) or ``call``
    (score to the side of an operating point that it falls on).

    Raises
    ------
    BundleError
        If the golden vectors themselves are damaged or incomplete.
    """
    arrays = bundle.golden()
    count = sum(key.startswith("film_") for key in arrays)
    if count < FEWEST:
        return [f"only {count} golden films, at least {FEWEST} are needed"]
    failures = []
    limit = SCORE_TOLERANCE.get(model.context.device, OTHER_SCORE_TOLERANCE)
    for i in range(count):
        try:
            film, tensor, expected = (arrays[f"{part}_{i}"] for part in ("film", "tensor", "score"))
            known = {key: Mask(structure=key, values=arrays[f"mask_{key}_{i}"]) for key in model.spec.requires}
        except KeyError as error:
            text = f"the golden vectors in {bundle.path} lack {error.args[0]}; install the plugin anew"
            raise BundleError("golden-broken", text) from error
        prepared = _prepared(model, film, known)
        off = _difference(prepared.tensor, tensor)
        if not off <= TENSOR_TOLERANCE:
            failures.append(f"preprocessing: golden film {i} differs by {off:.2g}, at most {TENSOR_TOLERANCE}")
        scores = _scores(model, ModelInput(tensor=tensor, box=prepared.box))
        off = _difference(scores, expected)
        if not off <= limit:
            failures.append(f"model: golden film {i} differs by {off:.2g}, at most {limit}")
        elif isinstance(model, Detector):
            failures += [f"call: golden film {i} {flip}" for flip in _flips(model, scores, expected)]
    return failures


def _difference(found: NDArray[Any], expected: NDArray[Any]) -> float:
    """Largest absolute difference; infinite where the shapes differ."""
    return float(np.abs(found - expected).max()) if found.shape == expected.shape else float("inf")


def _flips(model: Detector, scores: NDArray[Any], expected: NDArray[Any]) -> list[str]:
    flips = []
    for point in model.spec.operating_points:
        k = model.spec.findings.index(point.finding)
        calibration = model.spec.calibration.get(point.finding, Calibration())
        now, then = (calibration.apply(float(values[k])) >= point.threshold for values in (scores, expected))
        if now != then:
            flips.append(f"falls on the other side of {point.name!r} for {point.finding}")
    return flips


def _prepared(model: Detector | Segmenter, stored: NDArray[Any], known: dict[str, Mask]) -> ModelInput:
    film = golden_film(stored)
    return model.prepare([film], [known])[0] if isinstance(model, Detector) else model.prepare(film)


def _scores(model: Detector | Segmenter, prepared: ModelInput) -> NDArray[Any]:
    if isinstance(model, Segmenter):
        return model.segment(prepared).values
    probabilities = model.predict([prepared]).probabilities
    return np.array([probabilities[finding] for finding in model.spec.findings])
