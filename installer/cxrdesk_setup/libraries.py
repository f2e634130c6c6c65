"""The system libraries that Qt is linked against on Linux: found, installed as root, or named in one command."""

import ctypes
import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cxrdesk_setup.errors import LIBRARIES, SetupError, say


class Need(NamedTuple):
    """Something that a system package provides: a library by its soname, and the package under each manager."""

    what: str
    apt: str
    dnf: str
    pacman: str


# What `readelf -d` lists for Qt's Core, Gui, Widgets and platform plugins, less what every glibc system has.
QT = (
    Need("libEGL.so.1", "libegl1", "libglvnd-egl", "libglvnd"),
    Need("libGL.so.1", "libgl1", "libglvnd-glx", "libglvnd"),
    Need("libX11.so.6", "libx11-6", "libX11", "libx11"),
    Need("libxkbcommon.so.0", "libxkbcommon0", "libxkbcommon", "libxkbcommon"),
    Need("libdbus-1.so.3", "libdbus-1-3", "dbus-libs", "dbus"),
    Need("libfontconfig.so.1", "libfontconfig1", "fontconfig", "fontconfig"),
    Need("libfreetype.so.6", "libfreetype6", "freetype", "freetype2"),
    Need("libglib-2.0.so.0", "libglib2.0-0", "glib2", "glib2"),
    Need("libgthread-2.0.so.0", "libglib2.0-0", "glib2", "glib2"),
    Need("libzstd.so.1", "libzstd1", "libzstd", "zstd"),
    Need("libstdc++.so.6", "libstdc++6", "libstdc++", "gcc-libs"),
)
XCB = {"randr": 0, "render": 0, "shape": 0, "shm": 0, "xfixes": 0, "sync": 1, "xkb": 1}  # library: its soname's number
X11 = (
    Need("libX11-xcb.so.1", "libx11-xcb1", "libX11-xcb", "libx11"),
    Need("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", "libxkbcommon-x11", "libxkbcommon-x11"),
    Need("libxcb-cursor.so.0", "libxcb-cursor0", "xcb-util-cursor", "xcb-util-cursor"),
    Need("libxcb-icccm.so.4", "libxcb-icccm4", "xcb-util-wm", "xcb-util-wm"),
    Need("libxcb-util.so.1", "libxcb-util1", "xcb-util", "xcb-util"),
    Need("libxcb-image.so.0", "libxcb-image0", "xcb-util-image", "xcb-util-image"),
    Need("libxcb-keysyms.so.1", "libxcb-keysyms1", "xcb-util-keysyms", "xcb-util-keysyms"),
    Need("libxcb-render-util.so.0", "libxcb-render-util0", "xcb-util-renderutil", "xcb-util-renderutil"),
    *(Need(f"libxcb-{part}.so.{n}", f"libxcb-{part}{n}", "libxcb", "libxcb") for part, n in XCB.items()),
)
WAYLAND = (
    Need("libwayland-client.so.0", "libwayland-client0", "libwayland-client", "wayland"),
    Need("libwayland-cursor.so.0", "libwayland-cursor0", "libwayland-cursor", "wayland"),
    Need("libwayland-egl.so.1", "libwayland-egl1", "libwayland-egl", "wayland"),
)
FONT = Need("a font", "fonts-dejavu-core", "dejavu-sans-fonts", "ttf-dejavu")  # without any, letters are boxes
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")
INSTALL = {
    "apt": "apt-get install -y --no-install-recommends",
    "dnf": "dnf install -y",
    "pacman": "pacman -S --needed --noconfirm",
}


def loads(soname: str) -> bool:
    """Return whether the system's loader finds the library."""
    try:
        ctypes.CDLL(soname)
    except OSError:
        return False
    return True


def has_font() -> bool:
    """Return whether any scalable font is installed."""
    files = (file for name in FONT_FOLDERS for file in Path(name).expanduser().rglob("*"))
    return any(file.suffix.lower() in (".ttf", ".otf", ".ttc", ".pfb") for file in files)


def missing(environ: Mapping[str, str]) -> list[Need]:
    """Return what Qt lacks here, for the screen that `environ` describes."""
    needs = list(QT)
    if environ.get("QT_QPA_PLATFORM") != "offscreen":
        needs += X11 if environ.get("DISPLAY") else ()
        needs += WAYLAND if environ.get("WAYLAND_DISPLAY") else ()
    return [need for need in needs if not loads(need.what)] + ([] if has_font() else [FONT])


def package_manager() -> str | None:
    """Return this machine's package manager, one of INSTALL, or None."""
    return next((name for name, command in INSTALL.items() if shutil.which(command.split()[0])), None)


def is_root() -> bool:
    """Return whether system packages may be installed."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def advice(needs: Sequence[Need]) -> str:
    """Return what to type, or to look for, to get `needs`."""
    manager = package_manager()
    if manager is None:
        return f"with your system's package manager install {', '.join(need.what for need in needs)}"
    packages = " ".join(dict.fromkeys(getattr(need, manager) for need in needs))
    return f"run `{'' if is_root() else 'sudo '}{INSTALL[manager]} {packages}`"


def provide(needs: Sequence[Need], code: int, why: str) -> None:
    """Install `needs` where that may be done, as root with apt-get; elsewhere raise SetupError with the one command."""
    if package_manager() != "apt" or not is_root():
        raise SetupError(code, f"{why}: {advice(needs)}, then the same command as now again.")
    packages = list(dict.fromkeys(need.apt for need in needs))
    say(f"{why}: installing {' '.join(packages)} with apt-get.")
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "-q", "update"], [*INSTALL["apt"].split(), *packages]):
        subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, check=False)  # the caller looks again
    importlib.invalidate_caches()


def check() -> None:
    """Make sure that Qt finds its libraries and a font; raises SetupError where it cannot."""
    if not sys.platform.startswith("linux"):
        return
    needs = missing(os.environ)
    if not needs:
        return
    provide(needs, LIBRARIES, f"The window needs {', '.join(need.what for need in needs)}, not found on this system")
    if left := missing(os.environ):
        what = ", ".join(need.what for need in left)
        raise SetupError(LIBRARIES, f"{what} could not be installed (apt-get says why above): {advice(left)}.")
