"""Starts a command in a sandbox, as tight as this machine allows without rights, and ends it with all it started."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrdesk.sandbox import view, watch

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
KEEPER_GRACE_S = 1.0
_WATCH_S = 0.1
_PROCESSES = 512
_PROBE_S = 30.0


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
    """

    readable: tuple[Path, ...] = ()
    memory_mb: int = 4096
    address_mb: int | None = None
    folder_mb: int = 512
    accelerator: bool = False
    writable: tuple[Path, ...] = ()


def memory_limit_mb() -> int:
    """A limit that leaves the machine half of its memory: 1.5 to 8 GB."""
    return min(8192, max(1536, watch.machine_mb() // 2))


class Confined:
    """A command that runs in a sandbox.

    Parameters
    ----------
    command : sequence of str
        A Python that this process could start, with its arguments.
    variables : mapping of str
        Added to its environment.
    asked : bool
        Whether it is told anything on its standard input.

    Attributes
    ----------
    process : Popen
        Ends when the command does, and as it does; its streams are the command's.
    over_memory : bool
        Whether it was ended for taking more than its memory.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(
        self, command: Sequence[str], sandbox: Sandbox, variables: Mapping[str, str], *, asked: bool = True
    ) -> None:
        self.over_memory = False
        self._sandbox = sandbox
        self._folder = Path(tempfile.mkdtemp(prefix="cxrdesk-plugin-")) if not namespaces() else None
        self._lifeline: int | None = None
        self._killing = threading.Lock()
        home = str(self._folder or "/tmp")
        environment = scrubbed(home) | dict(variables)
        try:
            self.process = self._started(list(command), environment, subprocess.PIPE if asked else subprocess.DEVNULL)
        except BaseException:
            self._cleared()
            raise
        self._ended = threading.Event()
        self._watch = threading.Thread(target=self._watch_memory, name="memory-watch", daemon=True)
        self._watch.start()

    def _started(self, command: list[str], environment: dict[str, str], stdin: int) -> subprocess.Popen[bytes]:
        for folder in self._sandbox.writable:
            folder.mkdir(parents=True, exist_ok=True)
        streams: dict[str, Any] = {"stdin": stdin, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        if sys.platform == "win32":
            flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
            return subprocess.Popen(command, env=environment, cwd=self._folder, creationflags=flags, **streams)
        theirs, self._lifeline = os.pipe()
        try:
            told = json.dumps(plan(command, self._sandbox, theirs, self._folder))
            keeper = [sys.executable, "-I", "-S", str(KEEPER), told]
            return subprocess.Popen(keeper, env=environment, pass_fds=(theirs,), **streams)
        finally:
            os.close(theirs)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def resident_mb(self) -> float:
        """Memory of all its processes, now."""
        return watch.resident_mb(self.process.pid)

    def kill(self) -> None:
        """End it and all that it started, at once. Safe to call from any thread, and again."""
        with self._killing:
            if self._lifeline is not None:
                os.close(self._lifeline)
                self._lifeline = None
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout=KEEPER_GRACE_S)
            if self.process.poll() is None:
                # A keeper that was stopped, by a plugin that could see it; and Windows, which has none.
                left = watch.tree(self.process.pid)
                self.process.kill()
                for pid in left[1:]:
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    def release(self) -> None:
        """Give back what is left of it once it has ended; kills it if it has not."""
        self.kill()
        self.process.wait()
        self._ended.set()
        if self._watch is not threading.current_thread():
            self._watch.join()
        self._cleared()

    def _cleared(self) -> None:
        if self._lifeline is not None:  # it was never started
            os.close(self._lifeline)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _watch_memory(self) -> None:
        while not self._ended.wait(_WATCH_S) and self.alive:
            if self.resident_mb() > self._sandbox.memory_mb:
                self.over_memory = True
                self.kill()


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


def plan(command: list[str], sandbox: Sandbox, lifeline: int, folder: Path | None) -> dict[str, Any]:
    """What the keeper is told."""
    inside = folder is None
    devices = view.accelerators() if sandbox.accelerator else []
    return {
        "command": command,
        "lifeline": lifeline,
        "namespaces": inside,
        "folder": None if inside else str(folder),
        "folder_mb": sandbox.folder_mb,
        "address_mb": sandbox.address_mb,
        # In namespaces the kernel counts the command's own processes and threads; outside, all of the user's.
        "processes": _PROCESSES + 16 * (os.cpu_count() or 1) if inside else None,
        "devices": devices,
        "readable": view.shown(sandbox.readable, accelerator=bool(devices)) if inside else [],
        "writable": [str(folder.absolute()) for folder in sandbox.writable],
    }


@functools.cache
def namespaces() -> bool:
    """Whether this machine lets a user without rights make namespaces: tried once."""
    return sys.platform == "linux" and why_no_namespaces() == ""


@functools.cache
def why_no_namespaces() -> str:
    """What stood in the way, in the system's words; empty where nothing did."""
    if sys.platform != "linux":
        return f"{sys.platform} has none"
    theirs, ours = os.pipe()
    told = json.dumps(plan([sys.executable, "-I", "-S", "-c", ""], Sandbox(), theirs, None))
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
