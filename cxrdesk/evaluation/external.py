"""External validation on record: a bundle that was measured on another site's films says so."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cxrdesk.api.bundle import MANIFEST, Bundle, manifest_sha256
from cxrdesk.api.evidence import Estimate, Evidence
from cxrdesk.imaging.errors import UserError

FEWEST = 100
"""Films of each class that an external validation needs (Collins, Ogundimu and Altman 2016, Stat Med 35:214)."""
_RAISABLE = (Evidence.INTERNAL, Evidence.UNMEASURED)
_LIFTED = "evidence-unmeasured"


def raised(bundle: Path, report: Mapping[str, Any]) -> None:
    """Raise a bundle's evidence level to external, with another site's figures in the place of its own.

    Sensitivity and specificity of each operating point become those of the report, since the level stands beside them;
    what the bundle said before stays under ``evaluation.before``.

    Parameters
    ----------
    bundle : Path
        The bundle's folder; its manifest is rewritten, weights and golden vectors are not touched.
    report : mapping
        What ``cxrdesk evaluate --report`` wrote as JSON.

    Raises
    ------
    UserError
        ``"not-raised"``, with the reason: other weights, not another site's films, too few of them for a finding, or
        weights trained on simulated films, whose level nothing raises.
    """
    if not bundle.is_dir():
        raise _refused(bundle, "only a bundle's folder can be raised; unpack it")
    manifest = Bundle(bundle).manifest
    measured = _measured(bundle, manifest, report)
    figures = {finding["finding"]: _enough(bundle, finding) for finding in measured["findings"]}
    before = {key: manifest[key] for key in ("evidence", "operating_points")}
    where = f"{measured['films']['dataset']}, {measured['counts']['scored']} films of another site"
    points = [_point(point, figures[point["finding"]], where) for point in manifest["operating_points"]]
    changed = manifest | {
        "evidence": Evidence.EXTERNAL.value,
        "operating_points": points,
        "evaluation": manifest.get("evaluation", {})
        | {"external": {"report_created": report["created"], **measured}, "before": before},
    }
    changed["manifest_sha256"] = manifest_sha256(changed)
    part = bundle / f"{MANIFEST}.part"
    part.write_text(json.dumps(changed, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(bundle / MANIFEST)


def _refused(bundle: Path, why: str) -> UserError:
    return UserError("not-raised", f"the evidence level of {bundle} stays as it is: {why}")


def _measured(bundle: Path, manifest: Mapping[str, Any], report: Mapping[str, Any]) -> Mapping[str, Any]:
    if manifest["evidence"] not in _RAISABLE:
        raise _refused(bundle, f"it is {manifest['evidence']}")
    weights = manifest["weights"]["sha256"]
    found = next((item for item in report["detectors"] if item["weights_sha256"] == weights), None)
    if found is None or found["id"] != manifest["id"]:
        raise _refused(bundle, "the report is about other weights")
    if found["films"].get("simulated"):
        raise _refused(bundle, "the report's films are simulated films")
    if not found["films"]["external"]:
        raise _refused(bundle, "the report's films are of the source that it was trained on")
    measured: Mapping[str, Any] = found
    return measured


def _enough(bundle: Path, finding: Mapping[str, Any]) -> Mapping[str, Any]:
    positives, negatives = finding["positives"], finding["films"] - finding["positives"]
    if finding["figures"] is None or min(positives, negatives) < FEWEST:
        told = f"{positives} with {finding['finding']} and {negatives} without; {FEWEST} of each are needed"
        raise _refused(bundle, f"too few films were scored, {told}")
    if others := [code for code in finding["no_call"] if code != _LIFTED]:
        raise _refused(bundle, f"it gave no calls ({', '.join(others)}) where it was measured")
    figures: Mapping[str, Any] = finding["figures"]
    return figures


def _point(point: Mapping[str, Any], figures: Mapping[str, Any], where: str) -> dict[str, Any]:
    found = next(item for item in figures["points"] if item["name"] == point["name"])
    shares = {key: asdict(Estimate(**found[key])) for key in ("sensitivity", "specificity")}
    return {**point, **shares, "measured_on": where}
