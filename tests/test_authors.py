"""The authors' guide: its blocks are run, in order; its hook list and its table are the code's."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cxrdesk.api import Bundle
from cxrdesk.api.testing import CHECKS, State, check_plugin, find_target
from cxrdesk.api.testing.listing import HOOKS
from cxrdesk.api.version import API_VERSION
from tests.authors import END, FIELDS_END, FIELDS_START, GUIDE, ROOT, START, checks, declared
from tests.made_networks import onnx_classifier

pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("hatchling")
TEXT = GUIDE.read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.M | re.S) for line in block.splitlines()]
MODULES = re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S)
FEWER = ("--count 400", "--count 24")
"""So that the test does not simulate for minutes; figures are not looked at."""
CXRDESK = """import sys
from cxrdesk.__main__ import main
if __name__ == "__main__":
    sys.exit(main())
"""
# pip as the guide calls it, into a folder of the test's and without a network.
PIP = """#!{python}
import os, subprocess, sys
given = [part for part in sys.argv[1:] if part not in ("install", "-e")]
quiet = ["-q", "--no-deps", "--no-index", "--no-build-isolation", "--no-compile", "--disable-pip-version-check"]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *quiet, "--target", {site!r}, *given],
                         env=os.environ | {{"PIP_CONFIG_FILE": os.devnull}}))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """An empty folder with what the guide says that its reader has: commands, a film, an ONNX file."""
    made = tmp_path_factory.mktemp("guide")
    (made / "net.onnx").write_bytes(onnx_classifier(outputs=2, side=64))
    (made / "bin").mkdir()
    for name, text in {
        "pip": PIP.format(python=sys.executable, site=str(made / "site")),
        "cxrdesk": f"#!{sys.executable}\n{CXRDESK}",
    }.items():
        (made / "bin" / name).write_text(text)
        (made / "bin" / name).chmod(stat.S_IRWXU)
    return made


@pytest.mark.skipif(os.name == "nt", reason="the blocks are written for a shell of POSIX systems")
@pytest.mark.parametrize("number", range(len(COMMANDS)), ids=lambda k: COMMANDS[k][:40])
def test_commands_run_in_order(folder, number):
    film = next((ROOT / "resources/samples").rglob("chest-pa*"))
    line = COMMANDS[number].replace(*FEWER).replace("FILM", str(film))
    known = [str(folder / "site"), str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {
        "PATH": os.pathsep.join([str(folder / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(known),
        "CXRDESK_HOME": str(folder / "home"),
    }
    done = subprocess.run(line, shell=True, cwd=folder, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr
    if line.startswith("cxrdesk analyze"):
        assert "first-try" in done.stdout
    if line.startswith("cxrdesk train"):
        run = line.split("--out ")[1].split()[0]
        assert (folder / run / "bundle/bundle.json").is_file()
        assert "scoring tuning films: " in done.stderr
        assert "effusion: no threshold, so a score without a call: " in done.stderr
        assert "not calibrated: " in done.stderr
        assert "Evidence: synthetic. " in done.stderr


def test_the_whole_detector_of_the_guide_passes(tmp_path):
    _, module = MODULES
    (tmp_path / "guide_brightness.py").write_text(module)
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[project.entry-points."cxrdesk.plugins"]\nx = "guide_brightness"\n'
    )
    outcomes = list(check_plugin(find_target(str(tmp_path))))
    assert [str(made) for made in outcomes if made.state is State.FAILED] == []
    assert {made.check for made in outcomes} >= set(CHECKS)
    assert len(module.splitlines()) <= 40


@pytest.mark.skipif(os.name == "nt", reason="follows the blocks for a shell of POSIX systems")
def test_a_backbone_of_three_channels_is_put_in_as_the_guide_says(folder):
    pytest.importorskip("timm")
    source = folder / "cxrdesk-wide-net/src/cxrdesk_wide_net"
    assert len([line for line in MODULES[0].splitlines() if line]) <= 6
    (source / "network.py").write_text(MODULES[0])
    model = source / "model.py"
    model.write_text(model.read_text().replace("return model.features", "return model.layer4"))
    known = os.pathsep.join([str(source.parent), str(ROOT)])
    command = [sys.executable, "-m", "cxrdesk_wide_net.recipe"]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": known}, capture_output=True, text=True, timeout=200)
    assert (done.returncode, done.stderr) == (0, "")
    tensor = Bundle(source / "bundle").golden()["tensor_0"]
    assert tensor.shape == (3, 224, 224)
    # Black and white after ImageNet's statistics.
    np.testing.assert_allclose(tensor[0].min(), -0.485 / 0.229, atol=1e-5)
    np.testing.assert_allclose(tensor[2].max(), (1 - 0.406) / 0.225, atol=1e-5)


def test_the_table_of_fields_is_the_codes():
    assert TEXT.split(FIELDS_START)[1].split(FIELDS_END)[0] == declared(), "run: python -m tests.authors"


def test_hooks_and_version_are_the_codes():
    told = re.findall(r"^- `(cxrdesk_\w+)`:", TEXT, re.M)
    assert sorted(told) == sorted(HOOKS)
    assert set(re.findall(r'CXRDESK_API = "(\d+\.\d+)"', TEXT)) == {API_VERSION}


def test_the_table_of_checks_is_the_codes():
    assert TEXT.split(START)[1].split(END)[0] == checks(), "run: python -m tests.authors"


def test_methods_of_the_contract_exist():
    from cxrdesk.api import Detector, Segmenter

    told = re.findall(r"^\| `(\w+)\(([\w, ]*)\)` \|", TEXT, re.M)
    assert {name for name, _ in told} == {"load", "prepare", "predict", "explain", "render", "segment", "unload"}
    for name, parameters in told:
        function = getattr(Detector, name, None) or getattr(Segmenter, name)
        assert list(function.__code__.co_varnames[1 : function.__code__.co_argcount]) == (
            parameters.split(", ") if parameters else []
        )


def test_options_of_the_guide_exist():
    from typer.testing import CliRunner

    from cxrdesk.cli.main import app

    told = CliRunner().invoke(app, ["plugins", "new", "--help"], env={"COLUMNS": "200"}).stdout
    for option in set(re.findall(r"(--[a-z]+)", TEXT.split("## Around a file")[1].split("## Give it")[0])):
        assert option in told, option
