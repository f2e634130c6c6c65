"""Bundles that the user made from weights of others, for plugins that bring none themselves."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from cxrdesk.api.bundle import MANIFEST

HOME_VARIABLE = "CXRDESK_HOME"
"""Names one folder that holds everything: for portable copies and for tests."""


def imported_folder(distribution: str) -> Path:
    """Where bundles of that distribution's plugin are kept, whether or not it is there."""
    home = os.environ.get(HOME_VARIABLE)
    data = Path(home).expanduser() / "data" if home else platformdirs.user_data_path("cxrdesk", appauthor=False)
    return data / "bundles" / distribution


def imported_bundles(distribution: str) -> list[Path]:
    """The bundles in that folder, by name; those that are just being written are no bundles yet."""
    found = imported_folder(distribution).glob(f"*/{MANIFEST}")
    return sorted(path.parent for path in found if not path.parent.name.startswith("."))
