#!/usr/bin/env python3
"""Rewrite constraints.txt after a change of what a pyproject.toml asks for (on Linux, with a network).

Type `.venv/bin/python installer/pin.py`; versions that are pinned stay, unless `--upgrade` is given.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cxrdesk_setup.home import TOOLS, Home
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEAD = """\
# The exact version of everything that is installed, for Python 3.11 to 3.13 on Linux, Windows and macOS.
# installer/bootstrap.py hands this file to pip; versions only, where they come from is pip's own configuration.
# Left out: the CUDA libraries that torch pins exactly itself, so that its CPU build, which has none, resolves too.
# One OpenCV only, the headless one: the other sets Qt's environment variables and breaks the window.
# Written by installer/pin.py.
"""
WINDOWS_ONLY = ("colorama",)  # what pip on Linux does not report
LINUX_ONLY = re.compile(r"nvidia-|cuda-|triton$")


def asked_for(home: Home) -> list[str]:
    """Return what all projects together ask for, in all extras, less the projects themselves."""
    asked = [*TOOLS, *WINDOWS_ONLY]
    for content in home.pyprojects():
        project = content["project"]
        extras = project.get("optional-dependencies", {}).values()
        asked += [*content["build-system"]["requires"], *project["dependencies"], *(r for e in extras for r in e)]
    own = {canonicalize_name(content["project"]["name"]) for content in home.pyprojects()}
    return [text for text in asked if canonicalize_name(Requirement(text).name) not in own]


def resolve(home: Home, upgrade: bool) -> list[dict[str, Any]]:
    """Return the metadata of all that pip would install into an empty environment."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
    command += [] if upgrade else ["--constraint", str(home.constraints)]
    done = subprocess.run([*command, *asked_for(home)], stdout=subprocess.PIPE, text=True, check=True)
    return [item["metadata"] for item in json.loads(done.stdout)["install"]]


def exactly_asked(metadata: dict[str, Any], extras: set[str]) -> list[Requirement]:
    """Return what a distribution with these extras asks for in one version only, on this machine."""
    asked = map(Requirement, metadata.get("requires_dist", ()))
    here = [r for r in asked if not r.marker or any(r.marker.evaluate({"extra": extra}) for extra in (extras or {""}))]
    return [requirement for requirement in here if str(requirement.specifier).startswith("==")]


def pins(found: list[dict[str, Any]]) -> list[str]:
    """Return the lines of constraints.txt for what was resolved."""
    by_name = {str(canonicalize_name(metadata["name"])): metadata for metadata in found}
    left_out: set[str] = set()
    for requirement in exactly_asked(by_name["torch"], set()):
        name = str(canonicalize_name(requirement.name))
        parts = exactly_asked(by_name[name], requirement.extras) if requirement.extras else []
        left_out |= {name, *(str(canonicalize_name(part.name)) for part in parts)}
    lines = []
    for name in sorted(by_name.keys() - left_out):
        marker = ' ; sys_platform == "win32"' if name in WINDOWS_ONLY else ""
        marker = ' ; sys_platform == "linux"' if LINUX_ONLY.match(name) else marker
        lines.append(f"{name}=={by_name[name]['version'].partition('+')[0]}{marker}")
    return lines


def main() -> None:
    """Resolve and rewrite."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions that the projects allow")
    home = Home.around(Path(__file__).parent)
    lines = pins(resolve(home, parser.parse_args().upgrade))
    home.constraints.write_text(HEAD + "\n".join(lines) + "\n", "utf-8")
    print(f"{len(lines)} pins in {home.constraints}")


if __name__ == "__main__":
    main()
