"""Weights stored in 8 and 16 bits, and what they are read back as."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")
pytest.importorskip("lightning")

from cxrdesk.api.torchkit import single_precision  # noqa: E402
from cxrdesk.training.bundles import eight_bits, half_precision, provenance  # noqa: E402


def network():
    torch.manual_seed(3)
    made = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Flatten(), torch.nn.Linear(8 * 36, 4)
    )
    made[1].num_batches_tracked.fill_(17)
    return made.eval()


def read(stored):
    return single_precision(safetensors_torch.load(stored))


def test_eight_bits_are_what_torch_quantises_by_channel():
    made = network()
    state = read(eight_bits(made))
    for name in ("0.weight", "3.weight"):
        value = made.state_dict()[name]
        scale = value.abs().flatten(1).amax(1) / 127
        zero = torch.zeros(len(scale), dtype=torch.int32)
        expected = torch.fake_quantize_per_channel_affine(value, scale, zero, 0, -127, 127)
        torch.testing.assert_close(state[name], expected, rtol=0, atol=1e-6)


def test_what_is_no_weight_of_a_layer_stays_exact():
    made = network()
    state = read(eight_bits(made))
    assert state.keys() == made.state_dict().keys()
    for name in ("0.bias", "1.weight", "1.running_var", "1.num_batches_tracked", "3.bias"):
        assert torch.equal(state[name], made.state_dict()[name])


@pytest.mark.parametrize(("store", "share"), [(eight_bits, 0.35), (half_precision, 0.55)])
def test_stored_small_and_near_the_original(store, share):
    made, again = network(), network()
    stored = store(made)
    whole = len(safetensors_torch.save(made.state_dict()))
    assert len(stored) < share * whole + 1000
    again.load_state_dict(read(stored))
    x = torch.randn(5, 1, 8, 8)
    torch.testing.assert_close(again(x), made(x), rtol=0, atol=0.02)


def test_a_channel_of_zeros_stays_zeros():
    made = network()
    with torch.no_grad():
        made[0].weight[2] = 0
    assert torch.equal(read(eight_bits(made))["0.weight"][2], torch.zeros(1, 3, 3))


def test_provenance_tells_where_the_weights_started():
    assert provenance("test")["started_from"] == "random weights"
    assert provenance("test", started_from="a file")["started_from"] == "a file"
