"""``cxrdesk train``: finds recipes of installed distributions and runs them."""

from __future__ import annotations

import pytest

from cxrdesk.cli import train
from cxrdesk.imaging.errors import UserError
from tests import wheels

RECIPE = """
import errno
from pathlib import Path

def backbone(data, out: Path, *, device: str, backbone_weights: Path | None = None) -> Path:
    (out / "said").write_text(f"{data} {backbone_weights.name}")
    return out / "bundle"

def full(data, out: Path, *, device: str):
    raise OSError(errno.ENOSPC, "No space left on device", str(out / "checkpoints"))

def train(data: Path, out: Path, *, device: str) -> Path:
    (out / "said").write_text(f"{data.name} {device}")
    return out / "bundle"

def needs_more(data, out, *, device):
    import lightning_of_another_world
"""
ENTRIES = """[cxrdesk.recipes]
small-test = small_test_recipe:train
backbone-test = small_test_recipe:backbone
full-test = small_test_recipe:full
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


def test_going_on_is_asked_for(cli, recipes, tmp_path):
    assert cli(*line(tmp_path, "small-test")).exit_code == 0
    again = cli(*line(tmp_path, "small-test"))
    assert again.exit_code == 2
    assert "--resume" in again.stderr
    assert cli(*line(tmp_path, "small-test"), "--resume").exit_code == 0


def test_a_folder_of_another_recipe_or_of_other_files_is_refused(cli, recipes, tmp_path):
    assert cli(*line(tmp_path, "small-test")).exit_code == 0
    other = cli(*line(tmp_path, "full-test"), "--resume")
    assert other.exit_code == 2
    assert "a training of small-test" in other.stderr
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.doc").write_text("years of work")
    strange = cli("train", "small-test", "--out", mine)
    assert strange.exit_code == 2
    assert "holds other files" in strange.stderr
    assert [path.name for path in mine.iterdir()] == ["thesis.doc"]


def test_a_full_disk_is_one_sentence_that_says_how_to_go_on(cli, recipes, tmp_path):
    result = cli(*line(tmp_path, "full-test"))
    assert result.exit_code == 1
    [told] = result.stderr.splitlines()
    assert "No space left on device" in told
    assert "--resume" in told


def test_backbone_weights_reach_the_recipe_that_takes_them(cli, recipes, tmp_path):
    weights = tmp_path / "mine.safetensors"
    weights.write_bytes(b"")
    done = cli("train", "backbone-test", "--out", tmp_path / "out", "--backbone-weights", weights)
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "out" / "said").read_text() == "None mine.safetensors"
    refused = cli(*line(tmp_path, "small-test"), "--backbone-weights", weights)
    assert refused.exit_code == 2
    assert "no backbone to start from" in refused.stderr


def test_a_recipe_on_real_films_asks_for_them(cli, tmp_path):
    result = cli("train", "film-check", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "--data DIR" in result.stderr


def test_own_recipe_is_known():
    assert train.OWN == {"film-check": "cxrdesk.training.film_check:train"}
    assert callable(train.find_recipe("film-check"))
    with pytest.raises(UserError):
        train.find_recipe("")
