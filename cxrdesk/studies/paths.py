"""Folders of the application on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from cxrdesk import HOME_VARIABLE


def data_dir() -> Path:
    """Return the folder of what must be kept: index, installed bundles, audit; made where missing."""
    return _made("data", platformdirs.user_data_path("cxrdesk", appauthor=False))


def cache_dir() -> Path:
    """Return the folder of what can be computed again; made where missing."""
    return _made("cache", platformdirs.user_cache_path("cxrdesk", appauthor=False))


def listing_file() -> Path:
    """Return the path of what is remembered of installed plugins, whether or not it or its folder exist."""
    return _folder("cache", platformdirs.user_cache_path("cxrdesk", appauthor=False)) / "plugins.json"


def compiled_dir() -> Path:
    """Return the folder of networks that were compiled for this machine, whether or not it is there."""
    return _folder("cache", platformdirs.user_cache_path("cxrdesk", appauthor=False)) / "compiled"


def proofs_file() -> Path:
    """Return the path of what golden vectors showed on this machine, whether or not it or its folder exist."""
    return _folder("cache", platformdirs.user_cache_path("cxrdesk", appauthor=False)) / "proofs.json"


def plugins_dir() -> Path:
    """Return the folder of installed packages, whether or not it exists."""
    return _folder("data", platformdirs.user_data_path("cxrdesk", appauthor=False)) / "plugins"


def annotations_dir() -> Path:
    """Return the folder of annotations whose films' folders cannot be written, whether or not it exists."""
    return _folder("data", platformdirs.user_data_path("cxrdesk", appauthor=False)) / "annotations"


def answers_dir() -> Path:
    """Return the folder of answers about studies whose own folders cannot be written, whether or not it exists."""
    return _folder("data", platformdirs.user_data_path("cxrdesk", appauthor=False)) / "answers"


def publishers_file() -> Path:
    """Return the path of the trusted publishers' keys, whether or not it exists."""
    return settings_file().with_name("publishers.json")


def settings_file() -> Path:
    """Return the path of the settings, whether or not they or their folder exist."""
    return _folder("config", platformdirs.user_config_path("cxrdesk", appauthor=False)) / "settings.json"


def _made(kind: str, usual: Path) -> Path:
    folder = _folder(kind, usual)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _folder(kind: str, usual: Path) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    return Path(home).expanduser() / kind if home else usual
