"""Checkouts to install; small_checkout.py says what is in them."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "installer")]
from small_checkout import Checkout  # noqa: E402


@pytest.fixture
def new_checkout(tmp_path: Path) -> Checkout:
    """A checkout that has no .venv, in a folder with a space in its name."""
    return Checkout(tmp_path / "a checkout")


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that `run` has set up."""
    made = Checkout(tmp_path_factory.mktemp("installed") / "a checkout")
    code, out, err = made.call("run", "--three", "film.dcm", "--", "--from")
    assert (code, err) == (3, "")
    assert "demo with ['demo', '--three', 'film.dcm', '--from'] and ['cxrdesk', 'cxrdesk-one', 'cxrdesk-two']" in out
    return made
