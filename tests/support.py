"""Films, specs and small models without torch, for tests of what runs them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cxrdesk.api import (
    Calibration,
    Detector,
    DetectorSpec,
    Estimate,
    Evidence,
    FilmScope,
    InputSpec,
    Mask,
    OperatingPoint,
    Prediction,
    Projection,
    Radiograph,
    Saliency,
    SaliencyMap,
    Segmenter,
    SegmenterSpec,
    View,
)
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.imaging.quality import FilmLook
from cxrdesk.imaging.radiograph import ModalityLut
from cxrdesk.imaging.voi import Window

CHEST = FilmLook(likeness=0.9, threshold=0.5)
NO_CHEST = FilmLook(likeness=0.1, threshold=0.5)
WEIGHTS = "a" * 64
INPUT = InputSpec(size=(16, 16))


def film(seed: int = 0, **changes: Any) -> Radiograph:
    """Noise that calls itself an AP chest film of a child of three."""
    stored = np.random.default_rng(seed).integers(0, 4096, (160, 140)).astype(np.uint16)
    made = Radiograph(
        stored=stored,
        bits_stored=12,
        voi=Window(center=2048, width=4096),
        patient_age_years=3.0,
        view=View(body_part="chest", projection=Projection.AP),
        modality="CR",
    )
    return replace(made, **changes)


def with_table(made: Radiograph) -> Radiograph:
    """The film with a modality LUT table of as many entries as there are stored values."""
    table = np.sqrt(np.arange(1 << 16, dtype=np.float32))
    return replace(made, modality_lut=ModalityLut(table=table, first=-5))


def estimate(value: float = 0.9) -> Estimate:
    return Estimate(value=value, low=value - 0.05, high=value + 0.05, n=100)


def point(preprocessing: InputSpec = INPUT, **changes: Any) -> OperatingPoint:
    made = OperatingPoint(
        name="balanced",
        finding="pneumonia",
        threshold=0.5,
        aim="test",
        sensitivity=estimate(),
        specificity=estimate(0.8),
        measured_on="test",
        weights_sha256=WEIGHTS,
        preprocessing_sha256=preprocessing.digest(),
    )
    return replace(made, **changes)


def detector_spec(**changes: Any) -> DetectorSpec:
    made = DetectorSpec(
        id="test-detector",
        version="1.0",
        name="Test",
        looks_for="what the test wants",
        scope=FilmScope(views=("chest-ap", "chest-pa"), age_years=(1.0, 6.0)),
        input=INPUT,
        evidence=Evidence.INTERNAL,
        weights_sha256=WEIGHTS,
        findings=("pneumonia",),
        operating_points=(point(),),
        calibration={"pneumonia": Calibration(method="platt", slope=2.0, offset=0.5)},
        saliency=Saliency(method="test", reference={"pneumonia": 2.0}),
    )
    return replace(made, **changes)


def segmenter_spec(**changes: Any) -> SegmenterSpec:
    made = SegmenterSpec(
        id="test-lungs",
        version="1.0",
        name="Lungs",
        looks_for="both lungs",
        scope=FilmScope(views=("chest-frontal",), stated_view=False),
        input=INPUT,
        evidence=Evidence.INTERNAL,
        weights_sha256="b" * 64,
        structure="lungs",
    )
    return replace(made, **changes)


class Spy(Detector):
    """Answers `score` and keeps what was called on the class, which each test subclasses anew by `spying`."""

    spec = detector_spec()
    score: float = 0.8
    calls: list[str]

    def load(self) -> None:
        self.calls.append("load")

    def unload(self) -> None:
        self.calls.append("unload")

    def prepare(self, films, masks):
        self.calls.append("prepare")
        return super().prepare(films, masks)

    def predict(self, inputs):
        self.calls.append("predict")
        return Prediction(probabilities={"pneumonia": self.score})

    def explain(self, inputs, finding):
        self.calls.append("explain")
        values = np.zeros((4, 4), np.float32)
        values[:, :2] = 1.0
        return [SaliencyMap(finding=finding, values=values, box=inputs[0].box)]


def spying(base: type[Detector] = Spy, **changes: Any) -> type[Detector]:
    return type(base.__name__, (base,), {"calls": [], **changes})


class HalfLungs(Segmenter):
    """The left half of every film."""

    spec = segmenter_spec()
    columns = 8

    def segment(self, model_input):
        values = np.zeros((16, 16), np.float32)
        values[:, : self.columns] = 1.0
        return Mask(structure="lungs", values=values)


def registry_of(*models: type) -> Registry:
    """A registry of one plugin with these classes."""
    return Registry(
        [
            Plugin(
                name="test",
                distribution="cxrdesk-test",
                version="1.0",
                detectors=tuple(m for m in models if issubclass(m, Detector)),
                segmenters=tuple(m for m in models if issubclass(m, Segmenter)),
            )
        ]
    )
