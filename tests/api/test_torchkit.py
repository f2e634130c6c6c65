"""torch models with a small real network, against the grad-cam package's own HiResCAM."""

from __future__ import annotations

import gc
import hashlib
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from cxrdesk.api import (  # noqa: E402
    BundleError,
    Detector,
    DetectorSpec,
    InputSpec,
    Mask,
    ModelInput,
    SegmenterSpec,
)
from cxrdesk.api.bundle import write_bundle  # noqa: E402
from cxrdesk.api.perturbation import Rise  # noqa: E402
from cxrdesk.api.torchkit import TorchClassifier, TorchSegmenter  # noqa: E402
from tests.support import detector_spec, film, segmenter_spec  # noqa: E402


def network(*, in_place: bool = False) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(7)
    made = torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 3, stride=2, padding=1),
        torch.nn.BatchNorm2d(6),
        torch.nn.Conv2d(6, 8, 3, stride=2, padding=1),
        torch.nn.ReLU(inplace=in_place),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(8, 1),
    )
    with torch.no_grad():
        for value in made.parameters():
            value.copy_(torch.randn(value.shape, generator=generator))
        made[6].bias.zero_()
    return made


class Small(TorchClassifier):
    spec = detector_spec()

    def build(self):
        return network()

    def cam_layer(self, model):
        return model[3]


@pytest.fixture
def model():
    made = Small()
    made.load()
    yield made
    if hasattr(made, "model"):
        made.unload()


@pytest.fixture
def inputs(model):
    return model.prepare([film(1), film(2)], [{}, {}])


def test_the_score_is_the_mean_of_the_films(model, inputs):
    with torch.no_grad():
        logits = network().eval()(torch.from_numpy(np.stack([item.tensor for item in inputs])))
    expected = torch.sigmoid(logits).double().mean().item()
    assert model.predict(inputs).probabilities["pneumonia"] == pytest.approx(expected, abs=1e-7)


def test_a_film_and_its_mirror_image_are_one_to_a_mirrored_model(model, inputs):
    class Mirrored(Small):
        mirrored = True

    made = Mirrored()
    made.load()
    turned = [replace(item, tensor=np.ascontiguousarray(item.tensor[:, :, ::-1])) for item in inputs]
    score = made.predict(inputs).probabilities["pneumonia"]
    assert score == pytest.approx(made.predict(turned).probabilities["pneumonia"], abs=1e-7)
    both = [model.predict(side).probabilities["pneumonia"] for side in (inputs, turned)]
    assert score == pytest.approx(np.mean(both), abs=1e-7)
    maps, plain, other = (m.explain(i, "pneumonia") for m, i in ((made, inputs), (model, inputs), (model, turned)))
    assert len(maps) == len(inputs)
    for mine, one, two in zip(maps, plain, other, strict=True):
        np.testing.assert_allclose(mine.values, (one.values + two.values[:, ::-1]) / 2, atol=1e-6)
    made.unload()


@pytest.mark.parametrize("layer", [0, 2, 3])
@pytest.mark.parametrize("in_place", [False, True])
def test_maps_are_the_packages_before_its_scaling(monkeypatch, layer, in_place):
    from pytorch_grad_cam import HiResCAM, base_cam
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    class Here(Small):
        def build(self):
            return network(in_place=in_place)

        def cam_layer(self, model):
            return model[layer]

    ours = Here()
    ours.load()
    inputs = ours.prepare([film(1), film(2)], [{}, {}])
    ours.predict(inputs)
    maps = ours.explain(inputs, "pneumonia")
    ours.unload()

    unscaled = []
    monkeypatch.setattr(base_cam, "scale_cam_image", lambda cam, size=None: unscaled.append(np.array(cam)) or cam)
    plain = network(in_place=in_place)
    batch = torch.from_numpy(np.stack([item.tensor for item in inputs]))
    with HiResCAM(plain, [plain[layer]]) as cam:
        cam(batch, [ClassifierOutputTarget(0)] * 2)
    assert unscaled[0].max() > 0
    np.testing.assert_allclose(np.stack([item.values for item in maps]), unscaled[0], rtol=1e-5, atol=1e-7)
    assert [item.film for item in maps] == [0, 1]


def test_one_forward_serves_score_and_maps(model, inputs):
    forwards = []
    counting = model.model[0].register_forward_hook(lambda *_: forwards.append(1))
    model.predict(inputs)
    first = model.explain(inputs, "pneumonia")
    again = model.explain(inputs, "pneumonia")
    assert len(forwards) == 1
    np.testing.assert_array_equal(first[0].values, again[0].values)
    model.explain(model.prepare([film(3)], [{}]), "pneumonia")
    counting.remove()
    assert len(forwards) == 2


def passes(model, layer: int) -> tuple[list[int], list[int], list[int]]:
    """Counts forward passes of the first layer, backward passes to the named layer, and to the first."""
    forwards, backwards, too_far = [], [], []
    model.model[0].register_forward_hook(lambda *_: forwards.append(1))
    model.model[0].register_full_backward_hook(lambda *_: too_far.append(1))

    def watch(module, given, out):
        if out.requires_grad:
            out.register_hook(lambda gradient: backwards.append(1))

    model.model[layer].register_forward_hook(watch)
    return forwards, backwards, too_far


class Four(Small):
    """Four findings, from a network that is pooling and a linear layer behind its fourth layer."""

    spec = detector_spec(findings=("pneumonia", "effusion", "edema", "mass"), operating_points=())

    def build(self):
        made = network()
        made[6] = torch.nn.Linear(8, 4)
        return made


@pytest.mark.parametrize(("layer", "backward"), [(3, 0), (2, 4)], ids=["pooling and linear", "more to it"])
def test_all_labels_cost_one_forward_and_at_most_a_short_backward_each(layer, backward):
    made = type("Four", (Four,), {"cam_layer": lambda self, model: model[layer]})()
    made.load()
    # The first film tells what the network is built like.
    made.predict(made.prepare([film(1)], [{}]))
    forwards, backwards, too_far = passes(made, layer)
    inputs = made.prepare([film(2), film(3)], [{}, {}])
    made.predict(inputs)
    for finding in made.spec.findings:
        assert len(made.explain(inputs, finding)) == 2
    assert (len(forwards), len(backwards), too_far) == (1, backward, [])
    made.unload()


def test_maps_are_the_same_however_they_are_made(monkeypatch):
    from cxrdesk.api import heads

    made = Four()
    made.load()
    inputs = made.prepare([film(4)], [{}])
    made.predict(inputs)
    slow = [made.explain(inputs, finding)[0].values for finding in made.spec.findings]
    assert made._head is not None
    made.predict(inputs)
    assert made._last.maps is not None
    quick = [made.explain(inputs, finding)[0].values for finding in made.spec.findings]
    for one, other in zip(slow, quick, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)
    assert max(values.max() for values in quick) > 0

    # Somebody draws the weights anew: the maps follow.
    torch.nn.init.normal_(made.model[6].weight)
    made.predict(inputs)
    changed = made.explain(inputs, "mass")[0].values
    monkeypatch.setattr(heads, "pooled_linear", lambda *given: None)
    made._head = None
    made.predict(inputs)
    np.testing.assert_allclose(changed, made.explain(inputs, "mass")[0].values, atol=1e-6)
    made.unload()


def test_a_network_that_is_changed_behind_the_layer_is_noticed():
    made = Four()
    made.load()
    inputs = made.prepare([film(4)], [{}])
    made.predict(inputs)
    assert made._head is not None
    made.model[4] = torch.nn.AdaptiveMaxPool2d(1)
    expected = torch.sigmoid(made.model(made.batch(inputs))).detach()[0].tolist()
    assert list(made.predict(inputs).probabilities.values()) == pytest.approx(expected, abs=1e-6)
    assert made._head is None
    assert made._last.maps is None
    assert made.explain(inputs, "mass")[0].values.shape == (4, 4)
    made.unload()


def test_hooks_are_released(model, inputs):
    kept = model.model
    model.predict(inputs)
    assert any(module._forward_hooks for module in kept.modules())
    model.unload()
    assert not any(module._forward_hooks for module in kept.modules())


def tensors() -> int:
    gc.collect()
    return sum(issubclass(type(item), torch.Tensor) for item in gc.get_objects())


def test_nothing_grows_from_film_to_film(model):
    def once(seed):
        inputs = model.prepare([film(seed)], [{}])
        model.predict(inputs)
        model.explain(inputs, "pneumonia")

    once(1)
    once(2)
    before = tensors()
    for seed in range(3, 8):
        once(seed)
    assert tensors() == before
    assert all(parameter.grad is None for parameter in model.model.parameters())


def test_without_saliency_nothing_is_hooked(inputs):
    plain = type("Plain", (Small,), {"spec": detector_spec(saliency=None)})()
    plain.load()
    assert not any(module._forward_hooks for module in plain.model.modules())
    hooked = Small()
    hooked.load()
    assert plain.predict(inputs).probabilities == pytest.approx(hooked.predict(inputs).probabilities, abs=1e-7)
    hooked.unload()
    plain.unload()


def weights_of(made: torch.nn.Module) -> bytes:
    import safetensors.torch

    return safetensors.torch.save({key: value.half() if value.is_floating_point() else value
                                   for key, value in made.state_dict().items()})  # fmt: skip


def test_weights_come_from_the_bundle_and_are_computed_in_single_precision(tmp_path, inputs):
    data = weights_of(network())
    sha256 = hashlib.sha256(data).hexdigest()
    path = write_bundle(tmp_path / "b", detector_spec(weights_sha256=sha256, operating_points=()), data, {})

    class Empty(Small):
        spec = DetectorSpec.from_bundle(path)

        def build(self):
            made = network()
            torch.nn.init.zeros_(made[6].weight)
            return made

    made = Empty()
    made.load()
    assert made.model[6].weight.dtype == torch.float32
    torch.testing.assert_close(made.model[6].weight, network()[6].weight.half().float())
    made.unload()

    file = path / "model.safetensors"
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(BundleError) as caught:
        Empty().load()
    assert caught.value.code == "weights-changed"


def test_a_segmenter_gives_the_sigmoid_cleaned(tmp_path):
    class Whole(TorchSegmenter):
        spec: SegmenterSpec = segmenter_spec()

        def build(self):
            return torch.nn.Conv2d(1, 1, 1)

        def clean(self, values):
            return np.where(values > 0.6, values, np.float32(0))

    made = Whole()
    made.load()
    tensor = np.random.default_rng(0).normal(size=(1, 12, 10)).astype(np.float32)
    mask = made.segment(ModelInput(tensor=tensor))
    assert isinstance(mask, Mask)
    weight, bias = made.model.weight.item(), made.model.bias.item()
    expected = 1 / (1 + np.exp(-(tensor[0] * weight + bias)))
    np.testing.assert_allclose(mask.values, np.where(expected > 0.6, expected, 0), atol=1e-6)
    made.unload()


def test_three_channels_are_normalised_each_by_its_own_numbers():
    """Against the formula of torchvision's transforms.Normalize."""
    means, deviations = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    class Wide(Small):
        spec = detector_spec(input=InputSpec(size=(32, 32), percentiles=(0, 100), mean=0.0, std=1.0))
        channels = 3

        def build(self):
            made = network()
            made[0] = torch.nn.Conv2d(3, 6, 3, stride=2, padding=1)
            return made

    class Normalised(Wide):
        means = (0.485, 0.456, 0.406)
        deviations = (0.229, 0.224, 0.225)

    (grey,) = type("Grey", (Small,), {"spec": Wide.spec})().prepare([film(1)], [{}])
    (plain,), (prepared,) = (kind().prepare([film(1)], [{}]) for kind in (Wide, Normalised))
    np.testing.assert_array_equal(plain.tensor, np.repeat(grey.tensor, 3, axis=0))
    for k in range(3):
        np.testing.assert_allclose(prepared.tensor[k], (grey.tensor[0] - means[k]) / deviations[k], rtol=1e-5)
    made = Normalised()
    made.load()
    assert 0 < made.predict([prepared]).probabilities["pneumonia"] < 1
    assert made.explain([prepared], "pneumonia")[0].values.shape == (8, 8)
    made.unload()

    class Outlines(TorchSegmenter):
        spec = segmenter_spec()
        channels = 3

        def build(self):
            return torch.nn.Conv2d(3, 1, 1)

    assert Outlines().prepare(film(1)).tensor.shape[0] == 3


def test_one_grey_channel_is_left_as_it_is(model, inputs):
    np.testing.assert_array_equal(inputs[0].tensor, Detector.prepare(model, [film(1)], [{}])[0].tensor)


def test_weights_of_another_network_are_told_by_a_few_keys(tmp_path):
    data = weights_of(torch.nn.Sequential(network()))
    sha256 = hashlib.sha256(data).hexdigest()
    path = write_bundle(tmp_path / "b", detector_spec(weights_sha256=sha256, operating_points=()), data, {})
    with pytest.raises(BundleError) as caught:
        type("Other", (Small,), {"spec": DetectorSpec.from_bundle(path)})().load()
    assert caught.value.code == "other-network"
    assert caught.value.text == (
        "the weights are of another network than build gives (missing: 0.weight, 0.bias, 1.weight and 8 more;"
        " unexpected: 0.0.bias, 0.0.weight, 0.1.bias and 8 more); run python -m tests.recipe FILE with weights of"
        " this network, or mend build"
    )


class Named(torch.nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.stem, self.layer4 = torch.nn.Conv2d(1, 4, 3, stride=4), torch.nn.ReLU()
        self.fc = torch.nn.Linear(4, outputs)

    def forward(self, films):
        return self.fc(self.layer4(self.stem(films)).mean(dim=(2, 3)))


def test_a_layer_that_is_not_there_is_told_with_those_that_are():
    class Lost(Small):
        def build(self):
            return Named(1)

        def cam_layer(self, model):
            return model.features

    with pytest.raises(BundleError) as caught:
        Lost().load()
    assert caught.value.code == "no-layer"
    assert "'features'" in caught.value.text
    assert caught.value.text.endswith("edit cam_layer in test_torchkit.py: its last parts are stem, layer4, fc")


@pytest.mark.parametrize("watched", [True, False])
def test_another_number_of_outputs_than_findings_is_told(watched):
    class Three(Small):
        perturbation = None if watched else Rise()

        def build(self):
            return Named(3)

        def cam_layer(self, model):
            return model.layer4

    made = Three()
    made.load()
    with pytest.raises(BundleError, match="3 logits, and the spec names 1 finding ") as caught:
        made.predict(made.prepare([film(1)], [{}]))
    assert caught.value.code == "other-outputs"
    made.unload()


def test_a_segmenter_of_three_masks_is_told():
    class Three(TorchSegmenter):
        spec = segmenter_spec()

        def build(self):
            return torch.nn.Conv2d(1, 3, 1)

    made = Three()
    made.load()
    with pytest.raises(BundleError, match=r"\(1, 3, 12, 10\), not \(films, 1, rows, cols\)"):
        made.segment(ModelInput(tensor=np.zeros((1, 12, 10), np.float32)))
    made.unload()


def test_the_last_graph_ends_with_the_model(inputs):
    made = Small()
    made.load()
    made.predict(inputs)
    made.unload()
    assert replace(made.context) == made.context
    assert made._last is None
    assert not hasattr(made, "model")
