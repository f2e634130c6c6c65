"""The real command in its own process, with a stranger's plugin that is installed as a distribution."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from cxrdesk.reports import json_report
from tests import wheels


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    wheels.unpack(wheels.plugin_wheel(folder, "example"), folder)
    return folder


def command(*line, site, home):
    env = {**wheels.path_with(site), "CXRDESK_HOME": str(home), "PYTHONWARNINGS": "error"}
    whole = [sys.executable, "-m", "cxrdesk", *map(str, line)]
    return subprocess.run(whole, capture_output=True, env=env, timeout=240)


def test_plugins_list_names_a_strangers_plugin(site, tmp_path):
    result = command("plugins", "list", "--json", site=site, home=tmp_path)
    assert result.returncode in (0, 1), result.stderr
    names = {plugin["name"]: plugin for plugin in json.loads(result.stdout)["plugins"]}
    [detector] = [d for plugin in names.values() for d in plugin["detectors"] if d["id"] == "example-brightness"]
    assert detector["evidence"]["level"] == "synthetic"


def test_analyze_on_the_sample_studies(site, tmp_path, repository):
    """Every installed model runs; stdout is one JSON text, the same as in the file, and the pictures are there."""
    samples, out = repository / "resources" / "samples", tmp_path / "out"
    result = command("analyze", samples, "--json", "--out", out, site=site, home=tmp_path / "home")
    # 1 where a bundled plugin cannot be used in this checkout.
    assert result.returncode in (0, 1), result.stderr.decode()
    content = json.loads(result.stdout)
    jsonschema.validate(content, json_report.schema(), cls=jsonschema.Draft202012Validator)
    assert json.loads((out / "report.json").read_bytes()) == content
    assert content["failures"] == []
    assert len(content["films"]) == 4
    for film in content["films"]:
        assert film["simulated"] is True
        assert (out / film["picture"]).stat().st_size > 10_000
    frontal = [film for film in content["films"] if Path(film["path"]).name.startswith("chest-")]
    assert len(frontal) == 2
    for film in frontal:
        [example] = [d for d in film["detectors"] if d["id"] == "example-brightness"]
        assert example["status"] == "done"
        # Synthetic evidence never gives a call.
        assert [f["call"] for f in example["findings"]] == ["indeterminate"]
    assert b"Traceback" not in result.stderr


def test_nothing_to_read(site, tmp_path):
    result = command("analyze", tmp_path / "absent.dcm", site=site, home=tmp_path)
    assert result.returncode == 3
    assert b"absent.dcm does not exist" in result.stderr


ENTRY = "[cxrdesk.plugins]\nending = cxrdesk_ending\n"
ENDING = """
import os

import cxrdesk_example
from cxrdesk import api

CXRDESK_API = cxrdesk_example.CXRDESK_API
print("printed while it is imported")
os.write(1, b"written past Python")


class Ending(cxrdesk_example.Brightness):
    def predict(self, inputs):
        print("printed while it computes", flush=True)
        os._exit(7)


@api.hookimpl
def cxrdesk_detectors():
    return [Ending]
"""


def test_a_plugin_that_prints_and_ends_its_process_costs_its_own_result(tmp_path, repository):
    wheels.unpack(wheels.wheel(tmp_path, "cxrdesk-ending", {"cxrdesk_ending.py": ENDING}, ENTRY), tmp_path)
    (tmp_path / "cxrdesk_example.py").write_text((wheels.PLUGINS / "example" / "cxrdesk_example.py").read_text())
    film = repository / "resources" / "samples" / "adult" / "chest-pa.dcm"
    result = command("analyze", film, "--json", site=tmp_path, home=tmp_path / "home")
    assert result.returncode == 1, result.stderr.decode()
    [told] = json.loads(result.stdout)["films"]
    [ending] = [d for d in told["detectors"] if d["id"] == "example-brightness"]
    assert ending["status"] == "failed"
    assert [reason["code"] for reason in ending["reasons"]] == ["child-died"]
    listed = command("plugins", "list", "--json", site=tmp_path, home=tmp_path / "home")
    assert "ending" in {plugin["name"] for plugin in json.loads(listed.stdout)["plugins"]}


def test_a_thread_that_a_plugin_leaves_running_does_not_keep_the_command(tmp_path):
    module = "import threading, time\nthreading.Thread(target=lambda: time.sleep(3600)).start()\n"
    entry = "[cxrdesk.plugins]\nlingering = lingering\n"
    wheels.unpack(wheels.wheel(tmp_path, "cxrdesk-lingering", {"lingering.py": module}, entry), tmp_path)
    result = command("plugins", "list", site=tmp_path, home=tmp_path / "home")
    assert result.returncode == 1  # the module names no detector
    assert b"cxrdesk-lingering" in result.stdout
