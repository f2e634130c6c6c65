from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cxrdesk.sandbox import view

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has views")


def names(*readable: Path) -> list[str]:
    return [name for _, name in view.shown(readable, accelerator=False)]


def test_a_place_is_shown_by_its_name_and_its_real_one(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    link = tmp_path / "link"
    link.symlink_to(real)
    pairs = view.shown((link,), accelerator=False)
    assert (str(real), str(link)) in pairs
    assert (str(real), str(real)) in pairs


def test_what_lies_within_a_shown_place_is_not_shown_again(tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    assert str(inner) not in names(tmp_path, inner)
    assert not any(name.startswith("/usr/") for name in names(Path("/usr/share")))


def test_home_and_the_folder_one_started_in_are_not_shown_for_being_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PWD", str(tmp_path / "films"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    for name in ("home", "films", "site"):
        (tmp_path / name).mkdir()
        monkeypatch.syspath_prepend(tmp_path / name)
    shown = names()
    assert str(tmp_path / "site") in shown
    assert not {str(tmp_path / "home"), str(tmp_path / "films"), str(tmp_path), "/", "/tmp"} & set(shown)


def test_what_is_not_there_is_not_shown(tmp_path):
    assert str(tmp_path / "nothing") not in names(tmp_path / "nothing")


def test_what_may_not_be_looked_at_is_shown_to_nobody(tmp_path, monkeypatch):
    def denied(self, **_):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "exists", denied)
    assert names(tmp_path) == []
