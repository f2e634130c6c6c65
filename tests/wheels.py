"""Makes small plugins into real distributions: a wheel, and its installation into a folder."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

PLUGINS = Path(__file__).parent / "plugins"


def wheel(
    folder: Path,
    name: str,
    modules: dict[str, str],
    entry_points: str,
    version: str = "1.0",
    requires: tuple[str, ...] = (),
) -> Path:
    """Write a wheel by the binary distribution format (PEP 427).

    Parameters
    ----------
    modules : dict of str
        File name to its text.
    entry_points : str
        Text of entry_points.txt.
    requires : tuple of str
        Requirements (PEP 508).
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    wants = "".join(f"Requires-Dist: {text}\n" for text in requires)
    files = modules | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n{wants}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    record = []
    path = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            data = text.encode()
            archive.writestr(file, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{file},sha256={digest},{len(data)}\n")
        archive.writestr(f"{info}/RECORD", "".join(record) + f"{info}/RECORD,,\n")
    return path


def plugin_wheel(folder: Path, plugin: str) -> Path:
    """A wheel of a plugin in tests/plugins, by its pyproject.toml."""
    source = PLUGINS / plugin
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"]["cxrdesk.plugins"]
    text = "[cxrdesk.plugins]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items())
    modules = {path.name: path.read_text() for path in source.glob("*.py")}
    return wheel(folder, project["name"], modules, text, project["version"])


def pip_install(wheel_path: Path, target: Path) -> None:
    """Install with pip, as a user would."""
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-compile"]
    command += ["--disable-pip-version-check", "--root-user-action=ignore", "--target", str(target), str(wheel_path)]
    subprocess.run(command, check=True, env=os.environ | {"PIP_CONFIG_FILE": os.devnull})


def unpack(wheel_path: Path, target: Path) -> None:
    """Install without pip, which takes a second: a pure wheel is unpacked as it is."""
    with zipfile.ZipFile(wheel_path) as archive:
        archive.extractall(target)


def path_with(*folders: Path) -> dict[str, str]:
    """The environment of a process that finds what was installed into `folders`."""
    known = [part for part in [os.environ.get("PYTHONPATH", "")] if part]
    return os.environ | {"PYTHONPATH": os.pathsep.join([*map(str, folders), *known])}
