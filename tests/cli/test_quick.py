"""Which command lines skip the command line, and what their errors become."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cxrdesk import __main__ as program
from cxrdesk.cli import quick
from cxrdesk.cli.main import app
from cxrdesk.imaging.errors import UserError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.dcm", "b.png", "demo"):
        Path(name).touch()
    Path("-odd").touch()


def test_commands_are_those_of_the_command_line():
    names = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert names | {group.name for group in app.registered_groups} == quick.COMMANDS


@pytest.mark.parametrize(
    ("line", "opened"),
    [
        ([], []),
        (["a.dcm"], ["a.dcm"]),
        (["open", "a.dcm", "b.png"], ["a.dcm", "b.png"]),
        (["open", "demo"], ["demo"]),
        (["demo"], None),
        (["analyze", "a.dcm"], None),
        (["a.dcm", "absent.dcm"], None),
        (["-odd"], None),
        (["--version"], None),
        (["--debug", "a.dcm"], None),
    ],
)
def test_lines_of_existing_files_alone(line, opened):
    assert quick.films_named(line) == (None if opened is None else [Path(name) for name in opened])


@pytest.mark.parametrize(
    ("error", "code", "told"), [(UserError("no-plugin", "Install something."), 4, "Install something."),
                                (ZeroDivisionError("secret"), 70, "ZeroDivisionError")]
)  # fmt: skip
def test_errors_end_as_those_of_other_commands(error, code, told, monkeypatch, capsys, tmp_path):
    def broken(_paths):
        raise error

    monkeypatch.setenv("CXRDESK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(quick, "open_window", broken)
    monkeypatch.setattr(sys, "argv", ["cxrdesk", "a.dcm"])
    with pytest.raises(SystemExit) as end:
        program.main()
    assert end.value.code == code
    [line] = capsys.readouterr().err.splitlines()
    assert told in line
    assert "secret" not in line


def test_the_way_to_the_window_imports_no_command_line():
    code = (
        "import sys\nfrom cxrdesk.cli import quick\nquick.import_window(with_reader=True)\n"
        "print(sorted({'typer', 'click', 'rich', 'PySide6'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['PySide6']"
