"""Specs, results and a queue to drive the window with."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np

from cxrdesk.api.detector import Detector, Mask, Prediction, SaliencyMap, Segmenter
from cxrdesk.api.evidence import Calibration, Estimate, Evidence, OperatingPoint
from cxrdesk.api.spec import DetectorSpec, FilmScope, Saliency, SegmenterSpec
from cxrdesk.discovery.registry import Plugin, PluginFailure, Registry
from cxrdesk.imaging.preprocess import Box, InputSpec
from cxrdesk.imaging.radiograph import Projection, Radiograph, View
from cxrdesk.imaging.voi import VoiFunction, Window
from cxrdesk.inference.events import DetectorDone, Event, JobDone, MaskDone, Progress
from cxrdesk.inference.result import Call, DetectorResult, FindingResult, MaskResult, Reason, SaliencyResult, Status


def _estimate(value: float) -> Estimate:
    return Estimate(value=value, low=value - 0.02, high=min(1.0, value + 0.015), n=788)


def _point(name: str, threshold: float, sensitivity: float, specificity: float) -> OperatingPoint:
    return OperatingPoint(
        name=name,
        finding="pneumonia",
        threshold=threshold,
        aim="largest sum of sensitivity and specificity on the tuning films",
        sensitivity=_estimate(sensitivity),
        specificity=_estimate(specificity),
        measured_on="788 held-out films of another split",
        weights_sha256="0" * 64,
        preprocessing_sha256="1" * 64,
    )


POINTS = (
    _point("balanced", 0.62, 0.964, 0.957),
    _point("sensitive", 0.21, 0.983, 0.9),
    _point("specific", 0.93, 0.9, 0.982),
)
PNEUMONIA = DetectorSpec(
    id="test-pneumonia",
    version="1.2.0",
    name="Pneumonia in children",
    looks_for="Looks for signs of pneumonia on a frontal chest film of a child from 1 to 5 years.",
    scope=FilmScope(views=("chest-ap", "chest-pa"), age_years=(1.0, 6.0)),
    input=InputSpec(size=(64, 64)),
    evidence=Evidence.INTERNAL,
    trained_on="films of children",
    licence="CC BY 4.0",
    findings=("pneumonia",),
    operating_points=POINTS,
    calibration={"pneumonia": Calibration(method="platt", slope=1.1, offset=0.2, fitted_on="the tuning films")},
    saliency=Saliency(method="Grad-CAM", reference={"pneumonia": 2.0}),
    prevalence={"pneumonia": 0.74},
)
LUNGS = SegmenterSpec(
    id="test-lungs",
    version="1.0",
    name="Lung outlines",
    looks_for="both lungs, with the part behind the heart.",
    scope=FilmScope(views=("chest-frontal",), stated_view=False),
    input=InputSpec(size=(64, 64)),
    evidence=Evidence.INTERNAL,
    structure="lungs",
    dice={"children": Estimate(value=0.968, low=0.966, high=0.97, n=760)},
)


class FakeDetector(Detector):
    spec = PNEUMONIA

    def predict(self, inputs: object) -> Prediction:
        raise AssertionError("the window's process must not run models")


class FakeSegmenter(Segmenter):
    spec = LUNGS

    def segment(self, model_input: object) -> Mask:
        raise AssertionError("the window's process must not run models")


def registry(*failures: PluginFailure) -> Registry:
    plugin = Plugin(
        name="test",
        distribution="cxrdesk-test",
        version="1.2.0",
        detectors=(FakeDetector,),
        segmenters=(FakeSegmenter,),
    )
    return Registry([plugin], failures)


FAILURES = (
    PluginFailure(
        name="broken", distribution="cxrdesk-broken", version="0.3", code="import-failed",
        reason="importing cxrdesk_broken raised ModuleNotFoundError: No module named 'somelib'",
    ),
    PluginFailure(
        name="later", distribution="cxrdesk-later", version="4.0", code="api-version",
        reason="it was written for API 2.0, and this cxrdesk offers 0.9; install a newer cxrdesk",
    ),
)  # fmt: skip


def film(seed: int = 0, *, shape: tuple[int, int] = (220, 200), **changes: object) -> Radiograph:
    """A bright field with two dark ellipses."""
    rows, cols = shape
    y, x = np.mgrid[0:rows, 0:cols]
    stored = 3000 - 400 * np.hypot((x - cols / 2) / cols, (y - rows / 2) / rows)
    for side in (0.3, 0.7):
        stored -= 1500 * ((((x - side * cols) / (0.16 * cols)) ** 2 + ((y - rows / 2) / (0.33 * rows)) ** 2) < 1)
    stored += np.random.default_rng(seed).normal(0, 30, shape)
    made = Radiograph(
        stored=stored.clip(0, 4095).astype(np.uint16),
        bits_stored=12,
        voi=Window(center=2000.0, width=3000.0, function=VoiFunction.LINEAR),
        view=View(body_part="chest", projection=Projection.AP),
        patient_age_years=3.0,
        modality="CR",
        pixel_spacing_mm=(0.8, 0.8),
        spacing_source="imager",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def _ellipses(side: int = 64) -> np.ndarray:
    y, x = np.mgrid[0:side, 0:side] / side
    inside = [((x - c) / 0.16) ** 2 + ((y - 0.5) / 0.33) ** 2 < 1 for c in (0.3, 0.7)]
    return np.logical_or(*inside).astype(np.float32)


def mask_done(film_digest: str, status: Status = Status.DONE, *reasons: Reason) -> MaskResult:
    mask = Mask(structure="lungs", values=_ellipses()) if status is Status.DONE else None
    return MaskResult(
        spec=LUNGS,
        film=film_digest,
        status=status,
        reasons=reasons,
        mask=mask,
        area_share=0.33,
        device="cpu",
        seconds_s=0.2,
    )


def saliency(peak: float = 2.4) -> SaliencyResult:
    y, x = np.mgrid[0:7, 0:7]
    values = peak * np.exp(-((x - 1.6) ** 2 + (y - 4.2) ** 2) / 2.2)
    return SaliencyResult(
        map=SaliencyMap(
            finding="pneumonia", values=values.astype(np.float32), box=Box(x0=0.08, y0=0.12, x1=0.92, y1=0.9)
        ),
        reference=2.0,
        lung_share=0.87,
    )


def scored(
    film_digest: str, probability: float, call: Call, *, peak: float = 2.4, reasons: tuple[Reason, ...] = ()
) -> DetectorResult:
    finding = FindingResult(
        finding="pneumonia",
        raw=probability * 0.97,
        probability=probability,
        calibration="platt",
        operating_point=POINTS[0] if call is not Call.INDETERMINATE else None,
        call=call,
        reasons=reasons,
        saliency=(saliency(peak),),
    )
    return DetectorResult(
        spec=PNEUMONIA, films=(film_digest,), status=Status.DONE, findings=(finding,), device="cpu", seconds_s=0.8
    )


def unscored(film_digest: str, status: Status, *reasons: Reason) -> DetectorResult:
    return DetectorResult(spec=PNEUMONIA, films=(film_digest,), status=status, reasons=reasons)


class FakeQueue:
    """Takes jobs and does nothing; a test says what comes of them."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self.submitted: list[tuple[int, Radiograph, str]] = []
        self.companions: dict[int, tuple[Radiograph, ...]] = {}
        self.cancelled: list[tuple[int, str | None]] = []

    def submit(
        self, film: Radiograph, *, companions: tuple[Radiograph, ...] = (), operating_point: str = "balanced"
    ) -> int:
        number = next(self._numbers)
        self.submitted.append((number, film, operating_point))
        self.companions[number] = companions
        return number

    def cancel(self, job: int, model_id: str | None = None) -> None:
        self.cancelled.append((job, model_id))


def events(job: int, digest: str, mask: MaskResult, detector: DetectorResult) -> list[Event]:
    """What a worker tells about a job, in its order."""
    return [
        Progress(job=job, film=digest, model_id=LUNGS.id, stage="queued"),
        Progress(job=job, film=digest, model_id=PNEUMONIA.id, stage="queued"),
        Progress(job=job, film=digest, model_id=LUNGS.id, stage="masks", share=0.0),
        MaskDone(job=job, film=digest, result=mask),
        Progress(job=job, film=digest, model_id=PNEUMONIA.id, stage="scoring", share=0.5),
        DetectorDone(job=job, film=digest, result=detector),
        JobDone(job=job, film=digest),
    ]
