"""The README's table of figures, made from the shipped bundles: ``python -m tests.readme`` writes it anew."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from cxrdesk.api.bundle import Bundle
from cxrdesk.api.evidence import Estimate

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
LUNGS = ROOT / "plugins/cxrdesk-lungmask/src/cxrdesk_lungmask/bundle"
PNEUMONIA = ROOT / "plugins/cxrdesk-pneumonia/src/cxrdesk_pneumonia/bundle"
FOLDS = ROOT / "plugins/cxrdesk-pneumonia/folds"
START, END = "<!-- figures: python -m tests.readme -->\n", "<!-- end of figures -->"


def _told(data: dict[str, Any]) -> str:
    return str(Estimate(**data))


def figures() -> str:
    """Markdown tables of the figures in the bundles' manifests."""
    lungs = Bundle(LUNGS).manifest
    lines = ["| lung outlines | Dice (95 % interval) | films |", "| --- | --- | --- |"]
    lines += [f"| {group} | {_told(item)} | {item['n']} |" for group, item in lungs["dice"].items()]
    lines += [
        "",
        "| pneumonia, `balanced` | AUC | sensitivity | specificity | balanced accuracy | calibration error | films |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    tables = {"report split": Bundle(PNEUMONIA).manifest["evaluation"]["table"]}
    for fold in sorted(FOLDS.iterdir()):
        table = Bundle(fold).manifest["evaluation"]["table"]
        tables[table["films"]] = table
    for films, table in tables.items():
        point = table["points"]["balanced"]
        keys = ("auc", "sensitivity", "specificity", "balanced_accuracy", "calibration_error")
        lines.append(f"| {films} | " + " | ".join(_told(point[key]) for key in keys) + f" | {point['films']} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the table into the README."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(START)
    _, after = rest.split(END)
    README.write_text(before + START + figures() + END + after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
