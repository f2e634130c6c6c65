"""Starts a command in a sandbox, as tight as this machine allows without rights, and ends it with all it started."""

from __future__ import annotations

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
from pathlib import Path
from typing import Any

from cxrdesk.sandbox import watch
from cxrdesk.sandbox.ways import KEEPER, Sandbox, Way, plan, scrubbed, way

KEEPER_GRACE_S = 1.0
_WATCH_S = 0.1


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
        self._folder = Path(tempfile.mkdtemp(prefix="cxrdesk-plugin-")) if way() is Way.PLAIN else None
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
            told = json.dumps(plan(way(), command, self._sandbox, theirs, self._folder))
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
