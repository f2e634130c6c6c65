"""The checks as a pytest test; pytest is imported when a test is made."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from cxrdesk.api.testing.checks import State
from cxrdesk.api.testing.listing import asked, listed
from cxrdesk.api.testing.running import check_model, listing_outcomes
from cxrdesk.api.testing.target import find_target

LISTING = "module"


def conformance(module: ModuleType) -> Callable[[str], None]:
    """A test of a plugin's module: one case for its import, one for each of its models.

    Examples
    --------
    In a test file: ``test_conforms = conformance(cxrdesk_mine.plugin)``.
    """
    import pytest

    models: dict[str, Any] = {model.spec.id: model for model in asked(module)[0]}

    @pytest.mark.parametrize("what", [LISTING, *models])
    def test(what: str) -> None:
        target = find_target(module)
        outcomes = listing_outcomes(target, listed(target)) if what == LISTING else check_model(models[what])
        failed = [str(made) for made in outcomes if made.state is State.FAILED]
        if failed:
            pytest.fail("\n".join(failed), pytrace=False)

    made: Callable[[str], None] = test
    return made
