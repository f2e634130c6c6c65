"""The report as one HTML file that needs nothing else: no script, no font, no address of the web."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from cxrdesk.evaluation.report.cells import interval as _interval
from cxrdesk.evaluation.report.cells import number as _number
from cxrdesk.evaluation.report.cells import table as _table
from cxrdesk.evaluation.report.cells import text as _text
from cxrdesk.evaluation.report.figures import svg
from cxrdesk.evaluation.report.saliency import sections

Pictures = Mapping[str, str]
"""What a film is called to its picture, a ``data:`` address."""

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1a1a1a; background: #fff;
  max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 3rem; border-bottom: 2px solid #1a1a1a; } h3 { margin-top: 2.2rem; }
h4 { margin: 1.6rem 0 .3rem; }
table { border-collapse: collapse; margin: .6rem 0 1.2rem; } caption { text-align: left; font-weight: 600; }
th, td { padding: .25rem .7rem; border-bottom: 1px solid #d4d4d4; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.disclaimer { font-weight: 700; } .warning { border-left: 5px solid #b45309; background: #fff7e6; padding: .6rem 1rem; }
.note { color: #444; max-width: 52rem; } .hash { font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
svg { max-width: 100%; height: auto; }
.films { display: flex; flex-wrap: wrap; gap: 1rem; } figure { margin: 0; width: 200px; }
figure img { max-width: 200px; max-height: 200px; background: #000; display: block; }
figcaption { font-size: 13px; line-height: 1.35; overflow-wrap: anywhere; }
@media print { h3 { break-before: page; } }
"""
FILMS_WARNING = (
    "This report contains small pictures of films. They are the data set's; do not pass the report on without thinking"
    " of what the data set's owner, its licence and the patients allow."
)
OTHER_FILMS = (
    "These detectors were not measured on the same films: only the comparison below, on the films that both scored,"
    " says which one is better."
)
SIMULATED = "Figures on such films show that the machinery works, and say nothing about a patient."
METHODS = (
    "Shares of films have exact 95 % intervals (Clopper and Pearson 1934), which take films as independent: where"
    " patients have several films they are somewhat too narrow. Areas, average precision, F1, Brier score and"
    " calibration error have percentile intervals of a bootstrap that draws patients.",
    "Calibration error is the expected calibration error over ten bins of equal width (Naeini et al. 2015). The"
    " vertical bars of the reliability diagram are exact intervals of each bin.",
    "Net benefit is that of Vickers and Elkin (2006): true positives for each film, less false positives weighed by the"
    " odds of the probability at which one would act.",
    "Two areas on the same films are compared with the test of DeLong et al. (1988); p-values are not corrected for the"
    " number of comparisons. The drop against a bundle's own figure takes both films as unrelated and reads the"
    " standard errors off the two intervals.",
    "Films that the gate refused, and films that failed or could not be read, are counted and are part of no figure.",
)


def page(report: Mapping[str, Any], pictures: Pictures) -> str:
    """The whole page, ASCII apart from names that were given.

    Parameters
    ----------
    report : mapping
        Of `cxrdesk.evaluation.report.content.content`.
    """
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:;'
        " style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width">',
        f"<title>cxrdesk evaluation</title><style>{STYLE}</style></head><body>",
        *_head(report, bool(pictures)),
    ]
    if len(report["detectors"]) > 1:
        parts += _side_by_side(report)
    for k, detector in enumerate(report["detectors"]):
        parts += _detector(detector, f"d{k}", pictures)
    parts += sections(report["saliency"])
    parts += ["<h2>How the figures were made</h2>", *(f'<p class="note">{escape(text)}</p>' for text in METHODS)]
    return "\n".join([*parts, "</body></html>", ""])


def _head(report: Mapping[str, Any], films: bool) -> list[str]:
    parts = ["<h1>Evaluation</h1>", f'<p class="disclaimer">{escape(report["disclaimer"])}.</p>']
    if films:
        parts.append(f'<p class="warning">{escape(FILMS_WARNING)}</p>')
    torch = f"torch {report['torch']}" if report["torch"] else "no torch"
    parts.append(f"<p>{escape(report['created'])}, cxrdesk {escape(report['cxrdesk'])}, {escape(torch)}.</p>")
    rows = [
        [
            _text(d["name"]),
            _text(f"{d['title']} {d['version']}"),
            _text(f"{d['evidence']['level']}: {d['evidence']['text']}"),
            _text(f"{d['films']['dataset']}, {d['films']['name']}" + (" (external)" if d["films"]["external"] else "")),
            f'<td class="hash">{escape(d["weights_sha256"]) or "none"}</td>',
        ]
        for d in report["detectors"]
    ]
    parts.append(_table("Detectors", ["Name", "Detector", "Evidence level", "Films", "SHA-256 of the weights"], rows))
    if report["failures"]:
        lost = [[_text(f["name"]), _text(f["code"]), _text(f["text"])] for f in report["failures"]]
        parts.append(_table("Asked for, and not in this report", ["Name", "Code", "Why"], lost))
    return parts


def _side_by_side(report: Mapping[str, Any]) -> list[str]:
    parts = ["<h2>Side by side</h2>"]
    keys = list(dict.fromkeys((f["finding"], f["name"]) for d in report["detectors"] for f in d["findings"]))
    for number, (key, name) in enumerate(keys):
        found = [(d, f) for d in report["detectors"] for f in d["findings"] if f["finding"] == key]
        rows = [_overview(d["name"], d["films"]["name"], f) for d, f in found]
        parts += [f"<h3>{escape(name)}</h3>", _table("", OVERVIEW, rows)]
        curves = [(d["name"], f["figures"]) for d, f in found if f["figures"] is not None]
        if len({(d["films"]["dataset"], d["films"]["name"]) for d, _ in found}) > 1:
            parts.append(f'<p class="note">{escape(OTHER_FILMS)}</p>')
        if len(curves) > 1:
            parts.append(svg(curves, prefix=f"s{number}", label=f"Curves of {len(curves)} detectors of {name}"))
        parts += _compared([c for c in report["comparisons"] if c["finding"] == key])
    return parts


OVERVIEW = ["Detector", "Films", "Scored (positive)", "AUC", "Average precision", "Brier score", "Calibration error"]


def _overview(name: str, films: str, finding: Mapping[str, Any]) -> list[str]:
    counted = f"{finding['films']} ({finding['positives']})"
    cells = [_text(name), _text(films), _number(counted)]
    figures = finding["figures"]
    if figures is None:
        return [*cells, f'<td colspan="4">{escape(finding["problem"]["text"])}</td>']
    keys = ("auc", "average_precision", "brier", "calibration_error")
    return cells + [_number(_interval(figures[key])) for key in keys]


def _compared(comparisons: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = []
    for c in comparisons:
        cells = [_text(c["first"]), _text(c["second"]), _number(f"{c['films']} ({c['patients']})")]
        if c["problem"]:
            rows.append([*cells, f'<td colspan="5">{escape(c["problem"])}</td>'])
            continue
        d, by = c["difference"], c["by_patient"]
        told = (
            f"{c['first_auc']:.3f}",
            f"{c['second_auc']:.3f}",
            f"{d['difference']:+.3f} ({d['low']:+.3f} to {d['high']:+.3f})",
            f"{by['low']:+.3f} to {by['high']:+.3f}",
            _p(d["p"]),
        )
        rows.append(cells + [_number(text) for text in told])
    head = ["First", "Second", "Films (patients)", "AUC of first", "AUC of second", "Difference (DeLong)"]
    title = "Compared on the films that both scored"
    return [_table(title, [*head, "By patient", "p (DeLong)"], rows)] if rows else []


def _detector(detector: Mapping[str, Any], prefix: str, pictures: Pictures) -> list[str]:
    parts = [f"<h2>{escape(detector['name'])}</h2>"]
    if simulated := detector["films"]["simulated"]:
        parts.append(f'<p class="warning">Of these films {simulated} are simulated films. {escape(SIMULATED)}</p>')
    if detector["trained_on"]:
        parts.append(f'<p class="note">Trained on: {escape(detector["trained_on"])}.</p>')
    counts = detector["counts"]
    rows = [
        [_text(name), _text(code), _number(str(films)), _number(str(patients))]
        for name, code, films, patients in (
            ("listed", "", counts["films"], counts["patients"]),
            ("scored", "", counts["scored"], counts["scored_patients"]),
            *((r["status"], r["code"], r["films"], r["patients"]) for r in counts["reasons"]),
        )
    ]
    parts.append(_table("Films", ["", "Reason", "Films", "Patients"], rows))
    if counts["companions"]:
        text = f"{counts['companions']} further films of the same studies were seen together with these."
        parts.append(f'<p class="note">{escape(text)}</p>')
    for k, finding in enumerate(detector["findings"]):
        parts.append(f"<h3>{escape(finding['name'])}</h3>")
        if finding["figures"] is None:
            parts.append(f'<p class="warning">{escape(finding["problem"]["text"])}</p>')
        else:
            parts += _finding(detector["name"], finding, f"{prefix}f{k}", pictures)
    return parts


def _finding(name: str, finding: Mapping[str, Any], prefix: str, pictures: Pictures) -> list[str]:
    figures = finding["figures"]
    prevalence = f"{finding['prevalence']:.1%}"
    calibrated = "not calibrated" if finding["calibration"] == "none" else f"calibrated ({finding['calibration']})"
    return [
        f"<p>{finding['films']} films of {finding['patients']} patients, {finding['positives']} with the finding:"
        f" a prevalence of {prevalence} in this data set. Scores are {escape(calibrated)}.</p>",
        *_no_call(finding["no_call"]),
        *_drop(figures["drop"], figures["auc"]),
        _table("", OVERVIEW[3:], [_overview("", "", finding)[3:]]),
        svg([(name, figures)], prefix=prefix, label=f"Curves of {name} for {finding['name']}"),
        _points(figures["points"], prevalence),
        _matrices(figures["points"]),
        _subgroups(figures["subgroups"], finding["default_point"]),
        *_failures(figures["failures"], finding["default_point"], pictures),
    ]


def _no_call(codes: Sequence[str]) -> list[str]:
    if not codes:
        return []
    text = f"With these weights the viewer gives a score and no call ({', '.join(codes)}); the operating points below"
    return [f'<p class="warning">{escape(text)} show what calls would be.</p>']


def _drop(drop: Mapping[str, Any] | None, area: Mapping[str, float]) -> list[str]:
    if drop is None:
        return []
    lost = f"{drop['difference']:+.3f} ({drop['low']:+.3f} to {drop['high']:+.3f}), p {_p(drop['p'])}"
    text = (
        f"External validation: the bundle's own figure is an AUC of {_interval(drop['published'])}, that of these films"
        f" {_interval(area)}; the drop is {lost}."
    )
    return [f'<p class="warning">{escape(text)}</p>']


def _points(points: Sequence[Mapping[str, Any]], prevalence: str) -> str:
    shares = {
        "Sensitivity (recall)": "sensitivity",
        "Specificity": "specificity",
        "Accuracy": "accuracy",
        f"Precision (positive predictive value) at {prevalence}": "precision",
        f"Negative predictive value at {prevalence}": "negative_predictive_value",
        "F1": "f1",
    }
    rows = [
        [_text(name), *(_number("no call" if p[key] is None else _interval(p[key])) for p in points)]
        for name, key in shares.items()
    ]
    head = [f"{p['name']}: positive at {p['threshold']:.3f} and above" for p in points]
    note = (
        f'<p class="note">Precision, predictive values and F1 hold at the prevalence of {prevalence} of these films'
        " alone; where the finding is rarer, more positive calls are wrong.</p>"
    )
    return _table("Operating points", ["", *head], rows) + note


def _matrices(points: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for p in points:
        with_it = [_text(p["name"]), _text("with the finding"), p["true_positives"], p["false_negatives"]]
        without = [_text(""), _text("without"), p["false_positives"], p["true_negatives"]]
        rows += [[*row[:2], *(_number(str(count)) for count in row[2:])] for row in (with_it, without)]
    head = ["Operating point", "Films", "Called positive", "Called negative"]
    return _table("Confusion matrices", head, rows)


def _subgroups(groups: Sequence[Mapping[str, Any]], point: str) -> str:
    rows = []
    for g in groups:
        cells = [_text(g["by"]), _text(g["group"]), _number(f"{g['films']} ({g['patients']})"), _number(g["positives"])]
        if g["note"]:
            rows.append([*cells, f'<td colspan="3">{escape(g["note"])}</td>'])
        else:
            rows.append(cells + [_number(_interval(g[key])) for key in ("auc", "sensitivity", "specificity")])
    head = ["By", "Group", "Films (patients)", "Positive", "AUC", "Sensitivity", "Specificity"]
    return _table(f"Subgroups, at {point}", head, rows)


def _failures(failures: Sequence[Mapping[str, Any]], point: str, pictures: Pictures) -> list[str]:
    parts = [f"<h4>Worst errors, at {escape(point)}</h4>"]
    for kind, said in (("false positive", "labelled without the finding"), ("false negative", "labelled with it")):
        shown = [f for f in failures if f["kind"] == kind]
        if not shown:
            parts.append(f"<p>No {kind}.</p>")
            continue
        parts.append(f"<p>{len(shown)} of {shown[0]['of']} {kind}s, the worst first.</p>")
        cards = []
        for f in shown:
            picture = pictures.get(f["film"])
            image = f'<img src="{picture}" alt="film">' if picture else "<p>The film cannot be shown.</p>"
            told = f"{f['film']}: {said}, scored {f['probability']:.3f}, positive from {f['threshold']:.3f}"
            cards.append(f"<figure>{image}<figcaption>{escape(told)}</figcaption></figure>")
        parts.append(f'<div class="films">{"".join(cards)}</div>')
    return parts


def _p(p: float | None) -> str:
    return "no spread" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"
