"""Plugins installed into a folder that this process and its children find."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxrdesk.discovery.loader import load_registry
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging import quality
from tests.support import CHEST
from tests.wheels import plugin_wheel, unpack


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the plugins of tests/plugins."""
    folder = tmp_path_factory.mktemp("site")
    for plugin in ("example", "hostile", "torchy"):
        unpack(plugin_wheel(folder, plugin), folder)
    return folder


@pytest.fixture(scope="module")
def registry(site: Path) -> Iterator[Registry]:
    """What this process finds with that folder on its path; its children inherit the path."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(site)
        patch.setenv("PYTHONPATH", os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])]))
        yield load_registry({"cxrdesk-example", "cxrdesk-hostile", "cxrdesk-torchy"})
    for name in ("cxrdesk_example", "cxrdesk_hostile", "cxrdesk_torchy"):
        sys.modules.pop(name, None)


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch) -> dict[str, quality.FilmLook]:
    """Looks by film digest, instead of the film check's; a chest film where none is given."""
    looks: dict[str, quality.FilmLook] = {}
    monkeypatch.setattr(quality, "look", lambda film: looks.get(film.digest, CHEST))
    return looks
