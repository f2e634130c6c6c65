"""constraints.txt: exact, free of host names, and covering what the projects ask for."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LINES = [line for line in (ROOT / "installer/constraints.txt").read_text("utf-8").splitlines() if line[:1] not in "#"]
PINS = {canonicalize_name(Requirement(line).name): Requirement(line) for line in LINES}
PYPROJECTS = [ROOT / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml"))]


@pytest.mark.parametrize("line", LINES)
def test_each_line_pins_one_version_and_names_no_place(line: str) -> None:
    pin = Requirement(line)
    assert pin.url is None
    assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(pin.specifier)), "one exact version, without * or a local part"
    assert not re.search(r"://|@|--|\.(org|com|net|io)\b", line)


def test_no_package_is_pinned_twice() -> None:
    assert len(PINS) == len(LINES)


@pytest.mark.parametrize("file", PYPROJECTS, ids=lambda file: file.parent.name)
def test_every_dependency_is_pinned_to_a_version_it_allows(file: Path) -> None:
    content = tomllib.loads(file.read_text("utf-8"))
    project = content["project"]
    extras = project.get("optional-dependencies", {}).values()
    asked = [*content["build-system"]["requires"], *project.get("dependencies", []), *(r for e in extras for r in e)]
    assert asked
    own = {canonicalize_name(tomllib.loads(f.read_text("utf-8"))["project"]["name"]) for f in PYPROJECTS}
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        if name not in own:
            (pin,) = PINS[name].specifier
            assert requirement.specifier.contains(pin.version), f"{requirement} and {PINS[name]}"


def test_the_only_opencv_is_the_headless_one() -> None:
    assert [name for name in PINS if "opencv" in name] == ["opencv-python-headless"]


def test_what_torch_pins_itself_is_left_to_it() -> None:
    """Its CPU build and other CUDA builds name other versions of these."""
    requires = [Requirement(text) for text in metadata.requires("torch") or []]
    exact = {canonicalize_name(r.name) for r in requires if str(r.specifier).startswith("==")}
    assert not exact & PINS.keys()


def test_rewriting_leaves_to_torch_what_it_pins_and_marks_what_is_for_one_system() -> None:
    import pin  # needs the path that conftest.py sets

    found = [
        {
            "name": "torch",
            "version": "2.15.0+cu132",
            "requires_dist": [
                "networkx>=2.5",
                "cuda-toolkit[cublas]==13.2.2",
                "triton~=3.9.0",
                "absent==1; python_version<'3'",
            ],
        },
        {
            "name": "cuda-toolkit",
            "version": "13.2.2",
            "requires_dist": ["nvidia-cublas==13.4.*; extra == 'cublas'", "nvidia-cccl==13.3.*; extra == 'cccl'"],
        },
        *(
            {"name": name, "version": "1"}
            for name in ("networkx", "triton", "nvidia-cublas", "nvidia_cccl", "colorama")
        ),
    ]
    assert pin.pins(found) == [
        'colorama==1 ; sys_platform == "win32"',
        "networkx==1",
        'nvidia-cccl==1 ; sys_platform == "linux"',
        "torch==2.15.0",
        'triton==1 ; sys_platform == "linux"',
    ]
