"""What a process holds: hooks, threads, child processes, files, sockets, memory."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LEAVE_S = 2.0
"""How long a thread or child process may take to end."""
_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


def hooks_of(module: Any) -> list[str]:
    """Names of the parts of a torch module that have hooks."""
    return [name for name, part in module.named_modules() if any(getattr(part, kind, None) for kind in _HOOKS)]


@contextmanager
def left_in_process() -> Iterator[list[str]]:
    """A list that holds, once the block has ended, what is there now and was not before."""
    left: list[str] = []
    threads, files, before = set(threading.enumerate()), _files(), _settings()
    children = _children()
    yield left
    gc.collect()
    end = time.monotonic() + _LEAVE_S
    while (_threads(threads) or _children() - children) and time.monotonic() < end:
        time.sleep(0.02)
    left += [f"a thread ({thread.name})" for thread in _threads(threads)]
    left += [f"a child process ({pid})" for pid in sorted(_children() - children)]
    left += [f"an open {_kind(target)}" for number, target in _files().items() if files.get(number) != target]
    left += [f"a changed {name}" for name, value in _settings().items() if before[name] != value]


def _threads(before: set[threading.Thread]) -> list[threading.Thread]:
    made = [thread for thread in threading.enumerate() if thread not in before]
    return [thread for thread in made if not isinstance(thread, threading._DummyThread)]


def _settings() -> dict[str, object]:
    torch: Any = sys.modules.get("torch.nn.modules.module")
    shared: dict[str, Any] = vars(torch) if torch is not None else {}
    told: dict[str, object] = {
        f"set of {name.strip('_').replace('_', ' ')}": len(shared.get(name, ()))
        for name in ("_global_forward_hooks", "_global_forward_pre_hooks", "_global_backward_hooks")
    }
    return told | {
        "working folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "handler of Ctrl-C": signal.getsignal(signal.SIGINT),
        "handler of SIGTERM": signal.getsignal(signal.SIGTERM),
        "recursion limit": sys.getrecursionlimit(),
    }


def _files() -> dict[str, str]:
    """Open files and sockets by their number; empty where the system does not list them."""
    found = {}
    for link in Path("/proc/self/fd").glob("*"):
        try:
            found[link.name] = str(link.readlink())
        except OSError:
            continue  # that of the listing itself
    return {number: target for number, target in found.items() if not target.startswith(("/proc/", "/dev/"))}


def _kind(target: str) -> str:
    return "socket" if target.startswith("socket:") else f"file ({target})"


def _children() -> set[int]:
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        if parent == os.getpid():
            found.add(int(status.parent.name))
    return found


@contextmanager
def frozen_heap() -> Iterator[None]:
    """Let the garbage collector see only what is made from here on, so that looking through it takes no time."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def tensors_mb() -> float:
    """Memory of the torch tensors on the CPU that were made since `frozen_heap`; storages count once."""
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return 0.0
    storages = {}
    for item in gc.get_objects():
        # Asked of its type: some libraries' objects answer isinstance with a warning.
        if issubclass(type(item), torch.Tensor) and item.device.type == "cpu" and item.layout is torch.strided:
            storage = item.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
    return float(sum(storages.values())) / 2**20


def resident_mb() -> float | None:
    """What the process holds in memory; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
