"""Sentences about results; knows no Qt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cxrdesk.api.evidence import Calibration, Estimate, Evidence, OperatingPoint
from cxrdesk.api.spec import FilmScope, SegmenterSpec, parse_view
from cxrdesk.api.terms import FINDINGS, STRUCTURES
from cxrdesk.inference.result import Call, DetectorResult, FindingResult, MaskResult, SaliencyResult, Status

_STAGES = {
    "queued": "Waiting",
    "starting": "Starting the inference process",
    "loading": "Loading the model",
    "checking": "Checking the model on this machine",
    "masks": "Outlining the lungs",
    "scoring": "Scoring",
    "saliency": "Computing the saliency map",
}
_STATUS = {
    Status.DONE: "Done",
    Status.REFUSED: "Not run",
    Status.FAILED: "Failed",
    Status.CANCELLED: "Cancelled",
}
CALLS = {
    Call.POSITIVE: "Positive",
    Call.NEGATIVE: "Negative",
    Call.INDETERMINATE: "No call",
    Call.NOT_RUN: "Not run",
}


def percent(share: float) -> str:
    """``"3.0 %"``, ``"46 %"``, with a space that does not break; never 0 or 100 for what is neither."""
    value = share * 100
    if 0 < value < 0.1:
        return "under 0.1\u00a0%"
    if 99.9 < value < 100:
        return "over 99.9\u00a0%"
    return f"{value:.1f}\u00a0%" if value < 10 or value > 90 else f"{value:.0f}\u00a0%"


def interval(estimate: Estimate) -> str:
    """A share with its 95 % confidence interval."""
    told = f"95\u00a0% CI {percent(estimate.low)} to {percent(estimate.high)}, n\u00a0=\u00a0{estimate.n}"
    return f"{percent(estimate.value)} ({told})"


def finding_name(key: str) -> str:
    """The finding's name."""
    return FINDINGS[key].name


def share_text(share: float) -> str:
    """Three digits of 0..1; never 0 or 1 for what is neither."""
    if 0 < share < 0.0005:
        return "under 0.001"
    return "over 0.999" if 0.9995 <= share < 1 else f"{share:.3f}"


def probability_text(result: FindingResult, evidence: Evidence) -> str:
    """The calibrated probability, and among whose films if not patients'; the score where nothing was calibrated."""
    kind = "Score (not calibrated)" if result.calibration == "none" else "Calibrated probability"
    on = " among simulated films" if evidence is Evidence.SYNTHETIC and result.calibration != "none" else ""
    return f"{kind} {share_text(result.probability)}{on}"


def together_text(films: int) -> str:
    """That one answer is about several films; nothing for one."""
    if films < 2:
        return ""
    return f"One answer from {films} films of the study together: the same on each, another than from one alone."


_CALIBRATIONS = {"temperature": "temperature scaling", "platt": "Platt scaling", "isotonic": "isotonic regression"}
_KIND = rf"(?P<kind>{'|'.join(_CALIBRATIONS)})"
_CHOICES = tuple(
    re.compile(form)
    for form in (
        rf"{_KIND}, better than (?P<others>[\w ]+) by (?P<folds>\d+)-fold cross-validation",
        rf"{_KIND} of (?P<others>[\w, ]+), by (?P<folds>\d+)-fold cross-validation",
        rf"{_KIND}, the only kind that fits",
    )
)


def calibration_text(result: FindingResult, calibration: Calibration | None, *, films: bool = True) -> str:
    """Raw probability, how it was calibrated and, if `films`, on which ones."""
    raw = f"Model's own probability {share_text(result.raw)}"
    if result.calibration == "none" or calibration is None:
        return f"{raw}; not calibrated."
    on = fitted_words(calibration)[0] if films else ""
    return f"{raw}; calibrated by {_CALIBRATIONS[result.calibration]}{f' on {on}' if on else ''}."


def fitted_words(calibration: Calibration) -> tuple[str, str]:
    """The films that a calibration was fitted on, and a sentence on how its kind was chosen, where it is told.

    Bundles hold both in one text: ``"400 films; platt, better than temperature by 5-fold cross-validation"``, and in
    older ones ``"400 films; platt of temperature, platt, by 5-fold cross-validation"``.
    """
    films, _, choice = calibration.fitted_on.rstrip(".").rpartition("; ")
    found = next(filter(None, (form.fullmatch(choice) for form in _CHOICES)), None)
    if found is None:
        return calibration.fitted_on.rstrip("."), ""
    told = found.groupdict()
    kind = _CALIBRATIONS[told["kind"]]
    kind = kind[0].upper() + kind[1:]
    others = [name for name in re.findall(r"\w+", told.get("others", "")) if name in _CALIBRATIONS]
    beaten = " and ".join(_CALIBRATIONS[name] for name in others if name != told["kind"])
    if not beaten:
        return films, f"{kind} is the only kind that could be fitted."
    return films, f"{kind} was better than {beaten} by {told['folds']}-fold cross-validation."


def operating_point_lines(point: OperatingPoint) -> list[str]:
    """What the threshold was measured to do, and on which films."""
    known = point.sensitivity is not None and point.specificity is not None
    return [
        f"Operating point “{point.name}”: positive at {point.threshold:.3f} and above.",
        f"Sensitivity {interval(point.sensitivity) if point.sensitivity else 'not published'}",
        f"Specificity {interval(point.specificity) if point.specificity else 'not published'}",
        f"{'Measured' if known else 'Chosen'} on {point.measured_on.rstrip('.')}.",
    ]


def predictive_text(point: OperatingPoint, prevalence: float, call: Call) -> str | None:
    """The predictive value of the call at the clinic's prevalence; None where no call or no usable prevalence is."""
    if not 0 < prevalence < 1 or call not in (Call.POSITIVE, Call.NEGATIVE):
        return None
    if point.sensitivity is None or point.specificity is None:
        return None
    ppv, npv = point.predictive_values(prevalence)
    return (
        f"At the clinic's prevalence of {percent(prevalence)}: positive predictive value {percent(ppv)},"
        f" negative predictive value {percent(npv)}."
    )


def evidence_badge(evidence: Evidence) -> str:
    """Short words beside every score."""
    if evidence in (Evidence.INTERNAL, Evidence.EXTERNAL):
        return f"Evidence: {evidence.value}, claimed by the publisher"
    return f"Evidence: {evidence.value}"


def lung_share_text(maps: Sequence[SaliencyResult], scope: FilmScope) -> str:
    """Where a finding's maps have their mass, in words; nothing for what is looked for elsewhere than in a chest."""
    if all(parse_view(name).body_part != "chest" for name in scope.views):
        return ""
    known = [item.lung_share for item in maps if item.lung_share is not None]
    if not known:
        marked = any(item.map.values.any() for item in maps)
        # An outline may have come since, and be drawn.
        return "The map was made without a lung outline." if marked else "The map marks nothing."
    return " ".join(f"{percent(share)} of the map lies inside the lungs." for share in known)


def provenance_text(version: str, result: DetectorResult | MaskResult) -> str:
    """Version, and where it ran for how long."""
    engine = f" ({result.engine})" if result.engine else ""
    took = f"{result.seconds_s:.1f} s" if result.seconds_s >= 0.05 else "under 0.1 s"
    ran = f", ran on {result.device}{engine} in {took}" if result.device else ""
    return f"Version {version}{ran}"


def stage_text(stage: str) -> str:
    """What a model is doing."""
    return _STAGES.get(stage, stage.capitalize())


def status_text(status: Status) -> str:
    """How a job ended."""
    return _STATUS[status]


def structure_name(key: str) -> str:
    """The structure's name."""
    return STRUCTURES[key].name


def dice_lines(spec: SegmenterSpec) -> list[str]:
    """Measured agreement with masks drawn by people."""
    return [
        f"Dice, {group}: {e.value:.3f} (95\u00a0% CI {e.low:.3f} to {e.high:.3f}, n\u00a0=\u00a0{e.n})"
        for group, e in spec.dice.items()
    ]
