"""What a model's card says about one film, as plain values; knows no Qt.

Cards are kept from film to film and filled with this: whatever it does not say, the card does not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from cxrdesk.api.evidence import Calibration
from cxrdesk.api.spec import NEGATIVE_SENTENCE, DetectorSpec
from cxrdesk.inference.events import Progress
from cxrdesk.inference.result import Call, DetectorResult, FindingResult, MaskResult, Reason, Status
from cxrdesk.ui import words


@dataclass(frozen=True, kw_only=True)
class FindingContent:
    """One finding; empty texts are not shown.

    Parameters
    ----------
    name : str
        The finding's.
    probability : float
        0..1.
    threshold : float or None
        The operating point, 0..1.
    reasons : tuple of Reason
        Those that are this finding's own.
    measured, aim : str
        What the operating point was measured to do, and how it was chosen.
    calibration, calibrated_by : str
        The model's own probability, and how its calibration was chosen.
    where : str
        Where the map has its mass.
    """

    name: str
    call: Call
    score: str
    probability: float
    threshold: float | None
    reasons: tuple[Reason, ...] = ()
    measured: str = ""
    aim: str = ""
    predictive: str = ""
    calibration: str = ""
    calibrated_by: str = ""
    where: str = ""
    has_map: bool = False


@dataclass(frozen=True, kw_only=True)
class CardContent:
    """One model on one film; empty texts are not shown.

    Parameters
    ----------
    status : Status or None
        None while there is no result.
    stage : str
        What is done or waited for without a result.
    running : bool
        Whether that can be cancelled.
    share : float
        How much of it is done, 0..1.
    told : str
        What a segmenter found; that a detector's answer is about several films.
    badge, evidence : str
        The evidence level, and what it means where no caution says so already.
    cautions : tuple of Reason
        What holds for the whole answer: said once, and not at each finding.
    findings : dict of FindingContent
        By finding key.
    chosen : str
        Finding whose map is over the film.
    basis : str
        What all findings rest on.
    closing : str
        What a result does not say.
    provenance, origin : str
        Version and device; films that it was trained on and licence.
    """

    status: Status | None = None
    stage: str = ""
    running: bool = False
    share: float = 0.0
    told: str = ""
    badge: str = ""
    evidence: str = ""
    cautions: tuple[Reason, ...] = ()
    findings: Mapping[str, FindingContent] = field(default_factory=dict)
    chosen: str = ""
    basis: str = ""
    closing: str = ""
    provenance: str = ""
    origin: str = ""


NOTHING = CardContent()


def waiting(progress: Progress | None, *, running: bool) -> CardContent:
    """No result yet."""
    if not running:
        return CardContent(stage="Not asked yet.")
    stage, share = (progress.stage, progress.share) if progress is not None else ("queued", None)
    # Without a share there is no bar to fill: it would look like a measure.
    return CardContent(stage=words.stage_text(stage or "queued"), running=True, share=share or 0.0)


def of_detector(result: DetectorResult, prevalence: Mapping[str, float], chosen: str) -> CardContent:
    """A detector's answer.

    Parameters
    ----------
    prevalence : mapping of str to float
        The clinic's own, by finding.
    chosen : str
        The finding whose map is over the film; empty for none.
    """
    spec = result.spec
    if result.status is not Status.DONE:
        return CardContent(status=result.status, cautions=result.reasons)
    several = len(result.findings) > 1
    shared = _shared(found.reasons for found in result.findings)
    cautions = (*result.reasons, *shared)
    films = _same(_films(spec.calibration.get(found.finding)) for found in result.findings) if several else ""
    measured = _same(_measured_on(found) for found in result.findings) if several else ""
    nowhere = _same(words.lung_share_text(found.saliency, spec.scope) for found in result.findings if found.saliency)
    nowhere = nowhere if several and all(_unplaced(found) for found in result.findings) else ""
    findings = {
        found.finding: _finding(
            found, spec, prevalence.get(found.finding), shared=shared, films=not films, measured=not measured,
            where=not nowhere,
        )
        for found in result.findings
    }  # fmt: skip
    basis = [f"Operating points: {measured}"] if measured else []
    basis += [f"Calibrated on {films}."] if films else []
    basis += [nowhere] if nowhere else []
    sentence = spec.evidence.sentence
    return CardContent(
        status=result.status,
        told=words.together_text(len(result.films)),
        badge=words.evidence_badge(spec.evidence),
        evidence="" if any(caution.text == sentence for caution in cautions) else sentence,
        cautions=cautions,
        findings=findings,
        chosen=chosen,
        basis="\n".join(basis),
        closing=NEGATIVE_SENTENCE,
        provenance=words.provenance_text(spec.version, result),
        origin=f"Trained on: {spec.trained_on or 'not stated'}\nLicence: {spec.licence or 'not stated'}",
    )


def of_mask(result: MaskResult) -> CardContent:
    """The outline's share of the film, and how well the segmenter was measured to draw it."""
    spec = result.spec
    if result.status is not Status.DONE:
        return CardContent(status=result.status, cautions=result.reasons)
    return CardContent(
        status=result.status,
        told=f"{words.structure_name(spec.structure)} outlined: {words.percent(result.area_share)} of the film.",
        badge=words.evidence_badge(spec.evidence),
        evidence=spec.evidence.sentence,
        cautions=result.reasons,
        basis="\n".join(words.dice_lines(spec)) or "No measured agreement was published.",
        provenance=words.provenance_text(spec.version, result),
        origin=f"Trained on: {spec.trained_on or 'not stated'}\nLicence: {spec.licence or 'not stated'}",
    )


def _finding(
    found: FindingResult, spec: DetectorSpec, prevalence: float | None, *, shared: tuple[Reason, ...], films: bool,
    measured: bool, where: bool,
) -> FindingContent:  # fmt: skip
    """One finding's own.

    Parameters
    ----------
    shared : tuple of Reason
        Those that are said once for the detector.
    films, measured, where : bool
        Whether to say here what it was calibrated on, measured on, and where its map lies.
    """
    point, calibration = found.operating_point, spec.calibration.get(found.finding)
    lines = words.operating_point_lines(point) if point is not None else []
    told = words.predictive_text(point, prevalence, found.call) if point is not None and prevalence is not None else ""
    return FindingContent(
        name=words.finding_name(found.finding),
        call=found.call,
        score=words.probability_text(found, spec.evidence),
        probability=found.probability,
        threshold=point.threshold if point is not None else None,
        reasons=tuple(reason for reason in found.reasons if reason not in shared),
        measured="\n".join(lines if measured else lines[:-1]),
        aim=point.aim if point is not None else "",
        predictive=told or "",
        calibration=words.calibration_text(found, calibration, films=films),
        calibrated_by=words.fitted_words(calibration)[1] if calibration is not None else "",
        where=words.lung_share_text(found.saliency, spec.scope) if found.saliency and where else "",
        has_map=bool(found.saliency),
    )


def _shared(reasons: Iterable[tuple[Reason, ...]]) -> tuple[Reason, ...]:
    """Reasons that every finding has."""
    first, *others = [*reasons] or [()]
    return tuple(reason for reason in first if all(reason in other for other in others))


def _same(texts: Iterable[str]) -> str:
    """What all of them say; nothing where they differ."""
    found = set(texts)
    return found.pop() if len(found) == 1 else ""


def _films(calibration: Calibration | None) -> str:
    return words.fitted_words(calibration)[0] if calibration is not None else ""


def _measured_on(found: FindingResult) -> str:
    return words.operating_point_lines(found.operating_point)[-1] if found.operating_point is not None else ""


def _unplaced(found: FindingResult) -> bool:
    """Whether nobody knows where its maps lie."""
    return all(item.lung_share is None for item in found.saliency)
