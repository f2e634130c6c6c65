"""Checkouts to install; small_checkout.py says what is in them."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2] / "installer")]
from small_checkout import Checkout  # noqa: E402


@pytest.fixture(scope="session")
def begin(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], None]:
    """Give a folder a .venv with pip alone; making one takes seconds, so its packages are links to one made once."""
    made = tmp_path_factory.mktemp("blank") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", made], check=True)
    packages = next(made.glob("**/site-packages"))

    def copy(folder: Path) -> None:
        shutil.copytree(made, folder / ".venv", symlinks=True, ignore=lambda at, names: names * (Path(at) == packages))
        for part in packages.iterdir():
            (folder / ".venv" / packages.relative_to(made) / part.name).symlink_to(part)

    return copy


@pytest.fixture
def new_checkout(tmp_path: Path) -> Checkout:
    """A checkout that has no .venv, in a folder with a space in its name."""
    return Checkout(tmp_path / "a checkout")


@pytest.fixture
def begun_checkout(new_checkout: Checkout, begin: Callable[[Path], None]) -> Checkout:
    """A checkout whose .venv has pip and nothing else."""
    begin(new_checkout.root)
    return new_checkout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout that `run` has set up."""
    made = Checkout(tmp_path_factory.mktemp("installed") / "a checkout")
    code, out, err = made.call("run", "--three", "film.dcm", "--", "--from")
    assert (code, err) == (3, "")
    assert "demo with ['demo', '--three', 'film.dcm', '--from'] and ['cxrdesk', 'cxrdesk-one', 'cxrdesk-two']" in out
    return made
