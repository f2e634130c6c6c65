"""The authors' guide: its generated tables of checks and fields; ``python -m tests.authors`` writes them."""

from __future__ import annotations

import inspect
import re
import sys
from dataclasses import MISSING, fields
from typing import Any

from cxrdesk.api import FilmScope, InputSpec
from cxrdesk.api.testing import CHECKS
from cxrdesk.api.testing.running import IMPORTING
from tests.readme import ROOT, filled

GUIDE = ROOT / "plugins/AUTHORS.md"
START, END = "<!-- checks: python -m tests.authors -->\n", "<!-- end of checks -->"
FIELDS_START, FIELDS_END = "<!-- fields: python -m tests.authors -->\n", "<!-- end of fields -->"


def checks() -> str:
    """Markdown table of what is checked."""
    lines = ["| check | holds where it passes |", "| --- | --- |"]
    lines += [f"| `{key}` | {title} |" for key, (title, _) in IMPORTING.items()]
    lines += [f"| `{key}` | {check.title} |" for key, check in CHECKS.items()]
    return "\n".join(lines) + "\n"


def declared() -> str:
    """Markdown table of what a spec says of its input and its films."""
    lines = ["| field | by default | is |", "| --- | --- | --- |"]
    for kind in (InputSpec, FilmScope):
        described = _described(kind)
        for field in fields(kind):
            default = "needed" if field.default is MISSING else f"`{field.default!r}`"
            lines.append(f"| `{kind.__name__}.{field.name}` | {default} | {described[field.name]} |")
    return "\n".join(lines) + "\n"


def _described(kind: type) -> dict[str, str]:
    """What a class's docstring says of each parameter, in one line."""
    told: dict[str, Any] = {}
    names: list[str] = []
    for line in (inspect.getdoc(kind) or "").partition("Parameters\n----------\n")[2].splitlines():
        if line and not line.startswith(" "):
            names = line.partition(" :")[0].split(", ")
            told |= {name: [] for name in names}
        for name in names if line.startswith(" ") else ():
            told[name].append(line.strip())
    return {name: re.sub(r"``([^`]*)``", r"`\1`", " ".join(lines).rstrip(".")) for name, lines in told.items()}


def main() -> int:
    """Write the tables into the guide."""
    text = filled(GUIDE.read_text(encoding="utf-8"), START, END, checks())
    GUIDE.write_text(filled(text, FIELDS_START, FIELDS_END, declared()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
