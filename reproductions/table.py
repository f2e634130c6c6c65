"""Tables of the published systems, from the results that are kept here and nothing else; what fills pages with them.

A page marks where a table belongs by ``<!-- table: WHAT, python -m reproductions table -->`` and ``<!-- end -->``.
WHAT is ``systems`` for the overview, the name of a study for all that it found, or the name of a plugin for the rows
that stand beside what it ships.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.files import writing
from reproductions.rows import FIGURES, STUDIES, Change, Line, Told, estimate, signed, values_of_p

HERE = Path(__file__).parent
RESULTS, PUBLISHED = HERE / "results", HERE / "published.json"
PLUGINS = HERE.parent / "plugins"
BLOCK = re.compile(r"(<!-- table: ([\w-]+), python -m reproductions table -->\n)(.*?)(<!-- end -->)", re.DOTALL)
MARK = re.compile(r"<!--\s*(table\b|end -->)[^\n]*")
"""Whatever begins or ends a place for a table, well written or not."""
OVERVIEW = "systems"
HEADS = ("system", "published", "measured on", "as described", "shipped", "what the difference teaches", "how")
NOT_RUN = "not run"
NAMES = {"auc": "AUC"}


def main(arguments: list[str]) -> None:
    """Keep the results in the folders that are named, and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m reproductions table", description=__doc__)
    parser.add_argument("--out", type=Path, nargs="*", default=[], help="folders that studies wrote results.json to")
    try:
        before = {page: page.read_text(encoding="utf-8") for page in pages()}
        for folder in parser.parse_args(arguments).out:
            print(keep(folder / "results.json"))
        after = {page: filled(text) for page, text in before.items()}
    except UserError as error:
        parser.error(error.text)
    for page, text in after.items():
        page.write_text(text, encoding="utf-8")
        print(page)


def keep(path: Path) -> str:
    """Copy a study's results to where the tables are made from, and tell what they replace.

    Raises
    ------
    UserError
        If the file cannot be read, or is not what a study writes: nothing is kept then.
    """
    told = _read(path)
    try:
        study, seeds = told["study"], told["seeds"]
        _study(study, told)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise UserError("bad-table", f"{path} is not what a study writes ({type(error).__name__}: {error})") from error
    old, kept = _kept(study), RESULTS / f"{study}.json"
    with writing(kept):
        RESULTS.mkdir(exist_ok=True)
        kept.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return f"{study}, --seeds {seeds}" + (f", in place of --seeds {old['seeds']}" if old else "")


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, ValueError) as error:
        raise UserError("bad-table", f"{path} cannot be read ({error})") from error


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no figure")


def pages() -> list[Path]:
    """Every page of the plugins that has a place for a table.

    Raises
    ------
    UserError
        If a place has no end, or no right beginning: what follows would be taken for a table.
    """
    found = []
    for page in sorted([*PLUGINS.glob("*.md"), *PLUGINS.glob("*/README.md")]):
        text = page.read_text(encoding="utf-8")
        marks = [mark[0] for mark in MARK.finditer(text)]
        begins, ends = marks[::2], marks[1::2]
        right = all(BLOCK.match(f"{mark}\n<!-- end -->") for mark in begins) and set(ends) <= {"<!-- end -->"}
        if not right or len(begins) != len(ends):
            raise UserError("bad-table", f"{page}: a table's <!-- table: ... --> and <!-- end --> do not pair up")
        if marks:
            found.append(page)
    return found


def filled(text: str) -> str:
    """A page with its tables."""
    return BLOCK.sub(lambda found: found[1] + content(found[2]) + found[4], text)


def content(what: str) -> str:
    """Markdown of one place.

    Raises
    ------
    UserError
        If there is no such study or plugin.
    """
    if what == OVERVIEW:
        return _markdown(HEADS, [_row(system) for system in systems()])
    if what in STUDIES:
        return _study(what, _kept(what))
    return _beside(what)


def systems() -> list[dict[str, Any]]:
    """What was published."""
    return json.loads(PUBLISHED.read_text(encoding="utf-8"))


def _kept(study: str) -> dict[str, Any] | None:
    path = RESULTS / f"{study}.json"
    return _read(path) if path.is_file() else None


def _told(system: dict[str, Any]) -> list[Told]:
    kept = [(study, _kept(study)) for study in system["studies"]]
    return [STUDIES[study](found["results"]) for study, found in kept if found is not None]


def _how(study: str, kept: dict[str, Any] | None) -> str:
    if kept is None:
        return f"`python -m reproductions {study} --data DIR --out DIR`: {NOT_RUN}"
    seeds = "seed 0" if kept["seeds"] == 1 else f"seeds 0 to {kept['seeds'] - 1}"
    return f"`{kept['command']}`: {seeds}, {kept['seconds'] / 60:.0f} processor minutes"


def _row(system: dict[str, Any]) -> list[str]:
    told = _told(system)
    cells = [
        [line for one in told for line in one.films],
        [_short(line) for one in told for line in one.described if line.headline],
        [_short(line) for one in told for line in one.shipped],
    ]
    seen = ["<br>".join(lines) or (NOT_RUN if not told else "nothing of this kind") for lines in cells]
    how = "<br>".join(_how(study, _kept(study)) for study in system["studies"])
    teaches = system.get("teaches", "") if told else NOT_RUN
    return [system["system"], f"{system['figures']} ({system['source']})", *seen, teaches, how]


def _short(line: Line) -> str:
    """A line of a cell."""
    named = line.on if line.what in ("as described", "shipped") else f"{line.on}, {line.what}"
    told = ", ".join(f"{NAMES.get(name, name)} {estimate(found)}" for name, found in line.figures.items())
    return f"{named}: {told}{f'; {line.note}' if line.note else ''}"


def _study(study: str, kept: dict[str, Any] | None) -> str:
    """All that a study found."""
    if kept is None:
        return f"\n{_how(study, None)}\n"
    told = STUDIES[study](kept["results"])
    lines = [*told.described, *told.changed, *told.shipped]
    text = f"\n{_how(study, kept)}\n\n" + _figures(lines)
    return text + (f"\n{_changes(told.changes)}" if told.changes else "")


def _figures(lines: Sequence[Line]) -> str:
    used = [name for name in (*FIGURES, *dict.fromkeys(n for line in lines for n in line.figures if n not in FIGURES))
            if any(name in line.figures for line in lines)]  # fmt: skip
    heads = ("on", "what", *(NAMES.get(name, name) for name in used), "seeds", "")
    return _markdown(heads, [_line(line, used) for line in lines])


def _line(line: Line, used: Sequence[str]) -> list[str]:
    figures = [estimate(line.figures[name]) if name in line.figures else "" for name in used]
    seeds = "" if line.what.startswith("shipped") and line.note else _seeds(line)
    return [line.on, line.what, *figures, seeds, line.note]


def _seeds(line: Line) -> str:
    return next((str(found["seeds"]) for found in line.figures.values() if "seeds" in found), "")


def _changes(changes: Sequence[Change]) -> str:
    rows = [[one.on, one.by, signed(one.found), _deviation(one.found), _p(one.found)] for one in changes]
    return _markdown(("on", "what", "AUC, difference", "deviation over seeds", "DeLong, each seed or finding"), rows)


def _deviation(found: dict[str, Any]) -> str:
    return f"{found['deviation']:.3f}" if found.get("seeds", 1) > 1 else ""


def _p(found: dict[str, Any]) -> str:
    """The tests that a difference carries."""
    given = found.get("delong_p", [test["p"] for test in found.get("delong", [])])
    values = list(given.values()) if isinstance(given, dict) else list(given)
    return values_of_p(values)


def _beside(plugin: str) -> str:
    """The systems that stand beside what a plugin ships, for its card."""
    mine = [system for system in systems() if plugin in system["beside"]]
    if not mine:
        raise UserError("bad-table", f"there is no table of {plugin!r}: it names no study and no plugin")
    return _markdown(HEADS[:5], [_row(system)[:5] for system in mine])


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"
