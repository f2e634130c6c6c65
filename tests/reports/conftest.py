"""Real results of small models, made by the pipeline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from cxrdesk.api import Radiograph
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.result import DetectorResult, MaskResult
from cxrdesk.inference.runners import LocalRunner
from tests import support


@dataclass(frozen=True)
class Results:
    film: Radiograph
    masks: tuple[MaskResult, ...]
    detectors: tuple[DetectorResult, ...]


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Results]:
    """Run models over a film; the film check says chest, and torch is not asked for a device."""
    monkeypatch.setattr("cxrdesk.imaging.quality.look", lambda film: support.CHEST)
    monkeypatch.setattr("cxrdesk.inference.devices.choose", lambda wanted: "cpu")

    def run(*models: type, film: Radiograph | None = None, **options: object) -> Results:
        film = support.film() if film is None else film
        registry = support.registry_of(*(models or (support.HalfLungs, support.spying())))
        runner = LocalRunner(registry)
        analysis = FilmAnalysis(film, registry, runner, options=Options(**options))
        masks = tuple(analysis.segment(spec) for spec in registry.segmenters)
        detectors = tuple(analysis.detect(spec) for spec in registry.detectors)
        runner.close()
        return Results(film, masks, detectors)

    return run
