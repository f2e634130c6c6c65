"""What plugins may rely on, a line for each name; ``python -m tests.api.surface`` writes the list of a new version."""

from __future__ import annotations

import enum
import inspect
import sys
from dataclasses import MISSING, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cxrdesk.api import hookspecs
from cxrdesk.api.version import API_VERSION

FROZEN = Path(__file__).with_name("frozen")
MODULES = (
    "cxrdesk.api",
    "cxrdesk.api.torchkit",
    "cxrdesk.api.onnxkit",
    "cxrdesk.api.torchscriptkit",
    "cxrdesk.api.perturbation",
    "cxrdesk.api.making",
)
KIT = "cxrdesk.api.testing.conformance"
"""Of the conformance kit only the test is promised: checks are added, and mended, in any version."""
SUBCLASSED = "subclassed"
"""Marks classes whose methods plugins replace: their signatures may not even grow."""
_SUBCLASSED = ("Detector", "Segmenter", "Perturbation")
_BASES = ("Classifier", "Segmenter")
NOT_PROMISED = {"Radiograph": {"voi", "notes", "view_position"}, "View": set(), "ModalityLut": set()}
"""Films are made by the host alone: their fields can be read, not given. How one is shown is no plugin's business."""


def lines() -> list[str]:
    """Every promised name, sorted."""
    found: list[str] = []
    for module in map(import_module, MODULES):
        for name in module.__all__:
            found += _told(f"{module.__name__}.{name}", getattr(module, name))
    found += [f"hook {name}()" for name in vars(hookspecs) if name.startswith("cxrdesk_")]
    module, _, name = KIT.rpartition(".")
    found += _told(KIT, getattr(import_module(module), name))
    return sorted(set(found))


def _told(path: str, item: Any) -> list[str]:
    if isinstance(item, type):
        return _class(path, item)
    if isinstance(item, dict):  # findings and structures: their keys are in bundles and settings
        return [f"{path}: dict", *(f"{path}.{key}" for key in item)]
    if inspect.isfunction(item):
        return [f"{path}{_parameters(item)}"]
    return [f"{path}: {type(item).__name__}"]


def _class(path: str, kind: type) -> list[str]:
    if issubclass(kind, enum.Enum):
        return [f"{path}: enum", *(f"{path}.{member.name}" for member in kind)]
    subclassed = kind.__name__ in _SUBCLASSED or kind.__name__.endswith(_BASES)
    found = [f"{path}: {SUBCLASSED if subclassed else 'class'}"]
    hidden = NOT_PROMISED.get(kind.__name__)
    if is_dataclass(kind):
        found += [f"{path}.{field.name}" for field in fields(kind) if field.name not in (hidden or ())]
        if hidden is None and not subclassed:
            found.append(f"{path}({', '.join(_fields(kind))})")
    elif "__init__" in vars(kind):
        found.append(f"{path}{_parameters(kind.__init__)}".replace("(self, ", "(", 1))
    for base in kind.__mro__:
        if not base.__module__.startswith("cxrdesk."):
            continue
        for name, member in vars(base).items():
            if name.startswith("_") or (is_dataclass(kind) and name in {field.name for field in fields(kind)}):
                continue
            if name in (hidden or ()) or name == "graph":
                continue
            plain = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
            abstract = " abstract" if getattr(kind, name) in _abstract(kind) else ""
            call = _parameters(plain) if inspect.isfunction(plain) else ""
            found.append(f"{path}.{name}{call}{abstract}")
    return found


def _abstract(kind: type) -> list[Any]:
    return [getattr(kind, name) for name in getattr(kind, "__abstractmethods__", ())]


def _fields(kind: Any) -> list[str]:
    """Constructor of a dataclass whose fields are given by name."""
    with_default = lambda field: field.default is not MISSING or field.default_factory is not MISSING  # noqa: E731
    return ["*", *(field.name + ("=" if with_default(field) else "") for field in fields(kind))]


def _parameters(call: Any) -> str:
    """Parameters by name; ``=`` ends one that has a default."""
    told, starred = [], False
    for item in inspect.signature(call).parameters.values():
        if item.kind is item.KEYWORD_ONLY and not starred:
            told.append("*")
        starred = starred or item.kind in (item.KEYWORD_ONLY, item.VAR_POSITIONAL)
        stars = {item.VAR_POSITIONAL: "*", item.VAR_KEYWORD: "**"}.get(item.kind, "")
        told.append(stars + item.name + ("" if item.default is item.empty else "="))
    return f"({', '.join(told)})"


def broken(old: list[str], new: list[str]) -> list[str]:
    """What a plugin that was written for `old` would miss in `new`."""
    there = {_name(line): line for line in new}
    replaced = tuple(f"{_name(line)}." for line in old if line.endswith(f": {SUBCLASSED}"))
    missing = []
    for line in old:
        now = there.get(_name(line))
        if now is None:
            missing.append(f"{line} is gone")
        elif now != line and not ("(" in line and "(" in now and not line.startswith(replaced) and _grown(line, now)):
            missing.append(f"{line} became {now}")
    grown = {_name(line) for line in new if line.endswith(" abstract")} - {_name(line) for line in old}
    return missing + [f"{name} must be implemented now" for name in sorted(grown) if name.startswith(replaced)]


def _name(line: str) -> str:
    """A class and its constructor are two lines."""
    return line.partition("(")[0] + "()" if "(" in line else line.removesuffix(" abstract").partition(":")[0]


def _grown(old: str, new: str) -> bool:
    """Whether a call of `old` is one of `new`: what came is optional, and no position has moved."""
    before, after = (line.partition("(")[2].rpartition(")")[0].split(", ") for line in (old, new))
    before, after = ([part for part in parts if part] for parts in (before, after))
    given = before[: before.index("*")] if "*" in before else before
    positions = all(a == b or a + "=" == b for a, b in zip(given, after, strict=False)) and len(after) >= len(given)
    kept = all(part in after or part + "=" in after for part in before)
    optional = all(part.startswith("*") or part.endswith("=") or part in before for part in after)
    return positions and kept and optional


def main() -> int:
    """Write the list of a version that has none; a list that is there stays for ever."""
    path = FROZEN / f"{API_VERSION}.txt"
    if path.exists():
        print(f"{path.name} is frozen; raise the minor version in cxrdesk/api/version.py", file=sys.stderr)
        return 1
    path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
