"""System libraries: the table against Qt's own files, and what is done about a missing one."""

import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cxrdesk_setup import libraries
from cxrdesk_setup.errors import LIBRARIES, SetupError

EVERYWHERE = {  # in every glibc system, or needed by another library of the tables
    *("libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "ld-linux-x86-64.so.2"),
    *("ld-linux-aarch64.so.1", "libgcc_s.so.1", "libz.so.1", "libxcb.so.1"),
}
QT_FILES = {
    "lib/libQt6Core.so.6": libraries.QT,
    "lib/libQt6Gui.so.6": libraries.QT,
    "lib/libQt6DBus.so.6": libraries.QT,
    "lib/libQt6Widgets.so.6": libraries.QT,
    "plugins/platforms/libqoffscreen.so": libraries.QT,
    "lib/libQt6XcbQpa.so.6": libraries.QT + libraries.X11,
    "plugins/platforms/libqxcb.so": libraries.QT + libraries.X11,
    "plugins/platforms/libqwayland.so": libraries.QT + libraries.WAYLAND,
}


@pytest.mark.skipif(not shutil.which("readelf"), reason="needs readelf")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")
@pytest.mark.parametrize("name", QT_FILES)
def test_the_tables_hold_all_that_qt_is_linked_against(name: str) -> None:
    spec = importlib.util.find_spec("PySide6")
    assert spec is not None
    assert spec.origin is not None
    qt = Path(spec.origin).parent / "Qt"
    said = subprocess.run(["readelf", "-d", qt / name], capture_output=True, text=True, check=True).stdout
    needed = set(re.findall(r"\(NEEDED\).*\[(.+)\]", said))
    own = {file.name for file in (qt / "lib").iterdir()}
    assert needed & own, "readelf's output was read"
    assert needed - own - EVERYWHERE <= {need.what for need in QT_FILES[name]}


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let the loader find all but the named libraries, under the named package manager and user."""

    def arrange(*what: str, manager: str = "", root: bool = False, font: bool = True) -> None:
        monkeypatch.setattr(sys, "platform", "linux")
        monkeypatch.setattr(libraries, "loads", lambda soname: soname not in what)
        monkeypatch.setattr(libraries, "has_font", lambda: font)
        monkeypatch.setattr(libraries, "is_root", lambda: root)
        monkeypatch.setattr(shutil, "which", lambda name: name if name == manager else None)
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            monkeypatch.delenv(name, raising=False)

    return arrange


def test_screen_libraries_are_asked_for_only_with_that_screen(lacking: Callable[..., None]) -> None:
    lacking("libxcb-cursor.so.0", "libwayland-cursor.so.0")
    names = {
        screen: [need.what for need in libraries.missing({screen: ":0"})]
        for screen in ("DISPLAY", "WAYLAND_DISPLAY", "NONE")
    }
    assert names == {"DISPLAY": ["libxcb-cursor.so.0"], "WAYLAND_DISPLAY": ["libwayland-cursor.so.0"], "NONE": []}
    assert libraries.missing({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}) == []


@pytest.mark.parametrize(
    ("manager", "command"),
    [
        ("apt-get", "sudo apt-get install -y --no-install-recommends libegl1 libglib2.0-0 fonts-dejavu-core"),
        ("dnf", "sudo dnf install -y libglvnd-egl glib2 dejavu-sans-fonts"),
        ("pacman", "sudo pacman -S --needed --noconfirm libglvnd glib2 ttf-dejavu"),
        ("", "package manager install libEGL.so.1, libglib-2.0.so.0, libgthread-2.0.so.0, a font"),
    ],
)
def test_without_root_one_command_is_named(lacking: Callable[..., None], manager: str, command: str) -> None:
    lacking("libEGL.so.1", "libglib-2.0.so.0", "libgthread-2.0.so.0", manager=manager, font=False)
    with pytest.raises(SetupError) as caught:
        libraries.check()
    assert caught.value.code == LIBRARIES
    assert command in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("works", [True, False])
def test_as_root_apt_get_installs_and_the_result_is_looked_at(
    lacking: Callable[..., None], monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    lacking("libEGL.so.1", manager="apt-get", root=True)
    commands = []

    def run(command: list[str], **_options: object) -> None:
        commands.append(command)
        if works and "libegl1" in command:
            monkeypatch.setattr(libraries, "loads", lambda _soname: True)

    monkeypatch.setattr(subprocess, "run", run)
    if works:
        libraries.check()
    else:
        with pytest.raises(SetupError, match=r"libEGL\.so\.1 could not be installed.*libegl1"):
            libraries.check()
    assert [command[-1] for command in commands] == ["update", "libegl1"]


def test_other_systems_are_not_looked_at(lacking: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    lacking("libEGL.so.1")
    monkeypatch.setattr(sys, "platform", "darwin")
    libraries.check()


def test_loader_tells_present_from_absent() -> None:
    if sys.platform.startswith("linux"):
        assert libraries.loads("libc.so.6")
    assert not libraries.loads("libcxrdesk-has-no-such.so.9")
