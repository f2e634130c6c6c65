"""What ``cxrdesk analyze`` leaves behind: one table, and a folder of files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxrdesk import DISCLAIMER
from cxrdesk.cli.console import stdout, table
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.words import printable

REPORT_JSON, REPORT_CSV = "report.json", "report.csv"
_NAME_BYTES = 80
_HINTS = {"age": "say it with --age", "view": "say it with --view"}


def checked_folder(named: str, option: str = "--out") -> Path:
    """The folder for files, made where missing.

    Raises
    ------
    UserError
        ``usage``, if files cannot be written there.
    """
    if not named.strip():
        raise UserError("usage", f"{option} is empty; name a folder, '.' for the current folder.")
    out = Path(named)
    probe = out / ".cxrdesk-probe"
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UserError(
            "usage", f"Files cannot be written to {out} ({reason}); choose another folder for {option}."
        ) from None
    return out


def write_reports(content: Mapping[str, Any], out: Path) -> None:
    """Write report.json and report.csv, over those of an earlier run.

    Raises
    ------
    UserError
        ``not-written``, with the reason.
    """
    from cxrdesk.reports import csv_report, json_report

    try:
        json_report.write_json(content, out / REPORT_JSON)
        csv_report.write_csv(content, out / REPORT_CSV)
    except OSError as error:
        raise not_written(out, error) from None


def write_picture(picture: Any, path: Path) -> None:
    """Write RGB pixels as PNG; raises as `write_reports`."""
    from PIL import Image

    try:
        Image.fromarray(picture).save(path, format="PNG")
    except OSError as error:
        raise not_written(path.parent, error) from None


def not_written(folder: Path, error: OSError) -> UserError:
    """The sentence for a disk that is full or gone."""
    reason = error.strerror or type(error).__name__
    return UserError("not-written", f"Files could not be written to {folder} ({reason}); make room or choose another.")


def picture_name(number: int, path: Path) -> str:
    """``"002-thorax.png"`` for the second film, thorax.dcm; holds only what every file system takes."""
    clean = "".join(c if c.isprintable() and c not in '<>:"/\\|?*' else "_" for c in path.stem)
    return f"{number:03d}-{clean.encode()[:_NAME_BYTES].decode(errors='ignore')}.png"


def print_report(content: Mapping[str, Any]) -> None:
    """The table on stdout, and below it what a reader must know of it."""
    console = stdout()
    rows = [row for film in content["films"] for row in _film_rows(film)]
    # Why a file failed has been said on stderr.
    rows += [(_name(failure["path"]), "", "", "failed", "", f"[{failure['code']}]") for failure in content["failures"]]
    if rows:
        console.print(table("Film", "Model", "Score", "Result", "Evidence", "Details", rows=rows))
    for line in _footnotes(content):
        console.print(printable(line), soft_wrap=True)


def _name(path: str) -> str:
    return Path(path).name or path


def _film_rows(film: Mapping[str, Any]) -> list[tuple[str, ...]]:
    name = _name(film["path"]) + (" (simulated)" if film["simulated"] else "")
    rows: list[tuple[str, ...]] = []
    for mask in film["masks"]:
        area = "" if mask["status"] != "done" else f"covers {mask['area_share']:.0%} of the film"
        outlined = "outlined" if mask["status"] == "done" else _ended(mask["status"])
        model = f"{mask['structure_name']} ({mask['id']})"
        rows.append((name, model, "", outlined, _evidence(mask), _joined(area, mask["reasons"])))
    for detector in film["detectors"]:
        for finding in detector["findings"]:
            rows.append((name, *_finding_cells(finding, detector)))
    return rows or [(name, "", "", "not run", "", "no model is installed")]


def _finding_cells(finding: Mapping[str, Any], detector: Mapping[str, Any]) -> tuple[str, ...]:
    reasons = [*detector["reasons"], *finding["reasons"]]
    score, details = "", ""
    if (p := finding["probability"]) is not None:
        value = p["raw"] if p["calibrated"] is None else p["calibrated"]
        score = f"{value:.3f}" + (" (not calibrated)" if p["calibrated"] is None else "")
        details = _details(finding)
    call = finding["call"] if detector["status"] == "done" else _ended(detector["status"])
    word = "no call" if call == "indeterminate" else call
    return f"{finding['name']} ({detector['id']})", score, word, _evidence(detector), _joined(details, reasons)


def _details(finding: Mapping[str, Any]) -> str:
    parts = []
    if (point := finding["operating_point"]) is not None:
        parts.append(
            f"{point['name']}: positive at {point['threshold']:.3f} and above,"
            f" sensitivity {_interval(point['sensitivity'])}, specificity {_interval(point['specificity'])}"
            f" on {point['measured_on']}"
        )
    if (values := finding["predictive_values"]) is not None:
        told = [
            f"{short} {values[key]:.1%}" for short, key in (("PPV", "positive"), ("NPV", "negative")) if values[key]
        ]
        parts.append(f"at this clinic's prevalence of {values['prevalence']:.1%}: {', '.join(told)}")
    for item in finding["saliency"]:
        if item["lung_share"] is not None:
            parts.append(f"{item['lung_share']:.0%} of the saliency map inside the lungs")
    return "; ".join(parts)


def _interval(estimate: Mapping[str, float] | None) -> str:
    if estimate is None:
        return "not published"
    return f"{estimate['value']:.1%} ({estimate['low']:.1%} to {estimate['high']:.1%})"


def _ended(status: str) -> str:
    return "not run" if status == "refused" else status


def _evidence(model: Mapping[str, Any]) -> str:
    evidence = model["evidence"]
    return f"{evidence['level']}, claimed by the publisher" if evidence["claimed_by"] else str(evidence["level"])


def _joined(details: str, reasons: list[Mapping[str, Any]]) -> str:
    told = [f"{r['text']} [{r['code']}]" + (f" ({_HINTS[r['question']]})" if r["question"] else "") for r in reasons]
    return "\n".join(part for part in (details, *told) if part)


def _footnotes(content: Mapping[str, Any]) -> list[str]:
    from cxrdesk.reports.picture import sentence

    models = {model["id"]: model for film in content["films"] for model in (*film["masks"], *film["detectors"])}
    lines = []
    for model in models.values():
        said = [f"{model['name']} {model['version']}:", sentence(model["looks_for"]), model.get("negative", "")]
        lines.append(" ".join(part for part in (*said, f"Evidence: {model['evidence']['text']}") if part))
    return [*lines, f"{DISCLAIMER}."]
