"""What a training or measuring came to, one line for each finding."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def summary(folder: Path) -> list[str]:
    """Of a detector's bundle: which findings have a threshold, why others have none; nothing for other folders."""
    from cxrdesk.api import Bundle, DetectorSpec
    from cxrdesk.api.bundle import MANIFEST

    if not (folder / MANIFEST).is_file():
        return []
    manifest = Bundle(folder).manifest
    if manifest["kind"] != "detector":
        return []
    spec, evaluation = DetectorSpec.from_bundle(folder), manifest.get("evaluation") or {}
    tables = {table["finding"]: table for table in evaluation.get("table", ())}
    lines = [_line(spec, finding, tables.get(finding), evaluation) for finding in spec.findings]
    return [*lines, f"Evidence: {spec.evidence.value}. {spec.evidence.sentence}"]


def _line(spec: Any, finding: str, table: dict[str, Any] | None, evaluation: dict[str, Any]) -> str:
    points = [point for point in spec.operating_points if point.finding == finding]
    parts = []
    if points:
        parts.append("thresholds " + ", ".join(f"{point.name} {point.threshold:.3f}" for point in points))
    else:
        why = evaluation.get("without_a_call", {}).get(finding, "nothing was measured")
        parts.append(f"no threshold, so a score without a call: {why}")
    if table and (figures := next(iter(table["points"].values()), None)):
        auc = figures["auc"]
        parts.append(f"AUC {auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f}) on {figures['films']} films")
    calibration = spec.calibration.get(finding)
    if (few := evaluation.get("without_calibration", {}).get(finding)) is not None:
        parts.append(f"not calibrated: {few}")
    elif calibration is not None:
        parts.append(f"calibrated ({calibration.method})")
    return f"{finding}: {'; '.join(parts)}."
