"""Which networks are pooling and one linear layer, and that their class activation maps are exact."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from cxrdesk.api import heads  # noqa: E402


class Head(torch.nn.Module):
    """Activations, something between, pooling, a linear layer, something behind."""

    def __init__(self, *, between=None, pool=None, behind=None) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.other = torch.nn.Linear(5, 3)
        self.linear = torch.nn.Linear(5, 3)
        self.between, self.behind = between or torch.nn.Identity(), behind or torch.nn.Identity()
        self.pool = pool or torch.nn.AdaptiveAvgPool2d(1)

    def forward(self, activations):
        return self.behind(self.linear(self.pool(self.between(activations)).flatten(1)))


@pytest.fixture
def activations():
    torch.manual_seed(1)
    return torch.randn(4, 5, 6, 7, requires_grad=True)


def test_the_layer_is_found_among_others(activations):
    model = Head()
    assert heads.pooled_linear(model, activations, model(activations)) is model.linear


@pytest.mark.parametrize(
    "changed",
    [
        {"between": torch.nn.ReLU()},
        {"pool": torch.nn.AdaptiveMaxPool2d(1)},
        {"behind": torch.nn.Tanh()},
        {"between": torch.nn.Conv2d(5, 5, 3, padding=1)},
    ],
    ids=["relu", "maximum", "tanh", "convolution"],
)
def test_a_network_with_more_to_it_has_none(activations, changed):
    model = Head(**changed)
    assert heads.pooled_linear(model, activations, model(activations)) is None
    assert heads.pooled_linear(model, activations.mean((2, 3)), model(activations)) is None


def test_the_maps_are_those_of_the_gradient_and_sum_up_to_the_logits(activations):
    model = Head()
    logits = model(activations)
    maps = heads.class_maps(model.linear, activations)
    torch.testing.assert_close(maps.sum((2, 3)) + model.linear.bias, logits)
    for finding in range(3):
        [gradient] = torch.autograd.grad(logits[:, finding].sum(), activations, retain_graph=True)
        torch.testing.assert_close(maps[:, finding], (gradient * activations).sum(1))
