"""Checks of saliency maps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import Detector, SaliencyMap
from cxrdesk.api.testing.checks import Skipped, check
from cxrdesk.api.testing.subject import Subject
from cxrdesk.api.testing.weights import randomised

FILMS = 3


def _explaining(subject: Subject) -> None:
    if not issubclass(subject.model, Detector):
        raise Skipped("segmenters give no maps")
    if getattr(subject.spec, "saliency", None) is None:
        raise Skipped("its spec declares no saliency")


@check(
    "saliency-shape",
    title="Maps are finite, at least 0, on the model's grid, one for each film at most",
    method="explain",
    mend="Answer SaliencyMap(finding=finding, values=..., box=item.box, film=i): float32 (rows, cols), never scaled",
)
def saliency_shape(subject: Subject) -> Iterator[str]:
    """Every finding's maps of one study."""
    _explaining(subject)
    model, given = subject.loaded(), subject.study(11)
    inputs = subject.prepared(model, given)
    model.predict(inputs)
    for finding in subject.findings:
        films = set()
        for item in model.explain(inputs, finding):
            if not isinstance(item, SaliencyMap):
                yield f"explain answered with a {type(item).__name__}"
                return
            if item.finding != finding or not 0 <= item.film < len(inputs) or item.film in films:
                yield f"asked about {finding}, it answered about {item.finding}, film {item.film}"
                return
            films.add(item.film)
            yield from _wrong_values(item.values, inputs[item.film].tensor.shape[-2:])


def _wrong_values(values: NDArray[Any], grid: tuple[int, ...]) -> Iterator[str]:
    if values.dtype != np.float32 or values.ndim != 2 or 0 in values.shape:
        yield f"a map is {values.dtype} {values.shape}"
    elif values.shape[0] > grid[0] or values.shape[1] > grid[1]:
        yield f"a map is {values.shape}, finer than the model's input {grid}"
    elif not np.isfinite(values).all() or values.min() < 0:
        yield "a map holds values that are negative or not finite"


@check(
    "saliency-finding",
    title="Maps of different findings are different",
    method="explain",
    mend="Weight or differentiate by the finding that is asked for: index = self.spec.findings.index(finding)",
)
def saliency_finding(subject: Subject) -> Iterator[str]:
    """Every two findings' maps of some films."""
    _explaining(subject)
    if len(subject.findings) < 2:
        raise Skipped("it looks for one finding")
    made = {finding: _values(subject, subject.loaded(), finding) for finding in subject.findings}
    if not any(values.any() for maps in made.values() for values in maps):
        raise Skipped("its maps of all made films are empty")
    for first, second in combinations(subject.findings, 2):
        pairs = list(zip(made[first], made[second], strict=True))
        if any(a.any() for a, _ in pairs) and all(np.array_equal(a, b) for a, b in pairs):
            yield f"the maps of {first} and {second} are the same"


@check(
    "saliency-weights",
    title="Maps change when the weights are randomised",
    method="explain",
    mend="A map that does not need the weights shows the film, not what the model saw (Adebayo et al. 2018)",
)
def saliency_weights(subject: Subject) -> Iterator[str]:
    """Maps of some films before and after."""
    _explaining(subject)
    finding = subject.findings[0]
    with subject.another() as model:
        for seed in range(FILMS):
            given = subject.study(20 + seed)
            before = [item.values for item in subject.maps(model, given, finding)]
            if any(values.any() for values in before):
                break
        else:
            raise Skipped("its maps of all made films are empty")
        if not randomised(model):
            raise Skipped("no torch module and no ONNX file was found whose weights could be randomised")
        after = [item.values for item in subject.maps(model, given, finding)]
    if all(a.shape == b.shape and np.allclose(a, b, rtol=1e-3, atol=1e-7) for a, b in zip(before, after, strict=True)):
        yield f"with random weights the maps of {finding} are the same"


def _values(subject: Subject, model: Any, finding: str) -> list[NDArray[np.float32]]:
    return [item.values for seed in range(FILMS) for item in subject.maps(model, subject.study(20 + seed), finding)]
