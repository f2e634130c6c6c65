"""The commands of bootstrap.py: run, test and kit."""

import argparse
import os
import signal
import subprocess
import sys
from pathlib import Path

from cxrdesk_setup import libraries
from cxrdesk_setup.environment import CPU_INDEX_PACKAGES, locked, make_venv, prepare, probe, set_up
from cxrdesk_setup.errors import DISK, EXIT_CODES, KIT, STOPPED, SetupError, say
from cxrdesk_setup.home import Home
from cxrdesk_setup.kit import clear_kit_folder, fill_kit, seal_kit
from cxrdesk_setup.pip_runner import Pip, clean_environment

ABOUT = """\
Set up and start cxrdesk on a machine that has Python and nothing else.

Everything goes into the folder .venv beside the application, with the exact versions of constraints.txt; your own pip
configuration (index, proxy, certificate) is honoured. Nothing else on the machine is changed, except that on Linux, as
root and with apt-get, missing system libraries are installed. A set-up that was interrupted goes on when the command is
given again; to start afresh, remove .venv.
"""
HELP = {
    "run": "set up where needed and open the bundled sample studies; what this does not know goes to the application",
    "test": "set up where needed and run ruff, mypy, lint-imports and pytest; what this does not know goes to pytest",
    "kit": "gather in DIR all that a machine like this one needs to set up without a network",
}
STEPS = {
    "ruff check": ("-m", "ruff", "check"),
    "mypy": ("-m", "mypy"),
    "lint-imports": ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"),
    # Last, so that its summary ends the output; each process of the suite takes up to 3 GB.
    "pytest": ("-m", "pytest", "--numprocesses=logical", "--maxprocesses=4", "--dist=loadfile"),
}


def parse(argv: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """Return the options, and what is passed on; after `--` everything is passed on."""
    at = argv.index("--") if "--" in argv else len(argv)
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="bootstrap.py", description=ABOUT, epilog=EXIT_CODES, allow_abbrev=False, formatter_class=style
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in HELP.items():
        command = commands.add_parser(
            name, help=text, description=text, epilog=EXIT_CODES, allow_abbrev=False, formatter_class=style
        )
        command.add_argument("--cpu-index", metavar="URL", help="index with the CPU build of torch and torchvision")
        if name == "kit":
            command.add_argument("folder", metavar="DIR", type=Path)
        else:
            command.add_argument("--from", dest="kit", metavar="DIR", type=Path, help="set up from this kit alone")
    options, unknown = parser.parse_known_args(argv[:at])
    passed = unknown + argv[at + 1 :]
    if options.command == "kit" and passed:
        parser.error(f"kit does not know {' '.join(passed)}")
    return options, passed


def start(home: Home, arguments: list[str]) -> int:
    """Start the application on the bundled samples; on POSIX this process becomes it."""
    command = [str(home.python), "-P", "-m", "cxrdesk", "demo", *arguments]  # -P: whatever lies in this folder
    if os.name == "posix":
        os.execve(command[0], command, clean_environment())
    return subprocess.call(command, env=clean_environment())


def test(home: Home, arguments: list[str]) -> int:
    """Run every step, whatever fails, and return 1 if any did; no step opens a window."""
    if not home.checkout:
        raise SetupError(KIT, "A kit holds no tests: run them from cxrdesk's source folder (there, test --from KIT).")
    environ = {"QT_QPA_PLATFORM": "offscreen", **clean_environment()}
    failed = []
    for name, step in STEPS.items():
        say(f"--- {name}")
        command = [str(home.python), *step, *(arguments if name == "pytest" else ())]
        if subprocess.call(command, env=environ, cwd=home.root):
            failed.append(name)
    say(f"--- failed: {', '.join(failed)}" if failed else f"--- passed: {', '.join(STEPS)}")
    return 1 if failed else 0


def make_kit(home: Home, folder: Path, cpu_index: str | None) -> None:
    """Gather a kit in `folder`; .venv gets the build tools for it, no more."""
    if not home.checkout:
        raise SetupError(KIT, "This is a kit already: copy the folder as it is.")
    clear_kit_folder(folder)
    with locked(home) as lock:
        found = probe(home) or make_venv(home)
        pip = Pip(home, found.packages, lock)
        prepare(home, pip)
        fill_kit(pip, folder, found.version[:2], cpu_index, CPU_INDEX_PACKAGES)
    seal_kit(folder)


def stop(_number: int, _frame: object) -> None:
    """Treat the wish to end as Ctrl-C, so that pip is stopped too."""
    raise KeyboardInterrupt


def main(argv: list[str]) -> int:
    """Run one command and return its exit code."""
    options, passed = parse(argv)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    try:
        home = Home.around(Path(__file__).parents[1])
        if options.command == "kit":
            make_kit(home, options.folder.resolve(), options.cpu_index)
            return 0
        libraries.check()
        kit = options.kit.resolve() if options.kit else None if home.checkout else home.root
        set_up(home, kit, options.cpu_index)
        return start(home, passed) if options.command == "run" else test(home, passed)
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"error: The set-up could not go on: {error.strerror or error}{where}.", file=sys.stderr)
        return DISK
    except KeyboardInterrupt:
        print("\nStopped; the same command goes on from here.", file=sys.stderr)
        return STOPPED
