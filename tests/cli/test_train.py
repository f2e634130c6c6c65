"""``cxrdesk train``: finds recipes of installed distributions and runs them."""

from __future__ import annotations

import pytest

from cxrdesk.cli import train
from cxrdesk.imaging.errors import UserError
from tests import wheels

RECIPE = """
from pathlib import Path

def train(data: Path, out: Path, *, device: str) -> Path:
    (out / "said").write_text(f"{data.name} {device}")
    return out / "bundle"

def needs_more(data, out, *, device):
    import lightning_of_another_world
"""
ENTRIES = """[cxrdesk.recipes]
small-test = small_test_recipe:train
hungry-test = small_test_hungry:train
faulty-test = small_test_recipe:needs_more
"""
HUNGRY = "import sys\nsys.modules['lightning'] = None\nimport lightning\n"


@pytest.fixture
def recipes(tmp_path, monkeypatch):
    """A real distribution with recipes."""
    site = tmp_path / "site"
    site.mkdir()
    modules = {"small_test_recipe.py": RECIPE, "small_test_hungry.py": HUNGRY}
    wheels.unpack(wheels.wheel(tmp_path, "small-test", modules, ENTRIES), site)
    monkeypatch.syspath_prepend(str(site))


def line(tmp_path, name):
    data = tmp_path / "films"
    data.mkdir(exist_ok=True)
    return ["train", name, "--data", data, "--out", tmp_path / "new" / "out", "--device", "cpu"]


def test_a_recipe_runs(cli, recipes, tmp_path):
    result = cli(*line(tmp_path, "small-test"))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == str(tmp_path / "new" / "out" / "bundle")
    assert (tmp_path / "new" / "out" / "said").read_text() == "films cpu"


def test_an_unknown_name_lists_the_known(cli, recipes, tmp_path):
    result = cli(*line(tmp_path, "smal-test"))
    assert result.exit_code == 2
    [told] = result.stderr.splitlines()
    assert "film-check" in told
    assert "small-test" in told
    assert not (tmp_path / "new").exists()


def test_a_missing_extra_is_one_sentence(cli, recipes, tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "lightning", None)
    result = cli(*line(tmp_path, "hungry-test"))
    assert result.exit_code == 2
    assert result.stderr == "Training needs lightning, which is not installed; run: pip install 'cxrdesk[train]'\n"


def test_another_missing_module_is_a_fault(cli, recipes, tmp_path):
    result = cli(*line(tmp_path, "faulty-test"))
    assert result.exit_code == 70
    assert "ModuleNotFoundError" in result.stderr


def test_missing_data_folder(cli, recipes, tmp_path):
    result = cli("train", "small-test", "--data", tmp_path / "absent", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "absent" in result.stderr


def test_own_recipe_is_known():
    assert train.OWN == {"film-check": "cxrdesk.training.film_check:train"}
    assert callable(train.find_recipe("film-check"))
    with pytest.raises(UserError):
        train.find_recipe("")
