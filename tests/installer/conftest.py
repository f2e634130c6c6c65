"""Checkouts to install; small_checkout.py says what is in them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "installer")]
from small_checkout import Checkout  # noqa: E402


@pytest.fixture(scope="session")
def blank_venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with pip alone, to be copied: making one takes seconds."""
    folder = tmp_path_factory.mktemp("blank") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.fixture
def new_checkout(tmp_path: Path) -> Checkout:
    """A checkout that has no .venv, in a folder with a space in its name."""
    return Checkout(tmp_path / "a checkout")


@pytest.fixture
def begun_checkout(new_checkout: Checkout, blank_venv: Path) -> Checkout:
    """A checkout whose .venv has pip and nothing else."""
    shutil.copytree(blank_venv, new_checkout.root / ".venv", symlinks=True)
    return new_checkout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that `run` has set up."""
    made = Checkout(tmp_path_factory.mktemp("installed") / "a checkout")
    code, out, err = made.call("run", "--three", "film.dcm", "--", "--from")
    assert (code, err) == (3, "")
    assert "demo with ['demo', '--three', 'film.dcm', '--from'] and ['cxrdesk', 'cxrdesk-one', 'cxrdesk-two']" in out
    return made
