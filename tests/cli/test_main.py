"""The command as a whole: opening films, usage, help, version, faults."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
import types
from pathlib import Path

import pytest

import cxrdesk
from cxrdesk.cli import exits
from cxrdesk.cli.main import run
from cxrdesk.imaging.errors import UserError

MAIN = [sys.executable, "-m", "cxrdesk"]


@pytest.fixture
def window(monkeypatch):
    """A stand-in for the composition root that notes what it is given."""
    calls = []
    fake = types.ModuleType("cxrdesk.app")
    fake.run_viewer = lambda paths: calls.append(("open", paths)) or 0
    fake.run_demo = lambda out: calls.append(("demo", out)) or 1
    monkeypatch.setitem(sys.modules, "cxrdesk.app", fake)
    return calls


def test_files_without_a_command_are_opened(cli, window, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("bare").touch()
    for line in (["bare"], ["./film", "b.dcm"], ["open", "demo"], ["--debug", "a/b.dcm"], ["folder\\film"], []):
        assert cli(*line).exit_code == 0
    opened = [["bare"], ["./film", "b.dcm"], ["demo"], ["a/b.dcm"], ["folder\\film"], []]
    assert window == [("open", [Path(name) for name in names]) for names in opened]


def test_a_command_wins_over_a_file_of_its_name(cli, window, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("demo").touch()
    assert cli("demo", "--out", "here").exit_code == 1
    assert window == [("demo", Path("here"))]


def test_a_misspelt_command_is_no_film(cli, window):
    result = cli("analyse", "film.dcm")
    assert result.exit_code == 2
    assert "analyze" in result.stderr
    assert window == []


@pytest.mark.parametrize("line", [["--nonsense"], ["analyze", "--nonsense", "x"], ["plugins", "lits"], ["train"]])
def test_wrong_usage(cli, line):
    result = cli(*line)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_version(cli):
    result = cli("--version")
    assert (result.exit_code, result.stdout) == (0, f"cxrdesk {cxrdesk.__version__}\n")


@pytest.mark.parametrize("line", [["--help"], ["analyze", "--help"], ["evaluate", "--help"]])
def test_help_documents_every_exit_code(cli, line):
    told = " ".join(cli(*line).stdout.split())
    assert all(f" {code.value} " in told for code in exits.Exit)


def test_a_users_error_is_its_text_and_nothing_else(cli, monkeypatch):
    def broken(**given):
        raise UserError("no-plugin", "Nothing is there; install something.")

    monkeypatch.setattr("cxrdesk.discovery.listing.list_plugins", broken)
    result = cli("plugins", "list")
    assert (result.exit_code, result.stderr) == (4, "Nothing is there; install something.\n")


def test_a_fault_of_ours(cli, monkeypatch, tmp_path):
    monkeypatch.setattr("cxrdesk.discovery.listing.list_plugins", lambda **given: 1 / 0)
    result = cli("plugins", "list")
    assert result.exit_code == 70
    [line] = result.stderr.splitlines()
    assert "ZeroDivisionError" in line
    log = tmp_path / "home" / "data" / "faults.log"
    assert str(log) in line
    assert "division" not in log.read_text()
    monkeypatch.setenv("CXRDESK_DEBUG", "1")
    assert "division by zero" in cli("plugins", "list").stderr


def test_a_fault_without_a_place_for_its_log(cli, monkeypatch, tmp_path):
    (tmp_path / "home").write_text("a file where the folder should be")
    monkeypatch.setattr("cxrdesk.discovery.listing.list_plugins", lambda **given: 1 / 0)
    result = cli("plugins", "list")
    assert result.exit_code == 70
    assert "could not be logged" in result.stderr


def test_run_gives_the_exit_code(capsys):
    assert run(["--version"]) == 0
    assert run(["nonsense"]) == 2
    capsys.readouterr()


def fresh(*line, env, code=None):
    command = [sys.executable, "-c", code, *line] if code else [*MAIN, *line]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=120)


@pytest.mark.parametrize(
    ("line", "banned"),
    [
        (["--help"], ["torch", "PySide6", "numpy", "cv2", "pydicom", "rich", "jsonschema", "pluggy", "PIL"]),
        (["analyze", "--help"], ["torch", "PySide6", "numpy", "cv2", "pydicom", "rich", "jsonschema", "pluggy", "PIL"]),
        (["plugins", "list"], ["torch", "PySide6", "jsonschema", "scipy", "sklearn"]),
        (["plugins", "list", "--json"], ["torch", "PySide6", "jsonschema", "rich.table"]),
    ],
)
def test_what_a_command_does_not_need_is_not_imported(line, banned, plain_environment):
    code = textwrap.dedent(
        """
        import sys
        from cxrdesk.cli.main import run
        run(sys.argv[1:])
        print("LOADED", *sys.modules, file=sys.stderr)
        """
    )
    result = fresh(*line, env=plain_environment, code=code)
    [loaded] = [text for text in result.stderr.splitlines() if text.startswith("LOADED")]
    assert "cxrdesk.cli.main" in loaded.split()
    assert set(banned) & set(loaded.split()) == set()


def test_main_imports_nothing_heavy(plain_environment):
    result = fresh(env=plain_environment, code="import sys, cxrdesk.__main__; print(*sys.modules)")
    ours = {name for name in result.stdout.split() if name.startswith(("cxrdesk", "typer", "numpy"))}
    assert ours == {"cxrdesk", "cxrdesk.__main__"}


@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process there")
def test_ctrl_c_ends_a_process_quietly(plain_environment, tmp_path):
    """The signal comes while folders are searched, in a folder that never ends."""
    code = textwrap.dedent(
        """
        import sys, time
        import cxrdesk.studies.importers as importers
        from cxrdesk.__main__ import main
        def endless(paths, progress):
            print("READY", flush=True)
            time.sleep(60)
        importers.find_films = endless
        main()
        """
    )
    env = plain_environment | {"CXRDESK_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", code, "analyze", "x"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "READY\n"
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")


@pytest.mark.parametrize("words", [["a" * 300], ["open", "a" * 300 + ".dcm"], ["analyze", "a" * 300]])
def test_a_name_that_no_file_can_have_is_a_sentence(words):
    environment = os.environ | {"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = subprocess.run([sys.executable, "-m", "cxrdesk", *words], capture_output=True, text=True, env=environment)
    assert done.returncode in (1, 2, 3)
    assert "Traceback" not in done.stderr
    assert done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="closes a stream as a POSIX shell does")
@pytest.mark.parametrize("line", ["plugins list >&-", "plugins list --json >&-", "--version >&-", "plugins list 2>&-"])
def test_closed_streams_are_no_fault(line):
    done = subprocess.run(f"{sys.executable} -m cxrdesk {line}", shell=True, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_behind_stdout_is_told(cli, usual, save_chest):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "cxrdesk", "analyze", "--json", str(save_chest())],
            stdout=full, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
    assert done.returncode == 1
    assert "The results could not be printed (No space left on device)." in done.stderr
    assert "Traceback" not in done.stderr
