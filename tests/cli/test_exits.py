"""Every error that is told to a user has its exit code."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import cxrdesk
from cxrdesk.cli.exits import _CODES, Exit, exit_code
from cxrdesk.imaging.errors import UserError

PACKAGE = Path(cxrdesk.__file__).parent
SOURCES = [*PACKAGE.rglob("*.py"), *PACKAGE.parent.glob("plugins/*/src/**/*.py")]
KINDS = ("UserError", "FilmError", "BundleError")


def raised_codes():
    """Codes written as the first argument of an error, and those that stand for it under a name of their own."""
    found = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in KINDS and node.args:
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    found.setdefault(code.value, path.name)
    return found


def test_every_code_that_is_raised_has_its_exit_code():
    found = raised_codes()
    assert len(found) > 30
    assert set(found) - set(_CODES) == set()


@pytest.mark.parametrize(
    ("code", "end"),
    [
        ("bad-ranges", Exit.USAGE),
        ("bad-table", Exit.NO_FILM),
        ("duplicate-film", Exit.NO_FILM),
        ("leaking-patient", Exit.NO_FILM),
        ("not-a-film", Exit.NO_FILM),
        ("weights-changed", Exit.NO_FILM),
        ("no-segmenter", Exit.NO_PLUGIN),
        ("not-written", Exit.PARTLY),
    ],
)
def test_codes_end_as_the_table_says(code, end):
    assert exit_code(UserError(code, "")) is end
