"""Bundles that the user made from weights of others, for plugins that bring none themselves."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import platformdirs

from cxrdesk import HOME_VARIABLE
from cxrdesk.api.bundle import MANIFEST

FOLDER_VARIABLE = "CXRDESK_IMPORTED"
"""Names the folder of these bundles to a process that sees no home."""


def imported_folder(distribution: str) -> Path:
    """Where bundles of that distribution's plugin are kept, whether or not it is there."""
    if told := os.environ.get(FOLDER_VARIABLE):
        return Path(told) / distribution
    home = os.environ.get(HOME_VARIABLE)
    data = Path(home).expanduser() / "data" if home else platformdirs.user_data_path("cxrdesk", appauthor=False)
    return data / "bundles" / distribution


def told_to(distributions: Sequence[str]) -> tuple[dict[str, str], tuple[Path, ...]]:
    """What a process that serves these distributions is told in its environment, and the folders that it must see."""
    folders = tuple(imported_folder(name) for name in distributions)
    return {FOLDER_VARIABLE: str(imported_folder("any").parent)}, folders


def imported_bundles(distribution: str) -> list[Path]:
    """The bundles in that folder, by name; those that are just being written are no bundles yet."""
    found = imported_folder(distribution).glob(f"*/{MANIFEST}")
    return sorted(path.parent for path in found if not path.parent.name.startswith("."))
