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

def measured(data, out: Path, *, device: str, measure_only: bool = False) -> Path:
    (out / "said").write_text(str(measure_only))
    return out / "bundle"

def needs_more(data, out, *, device):
    import lightning_of_another_world
"""
ENTRIES = """[cxrdesk.recipes]
small-test = small_test_recipe:train
backbone-test = small_test_recipe:backbone
full-test = small_test_recipe:full
hungry-test = small_test_hungry:train
measured-test = small_test_recipe:measured
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


def test_measuring_alone_reaches_the_recipe_that_can(cli, recipes, tmp_path):
    done = cli(*line(tmp_path, "measured-test"), "--measure-only")
    assert done.exit_code == 0, done.stderr
    assert (tmp_path / "new" / "out" / "said").read_text() == "True"
    refused = cli("train", "small-test", "--out", tmp_path / "other", "--measure-only")
    assert refused.exit_code == 2
    assert refused.stderr == "small-test cannot measure without training; its recipe's train takes no measure_only.\n"


def test_what_came_of_each_finding_is_told_at_the_end(tmp_path):
    """Of bundles whose figures somebody measured: those that come with cxrdesk."""
    from cxrdesk.cli.train_summary import summary
    from tests.readme import ROOT

    lines = {}
    for name in ("chexpert", "asthma", "lungmask"):
        lines[name] = summary(ROOT / f"plugins/cxrdesk-{name}/src/cxrdesk_{name}/bundle")
    assert lines["lungmask"] == []
    assert lines["asthma"][0].startswith("hyperinflation: thresholds balanced 0.516, sensitive 0.206, specific ")
    assert "; AUC 0.954 (0.936 to 0.968) on 500 films; calibrated (temperature)." in lines["asthma"][0]
    assert lines["asthma"][-1].startswith("Evidence: synthetic. ")
    assert len(lines["chexpert"]) > 3
    assert summary(tmp_path) == []


def test_why_a_finding_has_no_threshold_and_no_calibration_is_told(tmp_path):
    import hashlib

    from cxrdesk.api.bundle import write_bundle
    from cxrdesk.cli.train_summary import summary
    from tests.support import detector_spec

    spec = detector_spec(operating_points=(), calibration={}, weights_sha256=hashlib.sha256(b"w").hexdigest())
    told = {"without_a_call": {"pneumonia": "too few"}, "without_calibration": {"pneumonia": "12 films"}, "table": []}
    folder = write_bundle(tmp_path / "b", spec, b"w", {}, evaluation=told)
    assert (
        summary(folder)[0] == "pneumonia: no threshold, so a score without a call: too few; not calibrated: 12 films."
    )


def test_a_recipe_on_real_films_asks_for_them(cli, tmp_path):
    result = cli("train", "film-check", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "--data DIR" in result.stderr


def test_own_recipe_is_known():
    assert train.OWN == {"film-check": "cxrdesk.training.film_check:train"}
    assert callable(train.find_recipe("film-check"))
    with pytest.raises(UserError):
        train.find_recipe("")
