"""How much memory a process and all that it started take."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path


def machine_mb() -> int:
    """Memory of this machine."""
    if sys.platform != "linux":
        import psutil

        return int(psutil.virtual_memory().total) >> 20
    return (os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")) >> 20


def tree(pid: int) -> list[int]:
    """The process and its descendants; those that have ended are left out."""
    if sys.platform != "linux":
        import psutil

        try:
            return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        except psutil.Error:
            return []
    found = [pid]
    for known in found:  # it grows meanwhile; calls within calls would end at a thousand generations
        # Any of them may end while one looks.
        with suppress(OSError, ValueError), os.scandir(f"/proc/{known}/task") as tasks:
            for task in tasks:
                found += map(int, Path(task.path, "children").read_text().split())
    return found


def resident_mb(pid: int) -> float:
    """Memory of the process and its descendants; pages that two of them share count for both."""
    return sum(map(_resident, tree(pid))) / 2**20


def _resident(pid: int) -> int:
    if sys.platform != "linux":
        import psutil

        try:
            return int(psutil.Process(pid).memory_info().rss)
        except psutil.Error:
            return 0
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
