"""A kit is a folder with all that a machine without a network needs: wheels, this set-up, and their SHA-256."""

import hashlib
import json
import shutil
import sysconfig
from pathlib import Path

from cxrdesk_setup.errors import KIT, SetupError, say
from cxrdesk_setup.home import Home
from cxrdesk_setup.pip_runner import Pip

SUMS = "SHA256SUMS"  # in the format of sha256sum, which can check it too


def digest_of(file: Path) -> str:
    """Return a file's SHA-256 in hex."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def clear_kit_folder(folder: Path) -> None:
    """Make `folder` ready for a kit: new, empty, or an earlier kit, of which only its own files are removed."""
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not (folder / "kit.json").is_file())):
        raise SetupError(KIT, f"{folder} holds something else: name a new or an empty folder for the kit.")
    for name in ("wheels", "cxrdesk_setup"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / SUMS).unlink(missing_ok=True)
    (folder / "wheels").mkdir(parents=True)


def fill_kit(pip: Pip, folder: Path, python: list[int], cpu_index: str | None, cpu_packages: tuple[str, ...]) -> None:
    """Gather the wheels for this platform and `python` in a folder made by `clear_kit_folder`."""
    home, wheels = pip.home, folder / "wheels"
    about = {"python": python, "platform": sysconfig.get_platform(), "projects": home.names()}
    (folder / "kit.json").write_text(json.dumps(about, indent=2) + "\n", "utf-8")
    if cpu_index:
        say("Fetching the CPU build of torch")
        pip.run("download", "--no-deps", "--index-url", cpu_index, "--dest", str(wheels), *cpu_packages)
    say("Gathering every wheel" + ("" if cpu_index else "; on Linux torch's CUDA libraries alone are about 3 GB"))
    pip.run("wheel", "--find-links", str(wheels), "--wheel-dir", str(wheels), *home.tools(), *home.sources())
    installer = Path(__file__).parents[1]
    for file in (installer / "bootstrap.py", home.constraints, *sorted(Path(__file__).parent.glob("*.py"))):
        copy = folder / file.relative_to(installer)
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(file, copy)


def seal_kit(folder: Path) -> None:
    """Write SHA256SUMS, the last file, so that an interrupted kit is known by its absence."""
    own = (folder / "bootstrap.py", folder / "constraints.txt", folder / "kit.json")
    files = [*own, *sorted(folder.glob("cxrdesk_setup/*.py")), *sorted(folder.glob("wheels/*"))]
    sums = [f"{digest_of(file)}  {file.relative_to(folder).as_posix()}\n" for file in files]
    (folder / SUMS).write_text("".join(sums), "utf-8", newline="\n")
    size_gb = sum(file.stat().st_size for file in files) / 1e9
    say(f"{len(files)} files, {size_gb:.1f} GB. Copy {folder} to the other machine and type there, inside the copy:")
    say("python3 bootstrap.py run")


def check_kit(kit: Path, home: Home, python: list[int]) -> None:
    """Raise SetupError unless each file of `kit` is the one gathered, and for this machine, `python` and `home`."""
    try:
        sums = {line[66:]: line[:64] for line in (kit / SUMS).read_text("utf-8").splitlines()}
        about = json.loads((kit / "kit.json").read_text("utf-8"))
        made_for = (list(about["python"]), str(about["platform"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"{kit} is not a complete kit: make one with `bootstrap.py kit DIR` on a machine with a network."
        raise SetupError(KIT, text) from error
    say(f"Checking the {len(sums)} files of the kit {kit}")
    bad = [name for name, digest in sums.items() if not (kit / name).is_file() or digest_of(kit / name) != digest]
    bad += [f"wheels/{wheel.name}" for wheel in kit.glob("wheels/*") if f"wheels/{wheel.name}" not in sums]
    if bad or "kit.json" not in sums:
        text = f"In the kit {kit}, {', '.join(bad[:3]) or SUMS} is missing, damaged or foreign: copy the kit again."
        raise SetupError(KIT, text)
    here = (python, sysconfig.get_platform())
    if made_for != here:
        texts = [f"Python {version[0]}.{version[1]} on {platform}" for version, platform in (made_for, here)]
        raise SetupError(KIT, f"The kit is for {texts[0]} and this is {texts[1]}: make one on a machine like this.")
    if digest_of(kit / "constraints.txt") != digest_of(home.constraints):
        raise SetupError(KIT, f"The kit {kit} belongs to another version of cxrdesk: make it again from this one.")
