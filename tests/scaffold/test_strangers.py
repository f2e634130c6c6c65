"""Plugins as authors write them with ``plugins new``: built and installed by pip, found as strangers', run on films."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from cxrdesk.api import Bundle, ModelInput
from cxrdesk.api.testing import State, Target, check_model, find_target
from cxrdesk.cli.exits import Exit
from cxrdesk.discovery.loader import load_registry
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.inference.pipeline import FilmAnalysis
from cxrdesk.inference.result import Call, Status
from cxrdesk.inference.runners import ChildRunner
from tests.made_networks import onnx_classifier
from tests.wheels import path_with

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("hatchling")
ROOT = Path(__file__).resolve().parents[2]
MONAI = """
import sys
import numpy as np, torch
from monai.data import save_net_with_metadata
from monai.networks.nets import UNet
torch.manual_seed(5)
net = UNet(spatial_dims=2, in_channels=1, out_channels=3, channels=(4, 8), strides=(2,)).eval()
save_net_with_metadata(torch.jit.trace(net, torch.zeros(1, 1, 64, 64)), sys.argv[1],
                       meta_values={"name": "Lungs", "network_data_format": {"outputs": {"pred": {"num_channels": 3}}}})
film = np.random.default_rng(2).normal(size=(1, 1, 64, 64)).astype(np.float32)
with torch.no_grad():
    shares = torch.softmax(net(torch.from_numpy(film)), dim=1)[0].numpy()
np.savez(sys.argv[2], film=film[0], inside=shares[1] + shares[2])
"""


def run(*line, site: Path | None = None, home: Path) -> subprocess.CompletedProcess[str]:
    environment = (path_with(site) if site else dict(os.environ)) | {"CXRDESK_HOME": str(home)}
    command = [sys.executable, "-m", "cxrdesk", *map(str, line)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240, cwd=ROOT)


def installed(folder: Path, site: Path) -> None:
    """Built by its own pyproject.toml and installed by pip, without a network."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    command += ["--no-compile", "--disable-pip-version-check", "--root-user-action=ignore", "--target", str(site)]
    subprocess.run([*command, str(folder)], check=True, env=os.environ | {"PIP_CONFIG_FILE": os.devnull}, timeout=240)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory) -> tuple[Path, Path]:
    """The folder that ``plugins new --onnx`` wrote, and where it was installed."""
    folder = tmp_path_factory.mktemp("onnx")
    (folder / "net.onnx").write_bytes(onnx_classifier(outputs=2, side=64))
    line = ["--onnx", folder / "net.onnx", "--finding", "opacity=0"]
    done = run("plugins", "new", "strange-net", *line, "--out", folder, home=folder)
    assert (done.returncode, done.stderr) == (0, "")
    installed(folder / "cxrdesk-strange-net", folder / "site")
    return folder / "cxrdesk-strange-net", folder / "site"


def test_a_new_plugin_passes_its_check_at_once(classifier, tmp_path):
    done = run("plugins", "check", classifier[0], "--json", home=tmp_path)
    checks = json.loads(done.stdout)["checks"]
    assert [item for item in checks if item["state"] == "failed"] == []
    assert done.returncode == 0
    passed = {item["check"] for item in checks if item["state"] == "passed"}
    assert passed >= {"import-light", "golden", "saliency-weights", "odd-films", "cancel", "unload", "leftovers"}


def test_it_is_complete(classifier):
    folder = classifier[0]
    assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == {
        "pyproject.toml", "README.md", "LICENSE", "tests/test_plugin.py",
        *(f"src/cxrdesk_strange_net/{name}.py" for name in ("__init__", "plugin", "model", "recipe")),
        *(f"src/cxrdesk_strange_net/bundle/{name}" for name in ("bundle.json", "golden.npz", "model.onnx")),
    }  # fmt: skip
    assert Bundle(folder / "src/cxrdesk_strange_net/bundle").manifest["evidence"] == "unmeasured"
    assert tomllib.loads((folder / "pyproject.toml").read_text())["project"]["dependencies"] == ["cxrdesk[onnx]>=0.1"]
    assert find_target(str(folder)) == Target(module="cxrdesk_strange_net.plugin", paths=((folder / "src"),))


def test_its_own_tests_pass(classifier):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "tests"],
        cwd=classifier[0], env=path_with(classifier[0] / "src"), capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


@contextmanager
def on_path(*folders: Path, package: str) -> Iterator[None]:
    """This process and its children find what is in these folders."""
    with pytest.MonkeyPatch.context() as patch:
        for folder in folders:
            patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", path_with(*folders)["PYTHONPATH"])
        yield
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        del sys.modules[name]


def test_a_strangers_onnx_classifier_scores_a_film_without_a_call(classifier):
    film = read_radiograph(ROOT / "resources/samples/adult/chest-pa.dcm")
    with on_path(classifier[1], package="cxrdesk_strange_net"):
        registry = load_registry({"cxrdesk-strange-net"})
        assert registry.failures == []
        (spec,) = registry.detectors
        runner = ChildRunner(registry, device="cpu", limit_s=120)
        try:
            result = FilmAnalysis(film, registry, runner).detect(spec)
        finally:
            runner.close()
    assert result.status is Status.DONE
    (finding,) = result.findings
    assert (finding.finding, finding.call) == ("opacity", Call.INDETERMINATE)
    assert 0 < finding.raw < 1
    assert [reason.code for reason in finding.reasons] == ["evidence-unmeasured"]
    assert finding.saliency[0].map.values.max() > 0


@pytest.mark.skipif(find_spec("monai") is None, reason="MONAI is not installed")
def test_a_strangers_segmenter_around_a_monai_bundles_file(tmp_path):
    """The file that a MONAI bundle ships as models/model.ts, written by MONAI's own function."""
    (tmp_path / "models").mkdir()
    file = tmp_path / "models" / "model.ts"
    subprocess.run([sys.executable, "-W", "ignore", "-c", MONAI, str(file), str(tmp_path / "told.npz")], check=True,
                   timeout=240)  # fmt: skip
    line = ["--torchscript", file, "--segmenter", "--size", "64x64", "--outputs", "1,2", "--answers", "classes"]
    done = run("plugins", "new", "monai-lungs", *line, "--out", tmp_path, home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    installed(tmp_path / "cxrdesk-monai-lungs", tmp_path / "site")
    with on_path(tmp_path / "site", package="cxrdesk_monai_lungs"):
        registry = load_registry({"cxrdesk-monai-lungs"})
        assert [spec.structure for spec in registry.segmenters] == ["lungs"]
        from cxrdesk_monai_lungs.plugin import MonaiLungs

        model = MonaiLungs()
        model.load()
        told = np.load(tmp_path / "told.npz")
        mask = model.segment(ModelInput(tensor=told["film"]))
        model.unload()
        np.testing.assert_allclose(mask.values, told["inside"], atol=1e-5)
        assert [str(made) for made in check_model(MonaiLungs) if made.state is State.FAILED] == []


@pytest.mark.parametrize("kind", [[], ["--segmenter"]], ids=["detector", "segmenter"])
def test_a_torch_plugin_that_passes(tmp_path, kind):
    pytest.importorskip("torch")
    done = run("plugins", "new", "own-net", *kind, "--out", tmp_path, home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    with on_path(tmp_path / "cxrdesk-own-net" / "src", package="cxrdesk_own_net"):
        from cxrdesk_own_net.plugin import OwnNet

        outcomes = list(check_model(OwnNet))
    assert [str(made) for made in outcomes if made.state is State.FAILED] == []
    assert [made.state for made in outcomes if made.check == "golden"] == [State.PASSED]


def test_an_existing_folder_is_left_alone(classifier, tmp_path):
    (tmp_path / "cxrdesk-mine").mkdir()
    (tmp_path / "cxrdesk-mine" / "precious").touch()
    done = run("plugins", "new", "mine", "--out", tmp_path, home=tmp_path)
    assert done.returncode == Exit.USAGE
    assert "is there already" in done.stderr
    assert (tmp_path / "cxrdesk-mine" / "precious").exists()


def test_a_network_that_does_not_run_leaves_nothing(tmp_path):
    (tmp_path / "net.pt").write_bytes(b"no network")
    done = run("plugins", "new", "mine", "--torchscript", tmp_path / "net.pt", "--size", "64x64", "--out", tmp_path,
               home=tmp_path)  # fmt: skip
    assert done.returncode == Exit.NO_FILM
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be opened" in done.stderr
    assert not (tmp_path / "cxrdesk-mine").exists()
