"""Room on the disk, and a Python that came without its venv module."""

import shutil
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from cxrdesk_setup import environment, libraries
from cxrdesk_setup.errors import DISK, PYTHON, SetupError
from cxrdesk_setup.home import Home

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    (tmp_path / ".venv").mkdir()
    return Home(tmp_path, tmp_path / "constraints.txt", checkout=True)


def test_a_disk_too_small_for_any_build_is_refused(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, 1e9))
    with pytest.raises(SetupError, match=r"1\.0 GB free and the set-up needs") as caught:
        environment.check_space(home, cuda=False)
    assert caught.value.code == DISK


def test_a_disk_too_small_for_cuda_is_only_warned_of(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which build pip takes is the user's configuration's to say."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, 6e9))
    environment.check_space(home, cuda=True)
    assert "--cpu-index" in capsys.readouterr().out
    environment.check_space(home, cuda=False)
    assert capsys.readouterr().out == ""


def test_what_a_stopped_set_up_has_installed_counts_as_room(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with (home.venv / "large").open("wb") as sparse:
        sparse.truncate(int(environment.NEEDS_GB["cpu"] * 1e9))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, 1e8))
    environment.check_space(home, cuda=False)


@pytest.mark.parametrize("manager", ["apt-get", ""])
def test_a_python_without_venv_names_the_package(home: Home, monkeypatch: pytest.MonkeyPatch, manager: str) -> None:
    monkeypatch.setattr(environment, "has_venv_module", lambda: False)
    monkeypatch.setattr(libraries, "is_root", lambda: False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: name if name == manager else None)
    says = (
        f"sudo apt-get install .*python{sys.version_info[0]}.{sys.version_info[1]}-venv" if manager else "venv module"
    )
    with pytest.raises(SetupError, match=says) as caught:
        environment.make_venv(home)
    assert caught.value.code == PYTHON
    assert list(home.venv.iterdir()) == []
