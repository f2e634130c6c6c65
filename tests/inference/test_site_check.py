"""A stranger's package: its networks are compiled while it is checked, and used read-only from then on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cxrdesk.api import DetectorSpec, FilmScope, InputSpec
from cxrdesk.discovery.listing import list_plugins
from cxrdesk.inference.runners import ChildRunner
from cxrdesk.inference.site_check import check_site
from cxrdesk.packages.checked import COMPILED
from cxrdesk.packages.store import _keep_compiled
from tests.support import film
from tests.wheels import unpack, wheel

torch = pytest.importorskip("torch")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

NAME = "cxrdesk-compiles"
NETWORK = """
import torch


def build():
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3, stride=2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(),
        torch.nn.Linear(4, 1),
    )
"""
MODEL = """
from cxrdesk.api.torchkit import TorchClassifier


class Model(TorchClassifier):
    def build(self):
        from compiles.network import build

        return build()
"""
PLUGIN = """
from pathlib import Path

from cxrdesk.api import DetectorSpec, hookimpl
from compiles.model import Model

CXRDESK_API = "1.0"


class Compiles(Model):
    spec = DetectorSpec.from_bundle(Path(__file__).parent / "bundle")


@hookimpl
def cxrdesk_detectors():
    return [Compiles]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The version's folder with the site in it, as the store lays it out."""
    import safetensors.torch

    from cxrdesk.api.making import make_bundle

    folder = tmp_path_factory.mktemp("compiles")
    modules = {"compiles/__init__.py": "", "compiles/network.py": NETWORK, "compiles/model.py": MODEL,
               "compiles/plugin.py": PLUGIN}  # fmt: skip
    made = folder / "site"
    unpack(wheel(folder, NAME, modules, "[cxrdesk.plugins]\ncompiles = compiles.plugin\n"), made)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(made)
        from compiles.model import Model
        from compiles.network import build

        torch.manual_seed(2)
        spec = DetectorSpec(
            id="compiles", version="1.0", name="Compiles", looks_for="Nothing.", input=InputSpec(size=(32, 32)),
            scope=FilmScope(views=("chest-frontal",)), findings=("pneumonia",),
        )  # fmt: skip
        make_bundle(Model, spec, safetensors.torch.save(build().state_dict()), made / "compiles" / "bundle")
    return made


@pytest.fixture
def runner(site: Path, tmp_path: Path) -> Iterator[ChildRunner]:
    made = ChildRunner(list_plugins({NAME}, sites=[site]), device="cpu", limit_s=120, compiled=tmp_path / "shared")
    yield made
    made.close()


def test_a_network_is_compiled_in_the_check_and_used_read_only(site, runner):
    checked = check_site(site, NAME, device="cpu")
    assert checked.failures == ()
    assert sorted(Path(path).name for path in checked.compiled) == ["about.json", "graph.onnx"]
    assert not site.with_name(COMPILED).exists()  # a process that is not trusted writes nothing that stays
    _keep_compiled(site.parent, checked)
    child = runner.child("compiles")
    assert child.sandbox.writable == ()
    done = runner.detect(runner.registry.detectors[0], [film()], [{}], lambda _: None, lambda: False, explain=False)
    assert done.engine == f"ONNX Runtime {onnxruntime.__version__}"


def test_without_what_was_compiled_torch_computes(site, runner):
    _keep_compiled(site.parent, check_site(site, NAME, device="cpu"))
    for path in site.with_name(COMPILED).rglob("about.json"):
        path.unlink()
    done = runner.detect(runner.registry.detectors[0], [film()], [{}], lambda _: None, lambda: False, explain=False)
    assert done.engine.endswith("(not compiled: its folder cannot be written)")
