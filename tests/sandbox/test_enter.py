"""The keeper's own lists against the host's: it can import nothing of ours."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from cxrdesk.sandbox import view, ways


def assigned(name: str) -> object:
    (value,) = [
        node.value
        for node in ast.parse(ways.KEEPER.read_text()).body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
    ]
    return ast.literal_eval(value)


def test_both_show_the_same_parts_of_the_system():
    assert (assigned("SYSTEM"), assigned("FILES")) == (view.SYSTEM, view.FILES)


def test_the_keeper_imports_the_standard_library_alone():
    for name in ("enter.py", "linux.py"):
        for node in ast.walk(ast.parse(Path(ways.KEEPER).with_name(name).read_text())):
            if isinstance(node, ast.Import):
                assert {item.name for item in node.names} <= sys.stdlib_module_names | {"linux"}
            if isinstance(node, ast.ImportFrom):
                assert str(node.module).partition(".")[0] in sys.stdlib_module_names
