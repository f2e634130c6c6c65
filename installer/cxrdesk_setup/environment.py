""".venv itself: made, locked, repaired after an interruption, filled, and stamped with what it holds."""

import contextlib
import csv
import errno
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cxrdesk_setup import libraries
from cxrdesk_setup.errors import DISK, PYTHON, SetupError, say
from cxrdesk_setup.home import Home
from cxrdesk_setup.kit import check_kit
from cxrdesk_setup.pip_runner import Pip, classify, clean_environment

CPU_INDEX_PACKAGES = ("torch", "torchvision")
NEEDS_GB = {"cuda": 10, "cpu": 4}  # .venv together with the downloads while they are unpacked
STARTED = "started"  # the stamp of a set-up that has not ended


class Probe(NamedTuple):
    """A Python that runs: its version and the folder of its packages."""

    version: list[int]
    packages: Path


def probe(home: Home) -> Probe | None:
    """Ask .venv's Python what it is; None where it does not run, or has been replaced by another version."""
    code = "import json, sys, sysconfig; print(json.dumps([sys.version_info[:3], sysconfig.get_path('purelib')]))"
    command = [str(home.python), "-I", "-c", code]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, env=clean_environment()).stdout
        version, packages = json.loads(said)
    except (OSError, subprocess.CalledProcessError, ValueError):
        return None
    return Probe(version, Path(packages)) if Path(packages).is_dir() else None


def stamp_of(home: Home) -> str:
    """Return what the last set-up left: the key of what .venv holds, STARTED, or '' for none."""
    try:
        return (home.venv / "cxrdesk-setup.txt").read_text("utf-8")
    except FileNotFoundError:
        return ""


def write_stamp(home: Home, text: str) -> None:
    """Replace the stamp in one step."""
    new = home.venv / "cxrdesk-setup.new"
    new.write_text(text, "utf-8")
    new.replace(home.venv / "cxrdesk-setup.txt")


@contextlib.contextmanager
def locked(home: Home) -> Iterator[int]:
    """Hold .venv's lock; the system drops it when this process and its pip have ended, however they ended."""
    try:
        home.venv.mkdir(exist_ok=True)
        handle = os.open(home.venv / "cxrdesk-setup.lock", os.O_RDWR | os.O_CREAT)
    except OSError as error:
        text = f"{home.venv} cannot be written ({error.strerror}): move it away, or use a folder of your own."
        raise SetupError(DISK, text) from error
    try:
        if not _try_lock(handle):
            say("Another set-up of this folder is under way; waiting for it to end (Ctrl-C to stop waiting).")
            while not _try_lock(handle):
                time.sleep(0.5)
        yield handle
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks answers otherwise: go on without one.
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


def remove(path: Path) -> None:
    """Remove a file, a link or a whole folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def damaged(packages: Path) -> list[Path]:
    """Return what an interrupted pip left: folders set aside, and the dist-info of packages that are not all there."""
    return [*packages.glob("~*"), *(info for info in packages.glob("*.dist-info") if not _whole(info))]


def _whole(info: Path) -> bool:
    try:
        with (info / "RECORD").open(newline="", encoding="utf-8") as record:
            sizes = [(row[0], int(row[2])) for row in csv.reader(record) if len(row) == 3 and row[2]]
        return (info / "METADATA").is_file() and all((info.parent / f).stat().st_size == size for f, size in sizes)
    except (OSError, ValueError):
        return False


def has_venv_module() -> bool:
    """Return whether this Python can make environments; Debian ships it without."""
    return all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))


def make_venv(home: Home) -> Probe:
    """Make .venv, or make a broken one anew; raises SetupError where that cannot be done."""
    content = [path for path in home.venv.iterdir() if not path.name.startswith("cxrdesk-setup")]
    if content and not (home.venv / "pyvenv.cfg").is_file():
        raise SetupError(DISK, f"{home.venv} is not a Python environment: move it away and run the same command again.")
    if content:
        say("The Python in .venv does not run; making .venv anew.")
    for path in content:
        remove(path)
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    need = libraries.Need("Python's venv module", package, "python3-libs", "python")
    if sys.platform.startswith("linux") and not has_venv_module():
        libraries.provide([need], PYTHON, "This Python came without its venv module")
    if not has_venv_module():
        raise SetupError(PYTHON, "This Python has no venv module: install a complete one and run this with it.")
    base = getattr(sys, "_base_executable", None) or sys.executable
    command = [base, "-m", "venv", str(home.venv)]
    done = subprocess.run(command, capture_output=True, text=True, env=clean_environment(), check=False)
    if done.returncode or not (found := probe(home)):
        log = home.venv / "setup.log"
        log.write_text(done.stdout + done.stderr, "utf-8")
        raise classify(done.stdout + done.stderr, log)
    return found


def prepare(home: Home, pip: Pip) -> None:
    """Clear away what an interrupted set-up left, and install the tools that build the projects."""
    for path in damaged(pip.packages):
        remove(path)
    if not pip.version():
        shutil.rmtree(pip.packages / "pip", ignore_errors=True)
        made = subprocess.run(
            [str(home.python), "-m", "ensurepip"], capture_output=True, text=True, env=clean_environment(), check=False
        )
        if made.returncode:
            last = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise SetupError(PYTHON, f"pip could not be put into {home.venv} ({last}): use a complete Python.")
    if tools := home.tools():
        say("Installing the build tools")
        pip.run("install", *tools)


def check_space(home: Home, cuda: bool) -> None:
    """Raise SetupError where not even the CPU build fits; say so where the CUDA build will not."""
    used = sum(file.lstat().st_size for file in home.venv.rglob("*") if not file.is_dir()) / 1e9
    free = shutil.disk_usage(home.root).free / 1e9
    if free + used < NEEDS_GB["cpu"]:
        need = NEEDS_GB["cpu"] - used
        text = (
            f"{home.root} has {free:.1f} GB free and the set-up needs {need:.1f}: free some space and run this again."
        )
        raise SetupError(DISK, text)
    if cuda and free + used < NEEDS_GB["cuda"]:
        say(f"Only {free:.1f} GB are free: torch with CUDA will hardly fit, its CPU build (--cpu-index URL) will.")


def explain(home: Home, kit: Path | None, cuda: bool) -> None:
    """Say what is about to happen and why it takes long."""
    say(f"Setting up cxrdesk in {home.venv}; this is done once, and all that pip says goes to setup.log there.")
    if kit:
        say("Everything comes from the kit; unpacking it takes a few minutes, most of them for torch.")
    elif cuda:
        say(
            "The usual torch for Linux carries NVIDIA's CUDA libraries, 5.5 GB on the disk: most of the time goes\n"
            "there (about two minutes on a fast line). Without such a GPU the small CPU build will do: --cpu-index\n"
            "URL with the address of PyTorch's CPU wheels, or that address in your own pip configuration."
        )
    else:
        say("Most of the time goes into torch, a few hundred MB.")


def set_up(home: Home, kit: Path | None, cpu_index: str | None) -> None:
    """Bring .venv to what `home` asks for; where it is there already, at once and without the network."""
    found = probe(home)
    if found and stamp_of(home) == home.key(found.version):
        return
    if kit:
        check_kit(kit, home, list((found.version if found else sys.version_info)[:2]))
    with locked(home) as lock:
        found = probe(home) or make_venv(home)
        key, stamp = home.key(found.version), stamp_of(home)
        if stamp == key:  # another set-up did it while this one waited
            return
        begun = time.monotonic()
        pip = Pip(home, found.packages, lock, kit)
        pip.log.write_text("", "utf-8")
        if stamp in ("", STARTED):
            cuda = sys.platform.startswith("linux") and not cpu_index
            check_space(home, cuda and not kit)
            explain(home, kit, cuda)
        else:
            say("What cxrdesk needs has changed; bringing .venv up to date.")
        write_stamp(home, STARTED)
        prepare(home, pip)
        if cpu_index and not kit:
            say("Fetching the CPU build of torch")
            pip.run("install", "--no-deps", "--index-url", cpu_index, *CPU_INDEX_PACKAGES)
        say("Installing cxrdesk, its plugins and all that they need")
        pip.run("install", *home.requirements())
        write_stamp(home, key)
        say(f"Set up in {time.monotonic() - begun:.0f} s; from now on this starts at once and needs no network.\n")
