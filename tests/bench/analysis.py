"""One analysis with the models loaded, against the bare passes it needs and one area resize of the film."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from cxrdesk.discovery.loader import load_registry
from cxrdesk.imaging.phantom import child, simulate
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference.pipeline import FilmAnalysis
from cxrdesk.inference.runners import LocalRunner
from tests.bench.report import Line, spread

RUNS = 40
BAR = 1.15
SIDE = 3000


def large_film() -> Radiograph:
    """A child's phantom enlarged to 3000 x 3000, 16 bits stored."""
    film = simulate(child(seed=4, shape=(512, 512))).radiograph
    stored = cv2.resize(film.stored, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return replace(film, stored=stored)


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def run() -> Iterator[Line]:
    """Segmenter and detector with saliency, through the pipeline; the gate's look is counted apart."""
    import torch

    registry = load_registry()
    runner = LocalRunner(registry, device="cpu")
    film = large_film()
    segmenter = registry.segmenters[0]
    detector = next(spec for spec in registry.detectors if spec.id == "pneumonia")

    def opened() -> Radiograph:
        # What is kept for a film once it was looked at must not help the next run.
        again = replace(film, stored=film.stored)
        assert again.digest  # computed when a film is opened
        return again

    def ours(film: Radiograph) -> None:
        analysis = FilmAnalysis(film, registry, runner)
        analysis._looks[film.digest] = look
        result = analysis.detect(detector)
        assert result.findings, result.reasons

    first = FilmAnalysis(film, registry, runner)
    look = first._look(film)
    ours(film)
    lungs = runner.models.loaded[segmenter.id]
    classifier = runner.models.loaded[detector.id]
    lung_input = torch.zeros(1, 1, *segmenter.input.size)
    class_input = torch.zeros(1 + classifier.mirrored, 1, *detector.input.size)

    def bare() -> None:
        with torch.inference_mode():
            lungs.model(lung_input)
        logits = classifier.model(class_input)
        logits.sum().backward()

    def resize() -> None:
        cv2.resize(film.stored, detector.input.size[::-1], interpolation=cv2.INTER_AREA)

    bare(), resize()
    times: dict[str, list[float]] = {"ours": [], "bare": [], "resize": []}
    for _ in range(RUNS):
        fresh = opened()
        times["ours"].append(_timed(lambda: ours(fresh)))  # noqa: B023 - called at once
        times["bare"].append(_timed(bare))
        times["resize"].append(_timed(resize))
    floor = [b + r for b, r in zip(times["bare"], times["resize"], strict=True)]
    ratio = statistics.median(o / f for o, f in zip(times["ours"], floor, strict=True))
    looks = [_timed(lambda: FilmAnalysis(film, registry, runner)._look(film)) for _ in range(5)]
    runner.close()
    yield Line(
        what=f"analysis of a {SIDE} x {SIDE} film / forward passes, backward pass and one area resize",
        value=ratio,
        bar=BAR,
        unit="x",
        told=f"ours {spread(times['ours'])}, passes {spread(times['bare'])}, resize {spread(times['resize'])};"
        f" the gate's look, once a film: {spread(looks)}",
    )
    assert np.isfinite(ratio)
