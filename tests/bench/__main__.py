"""Runs benchmarks and prints each figure beside its bar; exits with 1 if one is missed."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys

from rich.console import Console
from rich.table import Table

NAMES = ("start", "heartbeat", "analysis", "phantom", "realism")


def main(names: list[str]) -> int:
    """Run the named benchmarks, all where none is named."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    unknown = set(names) - set(NAMES)
    if unknown:
        print(f"no benchmark {sorted(unknown)[0]!r}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    lines = [line for name in names or NAMES for line in importlib.import_module(f"tests.bench.{name}").run()]
    table = Table("figure", "value", "bar", "behind it")
    for line in lines:
        mark = "" if line.held else " missed"
        table.add_row(line.what, f"{line.value:.2f} {line.unit}{mark}", f"{line.bar:g} {line.unit}", line.told)
    console = Console(width=None if sys.stdout.isatty() else 160)
    console.print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, {platform.python_version()}")
    console.print(table)
    print(json.dumps([{"what": x.what, "value": x.value, "bar": x.bar, "unit": x.unit, "held": x.held} for x in lines]))
    return 0 if all(line.held for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
