"""What the last bits of a score depend on: Python, the libraries that compute, the device and its driver."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

_LIBRARIES = ("numpy", "torch", "onnxruntime", "openvino")
_SMI = ("--query-gpu=name,driver_version", "--format=csv,noheader")
_SMI_LIMIT_S = 10


def fingerprint(device: str) -> dict[str, str]:
    """What golden vectors were reproduced with; imports none of it.

    Parameters
    ----------
    device : str
        The device of the settings.
    """
    told = {"python": platform.python_version(), "device": device, "processor": _processor()}
    for name in _LIBRARIES:
        try:
            told[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    if driver := _driver():
        told["driver"] = driver
    return told


def _processor() -> str:
    if sys.platform.startswith("linux"):
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _driver() -> str:
    """Graphics processors and their driver's version; on macOS the driver is the system's."""
    if sys.platform == "darwin":
        return platform.mac_ver()[0]
    program = shutil.which("nvidia-smi")
    if program is None:
        return ""
    try:
        done = subprocess.run(
            [program, *_SMI],
            capture_output=True,
            text=True,
            timeout=_SMI_LIMIT_S,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return "; ".join(done.stdout.split("\n")).strip("; ")
