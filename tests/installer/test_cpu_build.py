"""The CPU build of torch: by option, by the user's own pip configuration, into a kit, and when it is not there."""

from pathlib import Path

import pytest
from cxrdesk_setup import errors
from small_checkout import Checkout, make_index

BOTH = ("torch", "torchvision")


@pytest.fixture
def wants_torch(begun_checkout: Checkout, tmp_path: Path) -> tuple[Checkout, dict[str, str]]:
    """A checkout that needs torch, and the settings under which the ordinary index has a CUDA build of it."""
    pyproject = (begun_checkout.root / "pyproject.toml").read_text()
    begun_checkout.write("pyproject.toml", pyproject + 'dependencies = ["torch", "torchvision"]\n')
    begun_checkout.write("installer/constraints.txt", "torch==2.15.0\ntorchvision==0.29.2\n")
    ordinary = make_index(tmp_path / "ordinary", ("torch", "2.15.0"), ("torch", "2.16.0"), ("torchvision", "0.29.2"))
    return begun_checkout, {"PIP_INDEX_URL": ordinary}


@pytest.fixture
def cpu_index(tmp_path: Path) -> str:
    found = (("torch", "2.13.0+cpu"), ("torch", "2.15.0+cpu"), ("torchvision", "0.29.2+cpu"))
    return make_index(tmp_path / "cpu builds", *found)


def installed(checkout: Checkout) -> list[str]:
    packages = next((checkout.root / ".venv").glob("lib/python*/site-packages"))
    return sorted(info.name.removesuffix(".dist-info") for info in packages.glob("torch*.dist-info"))


def test_without_it_the_ordinary_build_of_the_pinned_version_is_taken(
    wants_torch: tuple[Checkout, dict[str, str]],
) -> None:
    checkout, ordinary = wants_torch
    assert checkout.call("run", **ordinary)[0] == 0
    assert installed(checkout) == ["torch-2.15.0", "torchvision-0.29.2"]


def test_the_option_takes_the_cpu_build_and_the_next_run_needs_no_option(
    wants_torch: tuple[Checkout, dict[str, str]], cpu_index: str
) -> None:
    checkout, ordinary = wants_torch
    code, _, err = checkout.call("run", "--cpu-index", cpu_index, **ordinary)
    assert (code, err) == (0, "")
    assert installed(checkout) == ["torch-2.15.0+cpu", "torchvision-0.29.2+cpu"]
    assert checkout.call("run")[1].startswith("demo with")
    assert installed(checkout) == ["torch-2.15.0+cpu", "torchvision-0.29.2+cpu"]


def test_the_users_configuration_takes_the_cpu_build(
    wants_torch: tuple[Checkout, dict[str, str]], cpu_index: str
) -> None:
    checkout, ordinary = wants_torch
    assert checkout.call("run", PIP_EXTRA_INDEX_URL=cpu_index, **ordinary)[0] == 0
    assert installed(checkout) == ["torch-2.15.0+cpu", "torchvision-0.29.2+cpu"]


def test_a_kit_takes_the_cpu_build(
    wants_torch: tuple[Checkout, dict[str, str]], cpu_index: str, tmp_path: Path
) -> None:
    checkout, ordinary = wants_torch
    code, _, err = checkout.call("kit", str(tmp_path / "kit"), "--cpu-index", cpu_index, **ordinary)
    assert (code, err) == (0, "")
    wheels = sorted(file.name.removesuffix("-py3-none-any.whl") for file in tmp_path.glob("kit/wheels/torch*"))
    assert wheels == ["torch-2.15.0+cpu", "torchvision-0.29.2+cpu"]
    code, out, _ = checkout.call("run", "--from", str(tmp_path / "kit"))
    assert code == 0
    assert "demo with" in out
    assert installed(checkout) == ["torch-2.15.0+cpu", "torchvision-0.29.2+cpu"]


def test_an_index_without_the_pinned_version_is_named_as_the_cause(
    wants_torch: tuple[Checkout, dict[str, str]], tmp_path: Path
) -> None:
    checkout, ordinary = wants_torch
    old = make_index(tmp_path / "old", ("torch", "2.13.0+cpu"), ("torchvision", "0.29.2+cpu"))
    code, _, err = checkout.call("run", "--cpu-index", old, **ordinary)
    assert code == errors.PACKAGES
    assert "torch" in err
    assert "--cpu-index" in err
    assert err.count("\n") == 1
    assert installed(checkout) == []
