"""Which device to compute on."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec

CHOICES = ("auto", "cpu", "cuda", "mps", "xpu")


def choose(wanted: str = "auto") -> str:
    """Device to compute on, by torch's name: the wanted one, or the first accelerator that is there, else the CPU.

    Imports torch, unless the CPU is wanted or torch is not installed: a detector need not use it.

    Raises
    ------
    ValueError
        If `wanted` is unknown or not on this machine.
    """
    if wanted not in CHOICES:
        raise ValueError(f"{wanted!r} is no device; choose one of {', '.join(CHOICES)}")
    if wanted == "cpu":
        return "cpu"
    if find_spec("torch") is None:
        if wanted == "auto":
            return "cpu"
        raise ValueError(f"torch is not installed, so there is no {wanted} device; choose auto or cpu")
    import torch

    there: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "mps": torch.backends.mps.is_available,
        "xpu": torch.xpu.is_available,
        "cpu": lambda: True,
    }
    if wanted == "auto":
        return next(name for name, available in there.items() if available())
    if not there[wanted]():
        raise ValueError(f"this machine offers no {wanted} device; choose auto or cpu")
    return wanted


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a torch error says that an accelerator's memory ran out."""
    torch = sys.modules.get("torch")
    typed = torch is not None and isinstance(error, torch.OutOfMemoryError)
    return typed or "out of memory" in str(error).lower()


def child_threads(cores: int | None) -> int:
    """Threads for computing: one less than the cores, so that the screen keeps one."""
    return max(1, (cores or 1) - 1)


def child_environment(cores: int | None) -> dict[str, str]:
    """Variables that make torch's threads wait without spinning.

    A spinning thread team stalls whenever another process uses one of its cores.
    """
    threads = str(child_threads(cores))
    return {
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "PYTHONUNBUFFERED": "1",
    }
