"""Runs benchmarks and prints each figure beside its bar; exits with 1 if one is missed. ``--keep`` keeps them."""

from __future__ import annotations

import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

KEPT = Path(__file__).with_name("measured.json")
NAMES = (
    "start", "heartbeat", "paint", "switching", "memory", "decode", "analysis", "compiled", "training", "evaluation",
    "phantom", "realism", "plugins",
)  # fmt: skip


def main(names: list[str]) -> int:
    """Run the named benchmarks, all where none is named."""
    keep = "--keep" in names
    names = [name for name in names if name != "--keep"]
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
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    console.print(machine)
    console.print(table)
    told = json.dumps({"machine": machine, "figures": [asdict(line) | {"held": line.held} for line in lines]}, indent=1)
    print(told)
    if keep:
        _keep(json.loads(told))
    return 0 if all(line.held for line in lines) else 1


def _keep(told: dict[str, Any]) -> None:
    """New figures in the place of the old ones; those that were not measured now stay."""
    before = json.loads(KEPT.read_text(encoding="utf-8"))["figures"] if KEPT.exists() else []
    new = {figure["what"]: figure for figure in told["figures"]}
    stay = [new.pop(figure["what"], figure) for figure in before]
    told["figures"] = [*stay, *new.values()]
    KEPT.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
