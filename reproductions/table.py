"""The table of published systems in plugins/README.md, from the results that are kept here and nothing else."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from reproductions.rows import STUDIES

HERE = Path(__file__).parent
RESULTS, PUBLISHED = HERE / "results", HERE / "published.json"
README = HERE.parent / "plugins/README.md"
START, END = "<!-- systems: python -m reproductions table -->\n", "<!-- end of systems -->"
HEADS = ("system", "published", "films", "as described", "changed, or what parts bring", "shipped", "how")
NOT_RUN = "not run"


def main(arguments: list[str]) -> None:
    """Keep the results in the folders that are named, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m reproductions table", description=__doc__)
    parser.add_argument("--out", type=Path, nargs="*", default=[], help="folders that studies wrote results.json to")
    for folder in parser.parse_args(arguments).out:
        keep(folder / "results.json")
    write()
    print(README)


def keep(path: Path) -> None:
    """Copy a study's results to where the table is made from."""
    told = json.loads(path.read_text(encoding="utf-8"))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{told['study']}.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def write() -> None:
    """Fill the README's block."""
    before, rest = README.read_text(encoding="utf-8").split(START)
    _, after = rest.split(END)
    README.write_text(before + START + table() + END + after, encoding="utf-8")


def table() -> str:
    """Markdown: a row for each system."""
    lines = ["| " + " | ".join(HEADS) + " |", "| --- " * len(HEADS) + "|"]
    lines += [_row(system) for system in json.loads(PUBLISHED.read_text(encoding="utf-8"))]
    return "\n".join(lines) + "\n"


def _row(system: dict[str, Any]) -> str:
    cells: dict[str, list[str]] = {name: [] for name in ("films", "described", "parts", "shipped")}
    how = []
    for study in system["studies"]:
        path = RESULTS / f"{study}.json"
        if not path.is_file():
            how.append(f"`python -m reproductions {study} --data DIR --out DIR`: {NOT_RUN}")
            continue
        kept = json.loads(path.read_text(encoding="utf-8"))
        told = STUDIES[study](kept["results"])
        for name, lines in cells.items():
            lines += getattr(told, name)
        how.append(f"`{kept['command']}`: {kept['seeds']} seeds, {kept['seconds'] / 60:.0f} processor minutes")
    told_cells = ["<br>".join(lines) for lines in cells.values()]
    if not any(told_cells):
        told_cells = [NOT_RUN] * len(cells)
    published = f"{system['figures']} ({system['source']})"
    return "| " + " | ".join([system["system"], published, *told_cells, "<br>".join(how) or NOT_RUN]) + " |"
