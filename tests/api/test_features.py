"""The watched layer against torch's own gradients."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from cxrdesk.api.features import Watched  # noqa: E402


def network(*, in_place: bool = False):
    torch.manual_seed(3)
    parts = [torch.nn.Conv2d(1, 4, 3), torch.nn.ReLU(inplace=in_place), torch.nn.Flatten(), torch.nn.Linear(4 * 36, 2)]
    return torch.nn.Sequential(*parts).eval().requires_grad_(False)


FILM = torch.linspace(-1, 1, 64).reshape(1, 1, 8, 8)


@pytest.mark.parametrize("in_place", [False, True])
def test_gradients_are_those_of_torch_and_the_answer_is_unchanged(in_place):
    plain, watched = network(), network(in_place=in_place)
    seen = Watched(watched[0])
    logits = watched(FILM)
    torch.testing.assert_close(logits.detach(), plain(FILM))
    middle = plain[0](FILM).requires_grad_(True)
    expected = torch.autograd.grad(plain[3](plain[2](plain[1](middle)))[:, 1].sum(), middle)[0]
    torch.testing.assert_close(seen.last.gradients(logits[:, 1].sum()), expected)
    # Once more of the same graph: each finding asks.
    torch.testing.assert_close(seen.last.gradients(logits[:, 1].sum()), expected)
    # What follows in place changes what it was given, and with it what the logits came from.
    torch.testing.assert_close(seen.last.activations, middle.detach().clamp(min=0) if in_place else middle.detach())


def test_without_gradients_nothing_is_copied_and_after_release_nothing_is_seen():
    watched = network()
    seen = Watched(watched[1])
    with pytest.raises(LookupError, match="did not come through"):
        _ = seen.last
    with torch.no_grad():
        watched(FILM)
    assert seen.last.leaf is None
    seen.release()
    assert not watched[1]._forward_hooks
    watched(FILM)
    with pytest.raises(LookupError):
        _ = seen.last
