"""Plugins that are installed as distributions, good ones and others, as a process of their own finds them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cxrdesk.discovery.loader import load_registry
from cxrdesk.discovery.registry import Plugin, Registry
from tests.support import HalfLungs, spying
from tests.wheels import PLUGINS, path_with, pip_install, plugin_wheel, unpack, wheel

HEAD = "from cxrdesk.api import *\nfrom cxrdesk.api import hookimpl\nCXRDESK_API = '1.0'\n"
GOOD = (PLUGINS / "example" / "cxrdesk_example.py").read_text()
HOOK = "@api.hookimpl\ndef cxrdesk_detectors():\n    return [Brightness]\n"
assert HOOK in GOOD

BROKEN = {
    "raises": ("raise RuntimeError('no licence\\nfound')", "import-failed", "RuntimeError: no licence found"),
    "exits": ("import sys\nsys.exit(3)", "import-failed", "SystemExit: 3"),
    "lacks": ("import a_library_that_is_not_there", "import-failed", "No module named"),
    "syntax": ("def broken(:", "import-failed", "SyntaxError"),
    "torchy": ("import torch\n" + GOOD, "import-failed", "torch may be imported when a model loads"),
    "qty": ("from PySide6.QtCore import QObject\n" + GOOD, "import-failed", "PySide6"),
    "bundleless": (
        HEAD + "from pathlib import Path\nspec = DetectorSpec.from_bundle(Path('/nowhere/bundle'))\n",
        "bundle-incomplete",
        "lacks bundle.json",
    ),
    "later": (GOOD.replace('"1.0"', '"7.0"'), "api-version", "plugin API 7.0"),
    "unstated": (GOOD.replace('CXRDESK_API = "1.0"', ""), "api-version", "states no API version"),
    "misspelt": (GOOD.replace("def cxrdesk_detectors", "def cxrdesk_detector"), "unknown-hook", "cxrdesk_detector "),
    "misspelt-unmarked": (
        GOOD + "\ndef cxrdesk_segmentors():\n    return []\n",
        "unknown-hook",
        "cxrdesk_segmentors is no hook",
    ),
    "misspelt-marked": (
        GOOD + "\n@api.hookimpl\ndef detectors():\n    return []\n",
        "unknown-hook",
        "detectors",
    ),
    "unmarked": (GOOD.replace("@api.hookimpl\n", ""), "unknown-hook", "not marked with @hookimpl"),
    "argument": (GOOD.replace("cxrdesk_detectors()", "cxrdesk_detectors(films)"), "unknown-hook", "films"),
    "hookless": ("CXRDESK_API = '1.0'", "unknown-hook", "implements no hook"),
    "hook-raises": (GOOD.replace("return [Brightness]", "return 1 / 0"), "hook-failed", "ZeroDivisionError"),
    "hook-exits": (GOOD.replace("return [Brightness]", "raise SystemExit"), "hook-failed", "SystemExit"),
    "hook-torch": (GOOD.replace("return [Brightness]", "import torch"), "hook-failed", "torch may be"),
    "empty": (GOOD.replace("return [Brightness]", "return []"), "bad-spec", "no detector"),
    "nothing": (GOOD.replace("return [Brightness]", "return None"), "bad-spec", "no detector"),
    "number": (GOOD.replace("return [Brightness]", "return 5"), "hook-failed", "TypeError"),
    "text": (GOOD.replace("return [Brightness]", "return 'abc'"), "bad-spec", "a str"),
    "instance": (GOOD.replace("return [Brightness]", "return [Brightness()]"), "bad-spec", "a Brightness"),
    "spec-is-dict": (GOOD.replace("return [Brightness]", "Brightness.spec = {}\n    return [Brightness]"),
                     "bad-spec", "DetectorSpec"),
    "abstract": (GOOD.replace("def predict(", "def foretell("), "bad-spec", "does not implement predict"),
    "rubbish-spec": (GOOD.replace('"example-brightness"', '"Example!"'), "import-failed", "lower-case words"),
    "unknown-finding": (GOOD.replace('("pneumonia",)', '("sadness",)'), "import-failed", "unknown finding"),
    "z-twice": (GOOD, "duplicate-id", "example-brightness"),
}  # fmt: skip

LIST = """
import json, sys, threading
from cxrdesk.discovery.loader import load_registry
registry = load_registry()
json.dump({
    "detectors": [s.id for s in registry.detectors],
    "plugins": [[p.name, p.distribution, p.version] for p in registry.plugins],
    "failures": {f.name: [f.code, f.reason, f.distribution] for f in registry.failures},
    "heavy": sorted({"torch", "PySide6"} & set(sys.modules)),
    "guards": [type(f).__name__ for f in sys.meta_path if type(f).__name__ == "_LightImports"],
}, sys.stdout)
"""


def listed(*folders: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", LIST], env=path_with(*folders), capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def install_broken(folder: Path) -> None:
    for name, (source, _, _) in BROKEN.items():
        module = "broken_" + name.replace("-", "_")
        unpack(
            wheel(folder, f"cxrdesk-{name}", {f"{module}.py": source}, f"[cxrdesk.plugins]\n{name} = {module}\n"),
            folder,
        )


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> dict:
    """What is listed with one good plugin and all the broken ones."""
    folder = tmp_path_factory.mktemp("site")
    pip_install(plugin_wheel(tmp_path_factory.mktemp("wheels"), "example"), folder)
    install_broken(folder)
    text = "[cxrdesk.plugins]\nthis line has no sign\n"
    unpack(wheel(folder, "cxrdesk-metadata", {}, text), folder)
    entry = "[cxrdesk.plugins]\nno-module = cxrdesk_example:Brightness\n"
    unpack(wheel(folder, "cxrdesk-no-module", {}, entry), folder)
    return listed(folder)


def test_a_plugin_installed_by_pip_is_listed(everything):
    assert "example-brightness" in everything["detectors"]
    assert ["example", "cxrdesk-example", "1.0"] in everything["plugins"]


def test_a_plugin_whose_weights_are_imported_may_list_nothing(tmp_path, monkeypatch):
    module = GOOD.replace("return [Brightness]", "return []") + "\nCXRDESK_IMPORTED_WEIGHTS = True\n"
    entry = "[cxrdesk.plugins]\nwaiting = waiting_for_weights\n"
    unpack(wheel(tmp_path, "cxrdesk-waiting", {"waiting_for_weights.py": module}, entry), tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    registry = load_registry({"cxrdesk-waiting"})
    assert [(plugin.name, plugin.detectors) for plugin in registry.plugins] == [("waiting", ())]
    assert registry.failures == []
    sys.modules.pop("waiting_for_weights")


def test_the_example_has_at_most_40_lines():
    assert len(GOOD.splitlines()) <= 40


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_plugin_is_a_listed_failure(everything, name):
    _, code, part = BROKEN[name]
    found_code, reason, distribution = everything["failures"][name]
    assert found_code == code
    assert part in reason
    assert "\n" not in reason
    assert distribution == f"cxrdesk-{name}"


def test_broken_metadata_is_a_listed_failure(everything):
    assert everything["failures"]["cxrdesk-metadata"][0] == "bad-metadata"
    assert everything["failures"]["no-module"][0] == "bad-metadata"


def test_listing_imports_neither_torch_nor_qt(everything):
    assert everything["heavy"] == []
    assert everything["guards"] == []


def test_only_the_wanted_distributions_are_imported(tmp_path, monkeypatch):
    unpack(plugin_wheel(tmp_path, "example"), tmp_path)
    other = "raise SystemError('imported')"
    unpack(wheel(tmp_path, "cxrdesk-other", {"other.py": other}, "[cxrdesk.plugins]\nother = other\n"), tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    registry = load_registry({"cxrdesk-example"})
    assert [plugin.distribution for plugin in registry.plugins] == ["cxrdesk-example"]
    assert registry.failures == []
    sys.modules.pop("cxrdesk_example")


def test_a_registry_refuses_a_plugin_that_reuses_an_id_as_a_whole():
    first = Plugin(name="a", distribution="one", version="1", detectors=(spying(),))
    second = Plugin(name="b", distribution="two", version="1", detectors=(spying(),), segmenters=(HalfLungs,))
    registry = Registry([first, second])
    assert registry.plugins == [first]
    assert registry.segmenter_for("lungs") is None
    assert [(f.distribution, f.code) for f in registry.failures] == [("two", "duplicate-id")]
    assert registry.plugin("test-detector") is first
    with pytest.raises(KeyError):
        registry.model("test-lungs")


def test_bundled_plugins_keep_their_ids_and_structures_against_strangers(tmp_path):
    module = """
from cxrdesk.api import hookimpl
from cxrdesk.api.version import API_VERSION
from dataclasses import replace
import cxrdesk_lungmask.plugin as ours
CXRDESK_API = API_VERSION
(model,) = ours.cxrdesk_segmenters()
@hookimpl
def cxrdesk_segmenters():
    return [type("Stranger", (model,), {"spec": replace(model.spec, id=ID)})]
"""
    for name, model_id in (("aaa", "'lungmask'"), ("aab", "'aab'")):
        parts = {f"{name}.py": module.replace("ID)", f"{model_id})")}
        unpack(wheel(tmp_path, f"cxrdesk-{name}", parts, f"[cxrdesk.plugins]\n{name} = {name}\n"), tmp_path)
    told = run_listing(tmp_path)
    assert told == {"lungs": "lungmask", "plugin": "cxrdesk-lungmask", "failed": [["cxrdesk-aaa", "duplicate-id"]]}


def run_listing(folder):
    code = """
import json
from cxrdesk.discovery.loader import load_registry
r = load_registry({"cxrdesk-aaa", "cxrdesk-aab", "cxrdesk-lungmask"})
print(json.dumps({"lungs": r.segmenter_for("lungs").id, "plugin": r.plugin("lungmask").distribution,
                  "failed": [[f.distribution, f.code] for f in r.failures]}))
"""
    done = subprocess.run([sys.executable, "-c", code], env=path_with(folder), capture_output=True, text=True,
                          check=True, timeout=120)  # fmt: skip
    return json.loads(done.stdout)


TIME = """
import statistics, sys, time
from cxrdesk.discovery.loader import load_registry
from importlib import invalidate_caches
mine = set(sys.modules)
times = []
for _ in range(7):
    for name in set(sys.modules) - mine:
        del sys.modules[name]
    invalidate_caches()
    start = time.perf_counter()
    load_registry({names!r})
    times.append(time.perf_counter() - start)
print(statistics.median(times))
"""


def median_s(names: list[str], *folders: Path) -> float:
    code = TIME.replace("{names!r}", repr(names))
    done = subprocess.run([sys.executable, "-c", code], env=path_with(*folders), capture_output=True, text=True,
                          check=True, timeout=120)  # fmt: skip
    return float(done.stdout)


def test_failing_plugins_cost_the_start_little(tmp_path):
    # The three that the reader is promised; 50 ms is the promise, medians of one process each.
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.mkdir()
    bad.mkdir()
    unpack(plugin_wheel(tmp_path, "example"), good)
    for name in ("raises", "misspelt", "later"):
        source, module = BROKEN[name][0], f"broken_{name}"
        text = f"[cxrdesk.plugins]\n{name} = {module}\n"
        unpack(wheel(bad, f"cxrdesk-{name}", {f"{module}.py": source}, text), bad)
    names = ["cxrdesk-example", *(f"cxrdesk-{name}" for name in ("raises", "misspelt", "later"))]
    assert median_s(names, good, bad) - median_s(names, good) < 0.05
