"""The rules between rooms, by what modules say and by what is really imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]


def lint(repository: Path, environment: dict[str, str], *given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LINT, *given], cwd=repository, env=environment, capture_output=True, text=True, timeout=280, check=False
    )


def test_rooms_import_what_they_may(repository, plain_environment):
    done = lint(repository, plain_environment)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_broken_rule_would_be_seen(repository, plain_environment, tmp_path):
    config = tmp_path / "broken.ini"
    config.write_text(
        "[importlinter]\nroot_package = cxrdesk\n"
        "[importlinter:contract:upside-down]\nname = upside down\ntype = layers\n"
        "layers =\n    cxrdesk.imaging\n    cxrdesk.api\n"
    )
    done = lint(repository, plain_environment, "--config", str(config))
    assert done.returncode == 1
    assert "upside down BROKEN" in done.stdout


IMPORT = """
import importlib, json, pkgutil, sys
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    if name.count(".") == 1 and hasattr(module, "__path__"):
        for found in pkgutil.walk_packages(module.__path__, name + "."):
            if not found.name.endswith("__main__"):
                importlib.import_module(found.name)
print(json.dumps(sorted({module.partition(".")[0] for module in sys.modules})))
"""
TORCH = {"torch", "torchvision", "timm", "lightning", "pytorch_grad_cam", "segmentation_models_pytorch"}
QT = {"PySide6", "shiboken6"}
SQL = {"sqlite3"}


@pytest.mark.parametrize(
    ("names", "never"),
    [
        (["cxrdesk.imaging"], TORCH | QT | SQL | {"pluggy"}),
        # All modules, cxrdesk.api.torchkit and cxrdesk.inference.child too.
        (["cxrdesk.api", "cxrdesk.discovery", "cxrdesk.inference"], TORCH | QT | SQL),
        (["cxrdesk.studies", "cxrdesk.reports"], TORCH | QT),
        (["cxrdesk.evaluation"], QT | {"lightning"}),
        (["cxrdesk.ui", "cxrdesk.app"], TORCH | SQL),
        (["cxrdesk.cli"], TORCH | QT),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_importing_a_room_brings(names, never, plain_environment):
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, *names], env=plain_environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr
    assert never & set(json.loads(done.stdout)) == set()


def test_listing_plugins_brings_neither_torch_nor_qt(plain_environment):
    code = (
        IMPORT
        + "\nfrom cxrdesk.discovery.loader import load_registry\nload_registry()\n"
        + ("assert not {'torch', 'PySide6'} & set(sys.modules)\n")
    )
    done = subprocess.run([sys.executable, "-c", code], env=plain_environment, capture_output=True, text=True,
                          timeout=280)  # fmt: skip
    assert done.returncode == 0, done.stderr
