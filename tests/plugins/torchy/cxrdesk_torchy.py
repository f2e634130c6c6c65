"""A detector around a small network of torch, with random weights."""

from cxrdesk.api import DetectorSpec, Evidence, FilmScope, InputSpec, Saliency, hookimpl
from cxrdesk.api.torchkit import TorchClassifier

CXRDESK_API = "1.0"


class Torchy(TorchClassifier):
    spec = DetectorSpec(
        id="torchy",
        version="1.0",
        name="Torchy",
        looks_for="nothing, with torch",
        scope=FilmScope(views=("chest-frontal",)),
        input=InputSpec(size=(32, 32)),
        evidence=Evidence.SYNTHETIC,
        findings=("pneumonia",),
        saliency=Saliency(method="Grad-CAM, Selvaraju et al. 2017"),
    )

    def build(self):
        from torch import nn

        return nn.Sequential(
            nn.Conv2d(1, 4, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1)
        )

    def cam_layer(self, model):
        return model[1]


@hookimpl
def cxrdesk_detectors():
    return [Torchy]
