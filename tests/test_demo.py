"""The demo off screen: the whole window with models that are the test's own."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cxrdesk import DISCLAIMER
from cxrdesk.demo import plain_table

SCRIPT = """
import sys
from pathlib import Path
from cxrdesk.api.detector import Mask, Prediction
from cxrdesk.discovery import listing
from cxrdesk.imaging import quality
from cxrdesk.inference import runners
from cxrdesk.inference.models import Detection, Segmentation
from cxrdesk.inference.process import InferenceError
from tests.support import CHEST
from tests.ui.fakes import _ellipses, registry

class Runner:
    def __init__(self, registry, **options):
        pass
    def segment(self, spec, film, stage, cancelled):
        return Segmentation(mask=Mask(structure="lungs", values=_ellipses()), device="cpu", seconds_s=0.1)
    def detect(self, spec, films, masks, stage, cancelled, *, explain):
        if sys.argv[2] == "failing":
            raise InferenceError("child-died", "The inference process ended.")
        return Detection(prediction=Prediction(probabilities={"pneumonia": 0.97}), maps=(), device="cpu", seconds_s=0.1)
    def close(self):
        pass

listing.list_plugins = lambda only=(), **given: registry()
runners.ChildRunner = Runner
quality.look = lambda film: CHEST
from cxrdesk.app import run_demo
sys.exit(run_demo(Path(sys.argv[1])))
"""


def demo(out: Path, models: str, environment: dict[str, str], repository: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, str(out), models],
        env=environment | {"QT_QPA_PLATFORM": "offscreen"},
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "made" / "here"


def test_pictures_report_and_table(out, plain_environment, repository):
    done = demo(out, "working", plain_environment, repository)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""  # not even what Qt says off screen
    assert done.stdout.startswith(f"{DISCLAIMER}.\n")
    [child] = [line for line in done.stdout.splitlines() if "child-with-opacity/" in line and "Pneumonia:" in line]
    assert "probability" in child
    [adult] = [line for line in done.stdout.splitlines() if line.startswith("adult/chest-pa") and "too-old" in line]
    assert "not run" in adult
    files = sorted(out.iterdir())
    assert len(files) == 6
    for path in files:
        # One line for each, with what it is.
        [line] = [line for line in done.stdout.splitlines() if line.startswith(str(path))]
        assert line.removeprefix(str(path)).strip()
    assert all(path.stat().st_size > 10_000 for path in files if path.suffix == ".png")
    films = json.loads((out / "report.json").read_text())["films"]
    assert len(films) == 4
    with (out / "report.csv").open(newline="") as table:
        assert len(list(csv.reader(table))) > 2


def test_a_failed_model_is_no_success(out, plain_environment, repository):
    done = demo(out, "failing", plain_environment, repository)
    assert done.returncode == 1
    [child] = [line for line in done.stdout.splitlines() if "child-died" in line]
    assert child.startswith("child-with-opacity/")
    assert (out / "report.json").exists()  # all else is done


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a display")
def test_a_window_without_a_display_is_told_in_one_sentence(plain_environment, repository):
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    environment = {key: value for key, value in plain_environment.items() if key not in hidden}
    done = subprocess.run(
        [sys.executable, "-m", "cxrdesk"], env=environment, cwd=repository, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    [line] = done.stderr.splitlines()
    assert "no display" in line


def test_a_plain_table():
    assert plain_table(("a", "bb"), [("ccc", ""), ("d", "e")]) == "a    bb\n---  --\nccc\nd    e"
