"""bootstrap.py as a user calls it: real pip and venv, a small checkout, no network in reach."""

import ast
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from cxrdesk_setup import errors
from cxrdesk_setup.environment import STARTED, locked
from cxrdesk_setup.home import Home
from small_checkout import INSTALLER, Checkout


@pytest.fixture
def bootstrap() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bootstrap", INSTALLER / "bootstrap.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("version", "bits64", "says"),
    [
        ((3, 10, 9), True, "this is 3.10"),
        ((3, 14, 0), True, "this is 3.14"),
        ((2, 7, 18), True, "this is 2.7"),
        ((3, 12, 1), False, "this is 3.12 with 32 bits"),
    ],
)
def test_unsuitable_pythons_are_named(bootstrap: ModuleType, version: tuple[int, ...], bits64: bool, says: str) -> None:
    problem = bootstrap.python_problem(version, bits64)
    assert problem.endswith(says)
    assert "3.11, 3.12, 3.13" in problem


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_suitable_pythons_pass(bootstrap: ModuleType, minor: int) -> None:
    assert bootstrap.python_problem((3, minor, 0), True) is None


def test_an_old_python_can_read_the_script_and_is_refused() -> None:
    source = (INSTALLER / "bootstrap.py").read_text("utf-8")
    ast.parse(source, feature_version=(3, 4))
    old = [shutil.which(f"python{version}") for version in ("3.6", "3.7", "3.8", "3.9", "3.10", "2.7")]
    for python in filter(None, old):
        done = subprocess.run(
            [python, str(INSTALLER / "bootstrap.py"), "run"], capture_output=True, text=True, check=False
        )
        if "cxrdesk" in done.stderr:  # not a launcher that only says it has no such Python
            assert done.returncode == errors.PYTHON
            assert done.stderr.startswith("error: cxrdesk needs a 64-bit Python")
            assert done.stderr.count("\n") == 1


def test_help_documents_the_exit_codes(new_checkout: Checkout) -> None:
    code, out, _ = new_checkout.call("--help")
    assert code == 0
    documented = {int(line.split()[0]) for line in out.splitlines() if line.strip()[:1].isdigit()}
    values = (value for value in vars(errors).values() if type(value) is int)
    assert documented == {0, 1, 2, *values}


def test_second_run_installs_nothing(checkout: Checkout) -> None:
    log = checkout.log.stat().st_mtime_ns
    code, out, err = checkout.call("run")
    assert (code, err) == (0, "")
    assert out == "demo with ['demo'] and ['cxrdesk', 'cxrdesk-one', 'cxrdesk-two']\n"
    assert checkout.log.stat().st_mtime_ns == log


def test_a_changed_project_is_installed_again(checkout: Checkout) -> None:
    checkout.write(
        "plugins/cxrdesk-three/pyproject.toml",
        (checkout.root / "pyproject.toml").read_text().replace("cxrdesk", "three"),
    )
    shutil.copy(checkout.root / "backend.py", checkout.root / "plugins/cxrdesk-three")
    code, out, _ = checkout.call("run")
    assert code == 0
    assert "has changed" in out
    assert "'three'" in out
    assert "has changed" not in checkout.call("run")[1]


def test_a_half_finished_set_up_is_repaired(checkout: Checkout) -> None:
    packages = next((checkout.root / ".venv").glob("lib/python*/site-packages"))
    (packages / "cxrdesk_one-1.0.dist-info" / "RECORD").unlink()
    shutil.rmtree(packages / "pip")
    (packages / "~xrdesk").mkdir()
    (checkout.root / ".venv" / "cxrdesk-setup.txt").write_text(STARTED)
    code, out, err = checkout.call("run")
    assert (code, err) == (0, "")
    assert "'cxrdesk-one'" in out
    assert (packages / "cxrdesk_one-1.0.dist-info" / "RECORD").is_file()
    assert not (packages / "~xrdesk").exists()


def test_every_step_of_test_runs_and_a_failed_one_fails_it(checkout: Checkout) -> None:
    code, out, _ = checkout.call("test", "-k", "name", QT_QPA_PLATFORM="")
    assert code == 0
    order = [
        "--- ruff check",
        "--- mypy",
        "--- lint-imports",
        "importlinter.cli",
        "--- pytest",
        "__main__ ['--numprocesses=logical', '--maxprocesses=4', '--dist=loadfile', '-k', 'name']",
    ]
    assert sorted(order, key=out.index) == order
    assert out.splitlines()[-1] == "--- passed: ruff check, mypy, lint-imports, pytest"
    for tool in ("mypy", "lint-imports", "pytest"):
        code, out, _ = checkout.call("test", STAND_IN_FAILS=tool)
        assert code == 1
        assert out.splitlines()[-1] == f"--- failed: {tool}"
        assert "--- pytest" in out


@pytest.mark.skipif(os.name == "nt", reason="a bash script")
def test_ci_names_the_data_folder_and_a_screenless_platform(checkout: Checkout) -> None:
    data = checkout.root.parent / "shared" / "data"
    data.mkdir(parents=True, exist_ok=True)
    shutil.copytree(INSTALLER.parent / ".ci", checkout.root / ".ci", dirs_exist_ok=True)
    done = subprocess.run([checkout.root / ".ci/run"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"] offscreen {data}\n--- passed" in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_set_up_goes_on_next_time(begun_checkout: Checkout, number: int) -> None:
    waiting = begun_checkout.root / "waiting"
    process = begun_checkout.start("run", STAND_IN_WAITS=str(waiting))
    deadline = time.monotonic() + 60
    while not waiting.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == errors.STOPPED
    assert err.strip() == "Stopped; the same command goes on from here."
    code, out, err = begun_checkout.call("run")
    assert (code, err) == (0, "")
    assert "demo with" in out


def test_a_second_set_up_waits_for_the_first(checkout: Checkout) -> None:
    (checkout.root / ".venv" / "cxrdesk-setup.txt").write_text(STARTED)
    with locked(Home.around(checkout.root / "installer")):
        process = checkout.start("run")
        assert process.stdout is not None
        assert "under way; waiting" in process.stdout.readline()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "demo with" in out


@pytest.mark.parametrize(
    ("environ", "code", "says"),
    [
        ({"PIP_RETRIES": "1"}, errors.NETWORK, "could not be reached"),
        ({"PIP_NO_INDEX": "1"}, errors.PACKAGES, "agree with constraints.txt"),
    ],
)
def test_a_failure_is_one_sentence(checkout: Checkout, environ: dict[str, str], code: int, says: str) -> None:
    constraints = checkout.root / "installer/constraints.txt"
    before = constraints.read_text()
    constraints.write_text("setuptools==0.0.1\n")
    try:
        ended, _, err = checkout.call("run", **environ)
    finally:
        constraints.write_text(before)
    assert ended == code
    assert err.startswith("error: ")
    assert says in err
    assert err.count("\n") == 1
    assert checkout.call("run")[0] == 0


@pytest.mark.parametrize("wrong", ["file", "other"])
def test_a_foreign_venv_is_left_alone(new_checkout: Checkout, wrong: str) -> None:
    new_checkout.write(".venv" if wrong == "file" else ".venv/mine.txt", "mine")
    code, _, err = new_checkout.call("run")
    assert code == errors.DISK
    assert "move it away" in err
    assert err.count("\n") == 1


def test_bootstrap_alone_says_where_it_belongs(tmp_path: Path) -> None:
    shutil.copytree(INSTALLER, tmp_path / "alone", ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, tmp_path / "alone" / "bootstrap.py", "run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == errors.KIT
    assert done.stderr.count("\n") == 1
