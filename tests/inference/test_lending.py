"""A child sees the films that it is asked about, and no other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cxrdesk.discovery.listing import list_plugins
from cxrdesk.inference.lending import SHARED, Lending
from cxrdesk.inference.pixels import SharedFilm
from cxrdesk.inference.process import Child, InferenceError
from cxrdesk.sandbox.ways import Way, way
from tests.support import film
from tests.wheels import PLUGINS, unpack, wheel

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="shared memory has no folder here")


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_films_are_there_while_they_are_lent():
    lending = Lending()
    first, second = SharedFilm(film(1)), SharedFilm(film(2))
    assert lending.folder is not None
    assert lending.folder.stat().st_mode & 0o077 == 0
    with lending.lent([first.description, first.description]):
        assert names(lending.folder) == {first.description["memory"]}
    assert names(lending.folder) == set()
    with pytest.raises(RuntimeError), lending.lent([first.description, second.description]):
        raise RuntimeError
    assert names(lending.folder) == set()
    lending.close()
    assert not lending.folder.exists()
    first.close()
    second.close()


def test_what_a_killed_host_left_goes_with_the_next_one():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = SHARED / f"cxrdesk-films-{ended.pid}-abc"
    mine, foreign = SHARED / f"cxrdesk-films-{os.getpid()}-kept", SHARED / "cxrdesk-films-of-somebody"
    for folder in (left, mine, foreign):
        folder.mkdir()
    try:
        Lending().close()
        assert [folder.exists() for folder in (left, mine, foreign)] == [False, True, True]
    finally:
        mine.rmdir()
        foreign.rmdir()


@pytest.mark.skipif(way() is Way.PLAIN, reason="this machine holds a plugin by limits alone")
def test_a_plugin_finds_no_other_film(tmp_path):
    source = (PLUGINS / "example" / "cxrdesk_example.py").read_text()
    head = "    def predict(self, inputs):\n"
    spying = source.replace(head, f"{head}        raise RuntimeError(' '.join(os.listdir('/dev/shm')))\n")
    spying = spying.replace("import numpy as np\n", "import os\n\nimport numpy as np\n")
    site = tmp_path / "site"
    unpack(wheel(tmp_path, "cxrdesk-spy", {"spy.py": spying}, "[cxrdesk.plugins]\nspy = spy\n"), site)
    spec = list_plugins({"cxrdesk-spy"}, sites=[site]).detectors[0]
    other = SharedFilm(film(7))
    child = Child(("cxrdesk-spy",), device="cpu", site=site)
    try:
        with pytest.raises(InferenceError) as caught:
            child.detect(spec, [film(1)], [{}])
        assert child._lending is not None
        folder = child._lending.folder
    finally:
        child.close()
        other.close()
    found = str(caught.value).rpartition("RuntimeError: ")[2].split()
    assert len(found) == 1
    assert other.description["memory"] not in found
    assert folder is not None
    assert not folder.exists()
