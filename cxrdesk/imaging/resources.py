"""Files that travel with the application: sample studies, icons, the film check's weights."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def resource(name: str) -> Path:
    """Path of a file or folder under ``resources/``, in a checkout or in an installed wheel."""
    installed = _PACKAGE / "_resources"
    return (installed if installed.is_dir() else _PACKAGE.parent / "resources") / name
