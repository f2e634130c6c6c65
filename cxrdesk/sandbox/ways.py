"""What a command may use, and the tightest way in which this machine can hold it to that without an administrator."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from cxrdesk.sandbox import view

KEEPER = Path(__file__).with_name("enter.py")
KEPT_VARIABLES = frozenset(
    {
        "LANG", "LC_ALL", "LC_CTYPE", "TZ",
        "PYTHONPATH", "PYTHONWARNINGS", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES",
        # Windows programs do not start without these.
        "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE",
    }
)  # fmt: skip
"""What a command is told of this process's environment; all else may hold a secret or a name."""
_PROCESSES = 512
_PROBE_S = 30.0


class Way(StrEnum):
    """How a command is held."""

    NAMESPACES = "namespaces"
    """By the kernel's namespaces, which the keeper makes itself."""
    BUBBLEWRAP = "bubblewrap"
    """By those that bubblewrap makes, which some systems allow to it alone."""
    PLAIN = "plain"
    """By limits, a clean environment and an end that it cannot put off; it can reach network and files."""


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """What a command may use.

    Parameters
    ----------
    readable : tuple of Path
        Files and folders that it may read, beside Python, cxrdesk and the system's libraries.
    memory_mb : int
        Memory of all its processes; above it they are ended. Watched from outside, ten times a second: a limit on
        addresses would strike torch, which reserves many times what it uses.
    address_mb : int or None
        Limit on addresses, which bounds what can be taken between two looks; None where an accelerator's driver
        reserves more than any machine has.
    folder_mb : int
        What it may write to the folder of its own.
    accelerator : bool
        Whether it may open the devices of graphics cards.
    writable : tuple of Path
        Folders outside its own that it may write to; made where they are not there.
    shared : Path or None
        What it sees in place of the machine's shared memory; None for nothing.
    """

    readable: tuple[Path, ...] = ()
    memory_mb: int = 4096
    address_mb: int | None = None
    folder_mb: int = 512
    accelerator: bool = False
    writable: tuple[Path, ...] = ()
    shared: Path | None = None


def scrubbed(home: str) -> dict[str, str]:
    """The environment that a command starts from.

    Parameters
    ----------
    home : str
        The folder that is its own.
    """
    kept = {key: value for key, value in os.environ.items() if key.upper() in KEPT_VARIABLES}
    path = os.environ.get("PATH", "") if sys.platform == "win32" else "/usr/bin:/bin"
    own = dict.fromkeys(("HOME", "TMPDIR", "TEMP", "TMP", "USERPROFILE", "XDG_CACHE_HOME"), home)
    return kept | own | {"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1"}


def plan(way: Way, command: list[str], sandbox: Sandbox, lifeline: int, folder: Path | None) -> dict[str, Any]:
    """What the keeper is told; `folder` is the command's own where it is held in the plain way."""
    devices = view.accelerators() if sandbox.accelerator else []
    readable = view.shown(sandbox.readable, accelerator=bool(devices)) if way is not Way.PLAIN else []
    if sandbox.shared is not None and way is not Way.PLAIN:
        readable.append((str(sandbox.shared), "/dev/shm"))
    writable = [str(folder.absolute()) for folder in sandbox.writable]
    if way is Way.BUBBLEWRAP:
        command = bubblewrapped(command, readable, writable, devices, sandbox.folder_mb)
    return {
        "command": command,
        "lifeline": lifeline,
        "way": way.value,
        "folder": str(folder or "/"),
        "folder_mb": sandbox.folder_mb,
        "address_mb": sandbox.address_mb,
        # In namespaces of our own the kernel counts the command's own processes and threads; else all of the user's.
        "processes": _PROCESSES + 16 * (os.cpu_count() or 1) if way is Way.NAMESPACES else None,
        "devices": devices,
        "readable": readable,
        "writable": writable,
    }


def bubblewrapped(
    command: list[str], readable: list[tuple[str, str]], writable: list[str], devices: list[str], folder_mb: int
) -> list[str]:
    """The command as bubblewrap starts it, with the same view as `cxrdesk.sandbox.enter` makes."""
    made = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--unshare-user", "--uid", "1000", "--gid", "1000"]
    made += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    made += ["--size", str(folder_mb << 20), "--tmpfs", "/tmp", "--proc", "/proc", "--dev", "/dev"]
    for name in view.SYSTEM:
        path = Path("/", name)
        if path.is_symlink():
            made += ["--symlink", str(path.readlink()), str(path)]
        else:
            made += ["--ro-bind-try", str(path), str(path)]
    for name in view.FILES:
        made += ["--ro-bind-try", f"/{name}", f"/{name}"]
    for name in devices:
        made += ["--dev-bind-try", f"/dev/{name}", f"/dev/{name}"]
    for real, name in readable:
        made += ["--ro-bind-try", real, name]
    for name in writable:
        made += ["--bind", name, name]
    return [*made, "--remount-ro", "/", "--chdir", "/tmp", "--", *command]


@functools.cache
def way() -> Way:
    """The tightest one that works here: tried once."""
    if sys.platform == "linux":
        if why_not(Way.NAMESPACES) == "":
            return Way.NAMESPACES
        if shutil.which("bwrap") is not None and why_not(Way.BUBBLEWRAP) == "":
            return Way.BUBBLEWRAP
    return Way.PLAIN


@functools.cache
def why_not(which: Way) -> str:
    """What stands in the way of one, in the system's words; empty where nothing does."""
    if sys.platform != "linux":
        return f"{sys.platform} has none"
    theirs, ours = os.pipe()
    told = json.dumps(plan(which, [sys.executable, "-I", "-S", "-c", ""], Sandbox(), theirs, None))
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", str(KEEPER), told],
            env=scrubbed("/tmp"), stdin=subprocess.DEVNULL, capture_output=True, pass_fds=(theirs,), timeout=_PROBE_S,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    finally:
        os.close(theirs)
        os.close(ours)
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return "" if done.returncode == 0 else (said[-1] if said else f"exit code {done.returncode}")
