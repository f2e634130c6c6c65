"""The README's tables of figures, from what ``cxrdesk evaluate --json`` printed; ``python -m tests.readme`` writes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from cxrdesk.api.evidence import Estimate
from tests.figures import FIGURES, OUTLINES, SETS, commands

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
EVALUATION = ROOT / "plugins/evaluation.json"
START, END = "<!-- figures: python -m tests.readme -->\n", "<!-- end of figures -->"
BENCH_START, BENCH_END = "<!-- bench: python -m tests.readme -->\n", "<!-- end of bench -->"
BENCH = ROOT / "tests/bench/measured.json"
COMMANDS_START, COMMANDS_END = "<!-- commands: python -m tests.readme -->\n", "<!-- end of commands -->"
PLUGINS = ROOT / "plugins/README.md"
POINT = "balanced"
LEAST_AUC = 0.95
"""What a detector should reach on simulated films; one that does not is said to have missed it."""
SIMULATED = ("auc", "sensitivity", "specificity", "calibration_error")
COLUMNS = ("auc", "sensitivity", "specificity", "balanced_accuracy", "calibration_error")


def results() -> dict[str, list[dict[str, Any]]]:
    """What was evaluated, by kind."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for item in json.loads(EVALUATION.read_text(encoding="utf-8"))["evaluated"]:
        kinds.setdefault(item["kind"], []).append(item)
    return kinds


def _told(data: dict[str, Any]) -> str:
    return str(Estimate(**{key: data[key] for key in ("value", "low", "high", "n")}))


def figures() -> str:
    """Markdown tables of the figures."""
    found = results()
    lines = ["| lung outlines | Dice (95 % interval) | films |", "| --- | --- | --- |"]
    for item in found["segmenter"]:
        lines += [f"| {group} | {_told(dice)} | {dice['n']} |" for group, dice in item["table"]["dice"].items()]
    heads = " | ".join(name.replace("_", " ") for name in COLUMNS)
    lines += ["", f"| pneumonia, at `{POINT}` | {heads} | films |", "| --- " * (len(COLUMNS) + 2) + "|"]
    for item in found["detector"]:
        for table in item["tables"]:
            point = table["points"][POINT]
            values = " | ".join(_told(point[name]) for name in COLUMNS)
            lines.append(f"| {table['films']} | {values} | {point['films']} |")
    lines += ["", "| film check | share (95 % interval) | films |", "| --- | --- | --- |"]
    for item in found["film-check"]:
        table = item["table"]
        for kind, share in table["false_refusals"].items():
            lines.append(f"| wrongly refused, {kind} | {_told(share)} | {share['n']} |")
        lines.append(f"| rightly refused, all other pictures | {_told(table['refused'])} | {table['refused']['n']} |")
        lines += [f"| rightly refused, {kind} | {_told(s)} | {s['n']} |" for kind, s in table["kinds"].items()]
    return "\n".join(lines) + "\n"


def bench() -> str:
    """Markdown table of what ``python -m tests.bench --keep`` measured."""
    kept = json.loads(BENCH.read_text(encoding="utf-8"))
    lines = [f"Measured on: {kept['machine']}, off screen.", "", "| figure | value | bar |", "| --- | --- | --- |"]
    # One line for a step that was measured on several films and at several sizes: all of it stands in the kept file.
    groups: dict[tuple[str, float], list[dict[str, Any]]] = {}
    for figure in kept["figures"]:
        head, colon, tail = figure["what"].partition(": ")
        key = head if colon and tail[:1].isdigit() else figure["what"]
        groups.setdefault((key, figure["bar"]), []).append(figure)
    for (name, bar), found in groups.items():
        unit = "×" if found[0]["unit"] == "x" else f" {found[0]['unit']}"
        low, high = min(item["value"] for item in found), max(item["value"] for item in found)
        value = f"{low:.2f}{unit}" if len(found) == 1 else f"{low:.2f} to {high:.2f}{unit}"
        count = sum(not item["held"] for item in found)
        missed = "" if not count else " (missed)" if len(found) == 1 else f" (missed in {count} of {len(found)})"
        lines.append(f"| {name} | {value}{missed} | {bar:.3g}{unit} |")
    return "\n".join(lines) + "\n"


def simulated() -> str:
    """Markdown tables of the detectors on simulated films."""
    heads = " | ".join(name.replace("_", " ") for name in SIMULATED)
    lines = [f"| detector | finding, at `{POINT}` | {heads} | films (with it) |", "| --- " * (len(SIMULATED) + 3) + "|"]
    kept = {name: json.loads((FIGURES / f"{name}.json").read_text(encoding="utf-8")) for name in SETS}
    outlined = [kept.pop(name) for name in OUTLINES]
    for name, told in kept.items():
        (item,) = told["evaluated"]
        for table in item["tables"]:
            # A finding without operating points is told at 0.5.
            point = table["points"].get(POINT) or table["points"]["0.5"]
            # By the figure that is printed.
            missed = "" if round(point["auc"]["value"], 3) >= LEAST_AUC else " (missed)"
            values = " | ".join(_told(point[column]) for column in SIMULATED[1:])
            films = f"{point['films']} ({point['positives']})"
            lines.append(f"| {name} | {table['finding']} | {_told(point['auc'])}{missed} | {values} | {films} |")
    heads = "maximum inside | or near | mass inside | region's share of the film | depends on the weights"
    lines += ["", f"| detector | finding | saliency method | {heads} |", "| --- " * 8 + "|"]
    for name, told in kept.items():
        for audit in told["saliency"]:
            for finding in audit["findings"]:
                for method in finding["methods"]:
                    if method["figures"] is not None:
                        lines.append(f"| {name} | {finding['finding']} | {_method(method, audit['used'])} |")
    return "\n".join([*lines, "", *_outlines(outlined)]) + "\n"


def _outlines(kept: list[dict[str, Any]]) -> list[str]:
    """Dice coefficients and distances of the lungs' outlines."""
    lines = ["| lung outlines | Dice | HD95, mm | films |", "| --- | --- | --- | --- |"]
    for told in kept:
        (item,) = told["evaluated"]
        for group, dice in item["table"]["dice"].items():
            far = item["table"]["hd95_mm"][group]
            distance = f"{far['value']:.1f} ({far['low']:.1f} to {far['high']:.1f})"
            lines.append(f"| {group.removeprefix('labels.csv, ')} | {_told(dice)} | {distance} | {dice['n']} |")
    return lines


def _method(method: dict[str, Any], used: str) -> str:
    found = method["figures"]
    shown = " (shown)" if method["method"] == used else ""
    cells = [f"{found[key]['value']:.2f}" for key in ("pointing", "pointing_tolerant", "energy", "area")]
    random = found["randomisation"]
    depends = "" if random is None else "yes" if random["depends"] else "no"
    return " | ".join([f"{method['name']}{shown}", *cells, depends])


def measuring() -> str:
    """The commands that gave the figures on simulated films."""
    return "".join(f"    {line}\n" for name in SETS for line in commands(name))


def filled(text: str, start: str, end: str, content: str) -> str:
    """`text` with `content` between two marks."""
    before, rest = text.split(start)
    _, after = rest.split(end)
    return before + start + content + end + after


def main() -> int:
    """Write the tables into the README."""
    text = filled(README.read_text(encoding="utf-8"), START, END, figures())
    README.write_text(filled(text, BENCH_START, BENCH_END, bench()), encoding="utf-8")
    text = filled(PLUGINS.read_text(encoding="utf-8"), START, END, simulated())
    PLUGINS.write_text(filled(text, COMMANDS_START, COMMANDS_END, measuring()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
