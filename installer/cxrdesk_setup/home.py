"""What is installed, and where: a checkout with its plugins, or an unpacked kit."""

import hashlib
import json
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrdesk_setup.errors import KIT, SetupError

EXTRAS = "fast,onnx,train,test"  # one set for `run` and `test`: the second command finds all there
TOOLS = ("pip", "setuptools", "editables")  # beside the projects' build requirements: pip builds without isolation


@dataclass(frozen=True)
class Home:
    """The folder that gets `.venv`: a checkout (projects installed editable) or a kit (its wheels)."""

    root: Path
    constraints: Path
    checkout: bool

    @classmethod
    def around(cls, folder: Path) -> "Home":
        """Return the home that `folder`, the one with bootstrap.py, belongs to; raises SetupError for any other."""
        folder = folder.resolve()
        if folder.name == "installer" and (folder.parent / "pyproject.toml").is_file():
            return cls(folder.parent, folder / "constraints.txt", True)
        if (folder / "kit.json").is_file():
            return cls(folder, folder / "constraints.txt", False)
        raise SetupError(
            KIT, f"{folder} is neither cxrdesk's installer folder nor a kit: run bootstrap.py in one of them."
        )

    @property
    def venv(self) -> Path:
        """The environment's folder."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The environment's Python, whether it is there yet or not."""
        return self.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def projects(self) -> list[Path]:
        """Return the folders of a checkout's distributions: the application, then every bundled plugin."""
        return [self.root, *sorted(file.parent for file in self.root.glob("plugins/*/pyproject.toml"))]

    def pyprojects(self) -> list[dict[str, Any]]:
        """Return the parsed pyproject.toml of each project."""
        return [tomllib.loads((folder / "pyproject.toml").read_text("utf-8")) for folder in self.projects()]

    def names(self) -> list[str]:
        """Return the projects as pip finds them in a kit: by name, the application with its extras."""
        if not self.checkout:
            return [str(name) for name in json.loads((self.root / "kit.json").read_text("utf-8"))["projects"]]
        first, *plugins = (str(project["project"]["name"]) for project in self.pyprojects())
        return [f"{first}[{EXTRAS}]", *plugins]

    def sources(self) -> list[str]:
        """Return the projects of a checkout as pip finds them there: by folder, the application with its extras."""
        first, *plugins = (str(folder) for folder in self.projects())
        return [f"{first}[{EXTRAS}]", *plugins]

    def requirements(self) -> list[str]:
        """Return pip's arguments that name what to install."""
        return [part for source in self.sources() for part in ("-e", source)] if self.checkout else self.names()

    def tools(self) -> list[str]:
        """Return what must be in .venv before anything is built there."""
        constraints = self.constraints.read_text("utf-8")
        tools = {name for name in TOOLS if re.search(rf"(?m)^{name}==", constraints)}
        for project in self.pyprojects() if self.checkout else ():
            tools.update(project.get("build-system", {}).get("requires", []))
        return sorted(tools)

    def key(self, version: list[int]) -> str:
        """Return the hash of all that decides what .venv must hold, under the Python `version` there."""
        projects = (
            [folder / "pyproject.toml" for folder in self.projects()] if self.checkout else [self.root / "kit.json"]
        )
        digest = hashlib.sha256(json.dumps([str(self.root), version, EXTRAS, self.checkout]).encode())
        for file in (self.constraints, *projects):
            digest.update(file.relative_to(self.root).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
        return digest.hexdigest()
