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
``box_{i}``
    float64 (4,): x0, y0, x1, y1 of the part of the film that the tensor shows.
``about_{i}``
    Text, JSON: what the film says of itself that `prepare` may use: ``view``, ``pixel_spacing_mm``, ``age_years``.

and for each study of several films, numbered from 0, where the detector takes several:

``study_{k}``
    int64 (films,): numbers of its films, in order.
``study_tensor_{k}_{j}``
    As ``tensor_{i}``, of the j-th film when all are prepared together.
``study_score_{k}``
    float64 (findings,).

The tensors are what the model's own `prepare` makes of the films. Bundles without boxes, facts and studies are valid:
what is not there is not compared.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.bundle import Bundle, BundleError
from cxrdesk.api.detector import Detector, Mask, ModelInput, Segmenter
from cxrdesk.api.evidence import Calibration
from cxrdesk.api.spec import parse_view, view_name
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.voi import Window

TENSOR_TOLERANCE = 1e-3
SCORE_TOLERANCE = {"cpu": 1e-4}
OTHER_SCORE_TOLERANCE = 5e-3
FEWEST = 5


BOX_TOLERANCE = 1e-3
Film = NDArray[Any] | Radiograph
Shown = tuple[Radiograph, dict[str, Mask]]


def golden_film(stored: NDArray[Any], about: str = "{}") -> Radiograph:
    """The film of a golden vector: linear, larger = brighter.

    Parameters
    ----------
    about : str
        JSON of ``about_{i}``.
    """
    bits = stored.dtype.itemsize * 8
    told = json.loads(about)
    facts: dict[str, Any] = {"patient_age_years": told.get("age_years")}
    if told.get("view"):
        facts["view"] = parse_view(told["view"])
    if told.get("pixel_spacing_mm"):
        row, col = told["pixel_spacing_mm"]
        facts["pixel_spacing_mm"] = (row, col)
    return Radiograph(stored=stored, bits_stored=bits, voi=Window(center=2 ** (bits - 1), width=2**bits), **facts)


def _about(film: Film) -> str:
    if not isinstance(film, Radiograph):
        return "{}"
    view = view_name(film.view) if film.view.projection is not None else None
    told = {"view": view, "pixel_spacing_mm": film.pixel_spacing_mm, "age_years": film.patient_age_years}
    return json.dumps({key: value for key, value in told.items() if value is not None})


def _stored(film: Film) -> NDArray[Any]:
    if not isinstance(film, Radiograph):
        return film
    if film.inverted or not film.modality_lut.linear or film.stored.dtype.kind != "u":
        raise ValueError("a golden film is unsigned, linear, and brighter where larger")
    return film.stored


def studies_of(model: Detector, count: int) -> list[list[int]]:
    """Golden films that are shown together: as many as the detector takes, the first ones and the last, reversed."""
    most = min(model.spec.scope.films[1], count)
    return [] if most < 2 else [list(range(most)), list(range(count - 1, count - 1 - most, -1))]


def record(
    model: Detector | Segmenter, films: Sequence[Film], masks: Sequence[dict[str, Mask]]
) -> dict[str, NDArray[Any]]:
    """The golden vectors of a loaded model on `films`; only recipes do.

    Parameters
    ----------
    films : sequence of ndarray or Radiograph
        Of a Radiograph its view, spacing and age are kept too, for a `prepare` that uses them.
    masks : sequence of dict
        For each film the masks that the spec requires.
    """
    if len(films) < FEWEST:
        raise ValueError(f"at least {FEWEST} golden films")
    arrays: dict[str, NDArray[Any]] = {}
    shown: list[Shown] = []
    for i, (film, known) in enumerate(zip(films, masks, strict=True)):
        stored, about = _stored(film), _about(film)
        shown.append((golden_film(stored, about), known))
        (prepared,) = _prepared(model, shown[-1:])
        arrays |= {f"mask_{key}_{i}": mask.values for key, mask in known.items()}
        arrays |= {f"film_{i}": stored, f"tensor_{i}": prepared.tensor, f"score_{i}": _scores(model, [prepared])}
        arrays |= {f"box_{i}": _sides(prepared), f"about_{i}": np.array(about)}
    for k, numbers in enumerate(studies_of(model, len(films)) if isinstance(model, Detector) else ()):
        together = _prepared(model, [shown[i] for i in numbers])
        arrays |= {f"study_tensor_{k}_{j}": item.tensor for j, item in enumerate(together)}
        arrays |= {f"study_{k}": np.array(numbers), f"study_score_{k}": _scores(model, together)}
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
    try:
        return list(_failures(model, arrays, count))
    except KeyError as error:
        text = f"the golden vectors in {bundle.path} lack {error.args[0]}; install the plugin anew"
        raise BundleError("golden-broken", text) from error
    except json.JSONDecodeError as error:
        text = f"what the golden films in {bundle.path} say of themselves is no JSON; install the plugin anew"
        raise BundleError("golden-broken", text) from error


def _failures(model: Detector | Segmenter, arrays: dict[str, NDArray[Any]], count: int) -> Iterator[str]:
    shown: list[Shown] = []
    for i in range(count):
        known = {key: Mask(structure=key, values=arrays[f"mask_{key}_{i}"]) for key in model.spec.requires}
        shown.append((golden_film(arrays[f"film_{i}"], str(arrays.get(f"about_{i}", "{}"))), known))
        tensor, expected = arrays[f"tensor_{i}"], arrays[f"score_{i}"]
        (prepared,) = _prepared(model, shown[-1:])
        yield from _tensor_failures(f"golden film {i}", prepared.tensor, tensor)
        if f"box_{i}" in arrays and not _difference(_sides(prepared), arrays[f"box_{i}"]) <= BOX_TOLERANCE:
            yield f"preprocessing: golden film {i} shows another part of the film"
        given = [ModelInput(tensor=tensor, box=prepared.box)]
        yield from _score_failures(model, f"golden film {i}", given, expected)
    for k in range(count if isinstance(model, Detector) else 0):
        if f"study_{k}" not in arrays:
            return
        together = _prepared(model, [shown[int(i)] for i in arrays[f"study_{k}"]])
        given = []
        for j, prepared in enumerate(together):
            tensor = arrays[f"study_tensor_{k}_{j}"]
            yield from _tensor_failures(f"film {j} of golden study {k}", prepared.tensor, tensor)
            given.append(ModelInput(tensor=tensor, box=prepared.box))
        yield from _score_failures(model, f"golden study {k}", given, arrays[f"study_score_{k}"])


def _tensor_failures(which: str, found: NDArray[Any], expected: NDArray[Any]) -> Iterator[str]:
    off = _difference(found, expected)
    if not off <= TENSOR_TOLERANCE:
        yield f"preprocessing: {which} differs by {off:.2g}, at most {TENSOR_TOLERANCE}"


def _score_failures(
    model: Detector | Segmenter, which: str, given: list[ModelInput], expected: NDArray[Any]
) -> Iterator[str]:
    limit = SCORE_TOLERANCE.get(model.context.device, OTHER_SCORE_TOLERANCE)
    scores = _scores(model, given)
    off = _difference(scores, expected)
    if not off <= limit:
        yield f"model: {which} differs by {off:.2g}, at most {limit}"
    elif isinstance(model, Detector):
        yield from (f"call: {which} {flip}" for flip in _flips(model, scores, expected))


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


def _prepared(model: Detector | Segmenter, shown: Sequence[Shown]) -> list[ModelInput]:
    if isinstance(model, Detector):
        return model.prepare([film for film, _ in shown], [known for _, known in shown])
    return [model.prepare(film) for film, _ in shown]


def _sides(prepared: ModelInput) -> NDArray[np.float64]:
    box = prepared.box
    return np.array([box.x0, box.y0, box.x1, box.y1])


def _scores(model: Detector | Segmenter, prepared: list[ModelInput]) -> NDArray[Any]:
    if isinstance(model, Segmenter):
        return model.segment(prepared[0]).values
    probabilities = model.predict(prepared).probabilities
    return np.array([probabilities[finding] for finding in model.spec.findings])
