"""A report as a table: one row for each film and finding, each of which can stand alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

COLUMNS = (
    "disclaimer", "cxrdesk", "created", "path", "film_sha256", "film_source", "simulated", "modality", "view",
    "view_stated_by", "patient_age_years", "age_stated_by", "lung_outline", "lung_area_share", "impression",
    "detector", "detector_version", "looks_for", "negative", "evidence", "evidence_text", "weights_sha256", "device",
    "seconds", "status", "finding", "raw_probability", "calibrated_probability", "calibration", "operating_point",
    "threshold", "sensitivity", "sensitivity_low", "sensitivity_high", "specificity", "specificity_low",
    "specificity_high", "measured_on", "call", "reason_codes", "reasons", "saliency_lung_share", "prevalence",
    "positive_predictive_value", "negative_predictive_value", "notes",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def rows(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of a report of `cxrdesk.reports.json_report.report`.

    Yields
    ------
    dict
        `COLUMNS` to values; what is unknown or was not computed is missing. A film without detectors, and a file that
        is no film, have one row of their own.
    """
    head = {key: content[key] for key in ("disclaimer", "cxrdesk", "created")}
    for film in content["films"]:
        about = head | _film(film)
        for detector in film["detectors"]:
            for finding in detector["findings"]:
                yield about | _detector(detector) | _finding(finding, detector)
        if not film["detectors"]:
            yield about
    for failure in content["failures"]:
        reason = {"reason_codes": failure["code"], "reasons": failure["text"]}
        yield head | {"path": failure["path"], "status": "failed"} | reason


def to_text(content: Mapping[str, Any]) -> str:
    """The table as CSV (RFC 4180) with a line of names; numbers in full, true and false in small letters.

    Text that a spreadsheet would take for a formula is led by an apostrophe.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for row in rows(content):
        writer.writerow({key: _cell(value) for key, value in row.items()})
    return out.getvalue()


def write_csv(content: Mapping[str, Any], path: Path) -> None:
    """Write the table as UTF-8; raises OSError."""
    # File names need not be text on every system.
    path.write_bytes(to_text(content).encode("utf-8", errors="backslashreplace"))


def is_report(path: Path) -> bool:
    """Whether a file begins as a table of this or an earlier version does; raises OSError."""
    first = ",".join(COLUMNS[:2]).encode()
    with path.open("rb") as file:
        return file.read(len(first)) == first


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _film(film: Mapping[str, Any]) -> dict[str, Any]:
    lungs = next((mask for mask in film["masks"] if mask["structure"] == "lungs"), None)
    return {
        "path": film["path"],
        "film_sha256": film["sha256"],
        "film_source": film["source"],
        "simulated": film["simulated"],
        "modality": film["modality"],
        "view": film["view"]["name"],
        "view_stated_by": film["view"]["stated_by"],
        "patient_age_years": film["patient_age"]["years"],
        "age_stated_by": film["patient_age"]["stated_by"],
        "lung_outline": None if lungs is None else " ".join([lungs["status"], *(r["code"] for r in lungs["reasons"])]),
        "lung_area_share": None if lungs is None else lungs["area_share"],
        "impression": film["impression"],
        "notes": " | ".join(film["notes"]),
    }


def _detector(detector: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "detector": detector["id"],
        "detector_version": detector["version"],
        "looks_for": detector["looks_for"],
        "negative": detector["negative"],
        "evidence": detector["evidence"]["level"],
        "evidence_text": detector["evidence"]["text"],
        "weights_sha256": detector["weights_sha256"],
        "device": detector["device"],
        "seconds": detector["seconds"],
        "status": detector["status"],
    }


def _finding(finding: Mapping[str, Any], detector: Mapping[str, Any]) -> dict[str, Any]:
    reasons = [*detector["reasons"], *finding["reasons"]]
    shares = [item["lung_share"] for item in finding["saliency"]]
    row = {
        "finding": finding["finding"],
        "call": finding["call"],
        "reason_codes": " ".join(reason["code"] for reason in reasons),
        "reasons": " ".join(reason["text"] for reason in reasons),
        # A row is one film's and one finding's; several maps are of several films.
        "saliency_lung_share": shares[0] if len(shares) == 1 else None,
    }
    if (probability := finding["probability"]) is not None:
        row |= {
            "raw_probability": probability["raw"],
            "calibrated_probability": probability["calibrated"],
            "calibration": probability["calibration"],
        }
    if (point := finding["operating_point"]) is not None:
        row |= {"operating_point": point["name"], "threshold": point["threshold"], "measured_on": point["measured_on"]}
        for share in ("sensitivity", "specificity"):
            if point[share] is None:
                continue
            row |= {share: point[share]["value"]}
            row |= {f"{share}_{end}": point[share][end] for end in ("low", "high")}
    if (values := finding["predictive_values"]) is not None:
        row |= {
            "prevalence": values["prevalence"],
            "positive_predictive_value": values["positive"],
            "negative_predictive_value": values["negative"],
        }
    return row
