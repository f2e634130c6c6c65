"""Every method's maps against the grad-cam package's, and against what the definition says."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
grad_cam = pytest.importorskip("pytorch_grad_cam")

from cxrdesk.api import saliency  # noqa: E402
from cxrdesk.api.cams import StrongestScoreCam  # noqa: E402
from cxrdesk.api.torchkit import TorchClassifier  # noqa: E402
from cxrdesk.imaging.errors import UserError  # noqa: E402
from tests.support import detector_spec, film  # noqa: E402

PACKAGE = {
    "hirescam": grad_cam.HiResCAM,
    "gradcam": grad_cam.GradCAM,
    "gradcam++": grad_cam.GradCAMPlusPlus,
    "scorecam": grad_cam.ScoreCAM,
}


def network(*, flat: bool = False) -> torch.nn.Module:
    """Eight channels; pooled before the linear layer, or not."""
    generator = torch.Generator().manual_seed(11)
    pooled = [torch.nn.Flatten(), torch.nn.Linear(8 * 16, 1)] if flat else [
        torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(8, 1)
    ]  # fmt: skip
    made = torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        torch.nn.Conv2d(6, 8, 3, stride=2, padding=1),
        torch.nn.ReLU(),
        *pooled,
    )
    with torch.no_grad():
        for value in made.parameters():
            value.copy_(torch.randn(value.shape, generator=generator))
    return made


class Small(TorchClassifier):
    spec = detector_spec()
    layer, flat = 3, False

    def build(self):
        return network(flat=self.flat)

    def cam_layer(self, model):
        return model[self.layer]


@pytest.fixture
def loaded():
    made = []

    def load(**about):
        model = type("Model", (Small,), about)()
        model.load()
        made.append(model)
        inputs = model.prepare([film(1), film(2)], [{}, {}])
        model.predict(inputs)
        return model, inputs

    yield load
    for model in made:
        model.unload()


def unscaled(monkeypatch, maker, layer, batch):
    from pytorch_grad_cam import base_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    kept = []
    with monkeypatch.context() as patch:
        patch.setattr(base_cam, "scale_cam_image", lambda cam, size=None: kept.append(np.array(cam)) or cam)
        patch.setattr("tqdm.tqdm", lambda items: items)
        plain = network()
        with maker(plain, [plain[layer]]) as cam:
            cam(batch, [ClassifierOutputTarget(0)] * len(batch))
    return kept[0]


@pytest.mark.parametrize("layer", [1, 3])
@pytest.mark.parametrize("key", PACKAGE)
def test_maps_are_the_packages_before_its_scaling(loaded, monkeypatch, key, layer):
    model, inputs = loaded(cam_method=key, layer=layer)
    maps = np.stack([item.values for item in model.explain(inputs, "pneumonia")])
    batch = torch.from_numpy(np.stack([item.tensor for item in inputs]))
    expected = unscaled(monkeypatch, PACKAGE[key], layer, batch)
    assert expected.max() > 0
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-6)


def test_every_method_is_known_by_its_key():
    assert {key: method.key for key, method in saliency.METHODS.items()} == {key: key for key in saliency.METHODS}
    assert set(saliency.METHODS) == {*PACKAGE, "cam"}
    with pytest.raises(UserError, match="known are hirescam"):
        saliency.cam("none", network(), network()[3])


def test_a_class_activation_map_is_the_channels_weighed_by_the_head(loaded):
    model, inputs = loaded(cam_method="cam")
    maps = np.stack([item.values for item in model.explain(inputs, "pneumonia")])
    plain = network().eval()
    with torch.no_grad():
        channels = plain[:4](torch.from_numpy(np.stack([item.tensor for item in inputs])))
        expected = torch.einsum("nchw,c->nhw", channels, plain[6].weight[0]).clamp(min=0)
    np.testing.assert_allclose(maps, expected.numpy(), atol=1e-5)
    # Grad-CAM generalises it: behind a pooled linear head its weights are the head's, over the number of cells.
    other, same = loaded(cam_method="gradcam")
    np.testing.assert_allclose(maps, 16 * np.stack([m.values for m in other.explain(same, "pneumonia")]), atol=1e-5)


@pytest.mark.parametrize("about", [{"layer": 1}, {"flat": True}])
def test_a_network_without_a_pooled_linear_head_has_no_class_activation_map(loaded, about):
    model, inputs = loaded(cam_method="cam", **about)
    with pytest.raises(UserError) as caught:
        model.explain(inputs, "pneumonia")
    assert caught.value.code == "method-not-applicable"


def test_score_cam_by_fewer_channels_is_that_of_the_strongest(loaded, monkeypatch):
    monkeypatch.setattr(StrongestScoreCam, "channels", 3)
    model, inputs = loaded(cam_method="scorecam")
    values = model.explain(inputs, "pneumonia")[0].values
    plain = network().eval()
    with torch.no_grad():
        x = torch.from_numpy(inputs[0].tensor)[None]
        channels = plain[:4](x)
        strongest = channels.mean(dim=(0, 2, 3)).argsort(descending=True)[:3]
        seen = torch.nn.UpsamplingBilinear2d(size=x.shape[-2:])(channels[:, strongest])[0]
        low, high = seen.amin((1, 2), keepdim=True), seen.amax((1, 2), keepdim=True)
        logits = torch.cat([plain(x * mask) for mask in ((seen - low) / (high - low + 1e-8))[:, None, None]])
        expected = torch.einsum("k,khw->hw", logits[:, 0].softmax(0), channels[0, strongest])
    np.testing.assert_allclose(values, expected.numpy(), rtol=1e-4, atol=1e-6)


def test_score_cam_is_not_misled_by_the_films_that_it_masked(loaded):
    model, inputs = loaded(cam_method="scorecam")
    first = model.explain(inputs, "pneumonia")
    np.testing.assert_array_equal(first[0].values, model.explain(inputs, "pneumonia")[0].values)
