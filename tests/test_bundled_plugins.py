"""Every bundled plugin passes the conformance kit that strangers' are held to."""

from __future__ import annotations

import pytest

from cxrdesk.api.testing import State, Target, check_model, find_target
from cxrdesk.api.testing.listing import asked, listed
from cxrdesk.api.testing.running import listing_outcomes

pytest.importorskip("torch")
NAMES = ("asthma", "chexpert", "croup", "lungmask", "pneumonia")


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_module_conforms(name):
    target = find_target(name)
    assert target == Target(module=f"cxrdesk_{name}.plugin")
    found = listed(target)
    assert [str(made) for made in listing_outcomes(target, found) if made.state is State.FAILED] == []
    assert found.models == (name,)


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_model_conforms(name):
    module = pytest.importorskip(f"cxrdesk_{name}.plugin")
    ((model,), problems) = asked(module)
    assert problems == []
    # Other work on the machine may hold a call up.
    outcomes = list(check_model(model, limit_s=20.0))
    assert [str(made) for made in outcomes if made.state is State.FAILED] == []
    passed = {made.check for made in outcomes if made.state is State.PASSED}
    assert passed >= {"cpu", "answers", "deterministic", "odd-films", "cancel", "unload", "leftovers", "golden"}
    if name != "lungmask":
        assert passed >= {"saliency-shape", "saliency-weights"}
