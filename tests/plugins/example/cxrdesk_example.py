"""A plugin in at most 40 lines: the mean brightness as a score, the brightness itself as the map."""

import numpy as np

from cxrdesk import api

CXRDESK_API = "1.0"


class Brightness(api.Detector):
    spec = api.DetectorSpec(
        id="example-brightness",
        version="1.0",
        name="Brightness",
        looks_for="how bright the film is; it shows what a plugin looks like, not what a patient has",
        scope=api.FilmScope(views=("chest-frontal",)),
        input=api.InputSpec(size=(32, 32), percentiles=(0, 100), mean=0.0, std=1.0),
        evidence=api.Evidence.SYNTHETIC,
        findings=("pneumonia",),
        saliency=api.Saliency(method="brightness", reference={"pneumonia": 1.0}),
    )

    def predict(self, inputs):
        return api.Prediction(probabilities={"pneumonia": np.mean([i.tensor.mean() for i in inputs])})

    def explain(self, inputs, finding):
        films = enumerate(inputs)
        return [api.SaliencyMap(finding=finding, values=x.tensor[0], box=x.box, film=i) for i, x in films]


@api.hookimpl
def cxrdesk_detectors():
    return [Brightness]
