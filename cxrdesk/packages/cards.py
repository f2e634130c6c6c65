"""What the bundles of a package say was measured: read from their files, nothing is executed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrdesk.api.bundle import MANIFEST, Bundle, BundleError
from cxrdesk.packages.manifest import CARD

_LARGEST = 4_000_000
_MOST_ROWS = 100
_LONGEST = 60
_FIGURES = ("auc", "sensitivity", "specificity", "calibration_error")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of an evaluation table.

    Parameters
    ----------
    figures : mapping of str
        Name of a figure to its value with the 95 % confidence interval, in words.
    """

    model: str
    finding: str
    point: str
    films: str
    figures: Mapping[str, str]


def size_words(size: int) -> str:
    """Bytes in MB, or in kB where that says more."""
    return f"{size / 1e6:.1f}\u00a0MB" if size >= 1e5 else f"{size / 1e3:.1f}\u00a0kB"


def card_text(folder: Path) -> str:
    """The model card of an installed version, Markdown; empty where it is gone."""
    try:
        return (folder / CARD).read_text("utf-8", "replace")
    except OSError:
        return ""


def evaluation_rows(folder: Path) -> list[Row]:
    """The evaluation tables of all bundles below a folder; a bundle that is broken or has no table gives none."""
    rows = []
    for path in sorted(folder.rglob(MANIFEST)):
        if path.stat().st_size > _LARGEST:
            continue
        try:
            content = Bundle(path.parent).manifest
            rows += _rows(content)
        except (BundleError, KeyError, TypeError, ValueError, AttributeError):
            continue
    return rows[:_MOST_ROWS]


def _rows(content: Mapping[str, Any]) -> list[Row]:
    made = []
    for entry in content["evaluation"]["table"]:
        for point, told in entry["points"].items():
            figures = {name: _estimate(told[name]) for name in _FIGURES if isinstance(told.get(name), dict)}
            films = f"{int(told['films'])} ({int(told['positives'])})"
            made.append(
                Row(
                    model=str(content["id"])[:_LONGEST],
                    finding=str(entry["finding"])[:_LONGEST],
                    point=str(point)[:_LONGEST],
                    films=films,
                    figures=figures,
                )
            )
    return made


def _estimate(told: Mapping[str, Any]) -> str:
    return f"{float(told['value']):.3f} ({float(told['low']):.3f} to {float(told['high']):.3f})"
