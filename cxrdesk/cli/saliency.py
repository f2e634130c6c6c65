"""``cxrdesk evaluate --saliency``: whether saliency maps point at the finding and depend on the weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxrdesk.api import DetectorSpec
    from cxrdesk.discovery.registry import Registry


def audited(registry: Registry, spec: DetectorSpec, name: str, data: Path, device: str) -> dict[str, Any]:
    """One detector's audit as JSON types.

    Raises
    ------
    UserError
        Where there are no true regions, or the detector gives no maps.
    """
    from cxrdesk.cli.progress import progress
    from cxrdesk.evaluation.saliency.audit import audit
    from cxrdesk.evaluation.saliency.figures import figures
    from cxrdesk.evaluation.saliency.truth import truth_in

    with progress() as advance:

        def told(done: int, of: int) -> None:
            advance(done, of, f"{name}, saliency")

        return figures(name, audit(registry, spec, truth_in(data), device=device, progress=told))


def tables(told: Mapping[str, Any]) -> list[Any]:
    """An audit's tables, one for each finding and one of maps that resemble each other."""
    from cxrdesk.cli.console import table

    films = told["films"]
    of = f"{told['id']} {told['version']}, weights {told['weights_sha256'][:12]}"
    made = []
    for finding in told["findings"]:
        drawn = ", ".join(f"{name} ({n})" for name, n in finding["regions"].items()) or "none"
        explained = f"{films['explained']} of {films['listed']} films of {films['name']} explained"
        title = f"{of}, saliency of {finding['finding']}; {explained}; true regions: {drawn}"
        rows = [_row(line, told["used"]) for line in finding["methods"]]
        made.append(table("Method", "Films", *_COLUMNS, "Random weights", rows=rows, title=title))
    alike = [(p["method"], f"{p['first']}, {p['second']}", _interval(p["correlation"])) for p in told["similarity"]]
    if alike:
        made.append(table("Method", "Maps of", "Correlation", rows=alike, title=of))
    return made


_COLUMNS = {
    "Maximum inside": "pointing",
    "or near": "pointing_tolerant",
    "Mass inside": "energy",
    "Overlap": "overlap",
    "In the lungs": "lungs",
    "Deletion": "deletion",
    "Insertion": "insertion",
}


def _row(line: Mapping[str, Any], used: str) -> list[str]:
    name = f"{line['name']} (shown)" if line["method"] == used else line["name"]
    found = line["figures"]
    if found is None:
        return [f"{name}: {line['problem']['code']}", *[""] * (len(_COLUMNS) + 2)]
    random = found["randomisation"]
    kept = "" if random is None else _interval(random["stages"][-1]["rank_correlation"])
    return [name, str(found["films"]), *(_interval(found[key]) for key in _COLUMNS.values()), kept]


def _interval(estimate: Mapping[str, float] | None) -> str:
    return "" if estimate is None else f"{estimate['value']:.2f} ({estimate['low']:.2f}, {estimate['high']:.2f})"
