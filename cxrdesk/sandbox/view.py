"""What a sandboxed command sees of this machine's files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

SYSTEM = ("bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "nix", "gnu")
FILES = ("etc/ld.so.cache", "etc/ld.so.conf", "etc/ld.so.conf.d", "etc/alternatives", "etc/localtime")
"""Shown in any case; by the same names in `cxrdesk.sandbox.enter`, which can import nothing of ours."""
_MACHINE = ("/sys/devices/system",)
"""Which cores there are: OpenMP asks."""
_CARDS = ("/sys/bus/pci", "/sys/devices", "/sys/class/drm", "/sys/module", "/usr/share/vulkan")


def accelerators() -> list[str]:
    """Names under /dev of graphics cards."""
    return [path.name for pattern in ("nvidia*", "dri", "kfd", "dxg") for path in sorted(Path("/dev").glob(pattern))]


def shown(readable: Sequence[Path], *, accelerator: bool) -> list[tuple[str, str]]:
    """Pairs of a place outside and its name inside.

    Each is shown by the name that programs use and by its real one, since links on the way are not there inside.
    """
    wanted = [*_python(), *map(Path, _MACHINE), *readable]
    wanted += map(Path, _CARDS) if accelerator else ()
    pairs: set[tuple[str, str]] = set()
    for path in wanted:
        if _there(path):
            real = os.path.realpath(path)
            pairs |= {(real, str(path.absolute())), (real, real)}
    # What lies within a place that is shown is there already; a folder cannot be made in a read-only one.
    outer: list[str] = [f"/{name}" for name in SYSTEM]
    kept = []
    for real, name in sorted(pairs, key=lambda pair: (pair[1].count("/"), pair)):
        if not any(name == known or name.startswith(f"{known}/") for known in outer):
            kept.append((real, name))
            outer.append(name)
    return kept


def _there(path: Path) -> bool:
    """Whether it is there; what this user may not even look at is shown to nobody."""
    try:
        return path.exists()
    except PermissionError:
        return False


def _python() -> Iterator[Path]:
    """Python, cxrdesk, and where packages are looked for; never the user's whole home because it is on the path."""
    yield Path(__file__).parents[1]
    yield from map(Path, (sys.prefix, sys.base_prefix, sys.exec_prefix))
    yield Path(os.path.realpath(sys.executable)).parents[1]
    home = Path.home()
    # The first entry may be the folder that the viewer was started in, with whatever lies there.
    asked = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    for entry in dict.fromkeys([*asked, *sys.path]):
        path = Path(entry)
        started_in = entry not in asked and path == Path(os.environ.get("PWD", ""))
        if path.is_absolute() and path not in (home, *home.parents, Path("/tmp")) and not started_in:
            yield path
