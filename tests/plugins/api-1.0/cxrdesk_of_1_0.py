"""A plugin written against plugin API 1.0, kept as it was: every later 1.x must list it, run it and answer the same."""

from __future__ import annotations

import numpy as np

from cxrdesk.api import (
    FINDINGS,
    STRUCTURES,
    WHOLE_FILM,
    Box,
    Calibration,
    Detector,
    DetectorSpec,
    Estimate,
    Evidence,
    FilmScope,
    InputSpec,
    Mask,
    Masks,
    ModelInput,
    OperatingPoint,
    Prediction,
    Projection,
    Radiograph,
    Rendering,
    Saliency,
    SaliencyMap,
    Segmenter,
    SegmenterSpec,
    hookimpl,
)
from cxrdesk.api.perturbation import Occlusion

CXRDESK_API = "1.0"
SHA = "0" * 64


class Halves(Segmenter):
    """The left and right thirds of a film."""

    spec = SegmenterSpec(
        id="of-1-0-thirds",
        version="1.0",
        name="Thirds",
        looks_for="Outlines two thirds of every film.",
        scope=FilmScope(views=("chest-frontal",), modalities=("CR", "DX"), min_size=(64, 64), stated_view=False),
        input=InputSpec(size=(24, 24), percentiles=(0, 100), mean=0.0, std=1.0),
        structure="lungs",
        dice={"all": Estimate(value=0.5, low=0.4, high=0.6, n=10)},
    )

    def segment(self, model_input: ModelInput) -> Mask:
        assert self.spec.structure in STRUCTURES
        rows, cols = model_input.tensor.shape[1:]
        values = np.zeros((rows, cols), np.float32)
        values[:, : cols // 3] = values[:, -cols // 3 :] = 1.0
        return Mask(structure=self.spec.structure, values=values)


class Brightness(Detector):
    """Mean brightness of the lungs' box and of the middle, over frontal and lateral films."""

    spec = DetectorSpec(
        id="of-1-0-brightness",
        version="1.0",
        name="Brightness",
        looks_for="Tells bright films from dark ones.",
        scope=FilmScope(views=("chest-frontal", "chest-lateral"), age_years=(0.0, 120.0), films=(1, 2)),
        input=InputSpec(size=(32, 24), region="lungs", margin=0.05, percentiles=(2, 98), mean=0.4, std=0.3),
        requires=("lungs",),
        evidence=Evidence.INTERNAL,
        weights_sha256=SHA,
        findings=("opacity", "effusion"),
        operating_points=(
            OperatingPoint(
                name="balanced",
                finding="opacity",
                threshold=0.5,
                aim="chosen for this example",
                sensitivity=Estimate(value=0.9, low=0.8, high=0.95, n=100),
                specificity=None,
                measured_on="nothing",
                weights_sha256=SHA,
                preprocessing_sha256=SHA,
            ),
        ),
        calibration={"opacity": Calibration(method="platt", slope=1.5, offset=-0.2, fitted_on="nothing")},
        saliency=Saliency(method="occlusion", reference={"opacity": 0.5}),
        prevalence={"opacity": 0.3},
        trained_on="nothing",
        licence="CC0-1.0",
    )

    def load(self) -> None:
        assert self.context.device
        assert all(finding in FINDINGS for finding in self.spec.findings)
        self.weights = np.linspace(-0.1, 0.1, 24, dtype=np.float32)

    def prepare(self, films: list[Radiograph], masks: list[Masks]) -> list[ModelInput]:
        made = []
        for film, item in zip(films, super().prepare(films, masks), strict=True):
            lateral = film.view.projection is Projection.LATERAL
            # What a film tells of itself.
            low, high = film.value_range
            rows, cols = film.shape
            assert low < high
            assert film.pixels.shape == film.stored.shape == (rows, cols)
            assert film.pixel_spacing_mm is None or min(film.pixel_spacing_mm) > 0
            assert film.modality in ("CR", "DX", "RG", None)
            assert film.source in ("dicom", "raster", "phantom")
            assert len(film.digest) == 64
            made.append(ModelInput(tensor=item.tensor * np.float32(0.5 if lateral else 1.0), box=item.box))
        return made

    def predict(self, inputs: list[ModelInput]) -> Prediction:
        self.context.check()
        odds = np.mean([self._odds(item.tensor[np.newaxis])[0] for item in inputs])
        share = float(1 / (1 + np.exp(-odds)))
        return Prediction(probabilities={"opacity": share, "effusion": 1 - share})

    def _odds(self, tensors: np.ndarray) -> np.ndarray:
        return (tensors.mean(axis=(1, 2)) * self.weights).sum(axis=-1)

    def explain(self, inputs: list[ModelInput], finding: str) -> list[SaliencyMap]:
        sign = 1 if finding == "opacity" else -1
        occlusion = Occlusion(window=(8, 8), step=8)
        return occlusion.maps(inputs, finding, lambda tensors: sign * self._odds(tensors), self.context.check)

    def render(self, saliency: SaliencyMap) -> Rendering:
        box = Box(x0=0.25, y0=0.25, x1=0.75, y1=0.75)
        line = np.array([[0.2, 0.2], [0.8, 0.2], [0.5, 0.8]], np.float32)
        image = np.zeros((*saliency.values.shape, 4), np.uint8)
        return Rendering(image=image, contours=(line,), boxes=(box, WHOLE_FILM))

    def unload(self) -> None:
        del self.weights


@hookimpl
def cxrdesk_detectors() -> list[type[Detector]]:
    return [Brightness]


@hookimpl
def cxrdesk_segmenters() -> list[type[Segmenter]]:
    return [Halves]
