"""From a film to results: gate, masks, detector, calibration, call. The same in viewer, command line and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cxrdesk.api.detector import CancelledError, Mask, SaliencyMap
from cxrdesk.api.evidence import Calibration, Evidence
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.api.terms import STRUCTURES
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging import quality
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.words import shown_text
from cxrdesk.inference.gate import refusals
from cxrdesk.inference.models import Stage
from cxrdesk.inference.process import InferenceError
from cxrdesk.inference.result import (
    Call,
    DetectorResult,
    FindingResult,
    MaskResult,
    Reason,
    SaliencyResult,
    Status,
)
from cxrdesk.inference.runners import Cancelled, Runner

SMALLEST_AREA, LARGEST_AREA = 0.05, 0.75
"""Share of a film that a structure may take; outside this the outline is not believed."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the user chose.

    Parameters
    ----------
    operating_point : str
        Name of the operating point that calls are made at.
    explain : bool
        Whether saliency maps are made.
    """

    operating_point: str = "balanced"
    explain: bool = True


class FilmAnalysis:
    """One film with the films beside it in its study; masks and the film's look are found once.

    Parameters
    ----------
    companions : sequence of Radiograph
        Other films of the study, for detectors that take several.
    notice : callable
        Told sentences for the user.
    """

    def __init__(
        self,
        film: Radiograph,
        registry: Registry,
        runner: Runner,
        *,
        companions: Sequence[Radiograph] = (),
        options: Options | None = None,
        notice: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.film, self.registry, self.runner = film, registry, runner
        self.companions, self.options, self.notice = tuple(companions), options or Options(), notice
        self._masks: dict[tuple[str, str], MaskResult] = {}
        self._looks: dict[str, quality.FilmLook] = {}

    def _look(self, film: Radiograph) -> quality.FilmLook:
        if film.digest not in self._looks:
            self._looks[film.digest] = quality.look(film)
        return self._looks[film.digest]

    def segment(
        self,
        spec: SegmenterSpec,
        film: Radiograph | None = None,
        stage: Stage = lambda _: None,
        cancelled: Cancelled = lambda: False,
    ) -> MaskResult:
        """Outline a structure on the film (or on a companion)."""
        film = film or self.film
        key = (spec.id, film.digest)
        if key not in self._masks or self._masks[key].status is Status.CANCELLED:
            self._masks[key] = self._segment(spec, film, stage, cancelled)
        return self._masks[key]

    def _segment(self, spec: SegmenterSpec, film: Radiograph, stage: Stage, cancelled: Cancelled) -> MaskResult:
        def ended(status: Status, *reasons: Reason) -> MaskResult:
            return MaskResult(spec=spec, film=film.digest, status=status, reasons=reasons)

        if reasons := refusals(film, spec.scope, self._look(film)):
            return ended(Status.REFUSED, *reasons)
        if cancelled():
            return ended(Status.CANCELLED)
        try:
            done = self.runner.segment(spec, film, stage, cancelled)
        except CancelledError:
            return ended(Status.CANCELLED)
        except InferenceError as error:
            return ended(Status.FAILED, Reason(code=error.code, text=str(error)))
        if done.note:
            self.notice(done.note)
        area = float((done.mask.values >= 0.5).mean())
        reasons = ()
        status = Status.DONE
        if not SMALLEST_AREA <= area <= LARGEST_AREA:
            name = STRUCTURES[spec.structure].name.lower()
            text = f"The outline of the {name} covers {area:.0%} of the film, which is not believable; it is not used."
            status, reasons = Status.REFUSED, (Reason(code="mask-implausible", text=text),)
        return MaskResult(
            spec=spec,
            film=film.digest,
            status=status,
            reasons=reasons,
            mask=done.mask if status is Status.DONE else None,
            area_share=area,
            device=done.device,
            engine=done.engine,
            seconds_s=done.seconds_s,
        )

    def detect(
        self, spec: DetectorSpec, stage: Stage = lambda _: None, cancelled: Cancelled = lambda: False
    ) -> DetectorResult:
        """Run one detector, if the gate lets it."""
        films, reasons = self._films(spec)
        digests = tuple(film.digest for film in films) or (self.film.digest,)

        def ended(status: Status, *why: Reason) -> DetectorResult:
            return DetectorResult(spec=spec, films=digests, status=status, reasons=why)

        if reasons:
            return ended(Status.REFUSED, *reasons)
        if cancelled():
            return ended(Status.CANCELLED)
        masks: list[dict[str, Mask]] = []
        segmenters = []
        for film in films:
            known = {}
            for structure in spec.requires:
                segmenter = self.registry.segmenter_for(structure)
                if segmenter is None:
                    text = f"It needs the outline of the {structure}, and no installed plugin draws it; install one."
                    return ended(Status.REFUSED, Reason(code="no-segmenter", text=text))
                outline = self.segment(segmenter, film, stage, cancelled)
                if outline.mask is None:
                    # Not the film's fault where the segmenter failed or was cancelled.
                    return ended(outline.status, *outline.reasons)
                known[structure] = outline.mask
                segmenters.append(segmenter)
            masks.append(known)
        try:
            done = self.runner.detect(spec, films, masks, stage, cancelled, explain=self.options.explain)
        except CancelledError:
            return ended(Status.CANCELLED)
        except InferenceError as error:
            return ended(Status.FAILED, Reason(code=error.code, text=str(error)))
        if done.note:
            self.notice(done.note)
        if problem := _malformed(spec, dict(done.prediction.probabilities), [m for m, _ in done.maps], len(films)):
            return ended(Status.FAILED, Reason(code="bad-answer", text=problem))
        preprocessing = spec.input.digest(*{segmenter.weights_sha256 for segmenter in segmenters})
        findings = []
        for finding in spec.findings:
            maps = tuple(
                SaliencyResult(
                    map=item,
                    reference=spec.saliency.reference.get(finding) if spec.saliency else None,
                    lung_share=_share_inside(item, self._lungs(films[item.film], masks[item.film])),
                    rendering=drawn,
                )
                for item, drawn in done.maps
                if item.finding == finding
            )
            raw = float(done.prediction.probabilities[finding])
            point = self.options.operating_point
            findings.append(called(spec, finding, raw, point, preprocessing, maps, flipped=bool(done.proof)))
        return DetectorResult(
            spec=spec,
            films=digests,
            status=Status.DONE,
            findings=tuple(findings),
            device=done.device,
            engine=done.engine,
            seconds_s=done.seconds_s,
        )

    def _lungs(self, film: Radiograph, masks: dict[str, Mask]) -> Mask | None:
        """The film's lungs: those that the detector was given, or an outline that was made anyway."""
        if "lungs" in masks:
            return masks["lungs"]
        found = (r.mask for (_, digest), r in self._masks.items() if digest == film.digest and r.mask is not None)
        return next((mask for mask in found if mask.structure == "lungs"), None)

    def _films(self, spec: DetectorSpec) -> tuple[list[Radiograph], tuple[Reason, ...]]:
        """The study's films that the detector takes together, the shown one first; or why it takes none."""
        if reasons := refusals(self.film, spec.scope, self._look(self.film)):
            return [], reasons
        fewest, most = spec.scope.films
        films = [self.film]
        for other in self.companions:
            new = all(other.digest != film.digest for film in films)
            if len(films) < most and new and not refusals(other, spec.scope, self._look(other)):
                films.append(other)
        if len(films) < fewest:
            text = f"It reads {fewest} films of a study together; {len(films)} of this study can be used."
            return [], (Reason(code="too-few-films", text=text),)
        return films, ()


def called(
    spec: DetectorSpec,
    finding: str,
    raw: float,
    operating_point: str,
    preprocessing_sha256: str,
    saliency: tuple[SaliencyResult, ...] = (),
    *,
    flipped: bool = False,
) -> FindingResult:
    """A score with its calibration, and its call where the evidence allows one.

    Parameters
    ----------
    flipped : bool
        Whether a golden film falls on the other side of an operating point on this machine.
    preprocessing_sha256 : str
        Of the preprocessing that was really used, segmenters' weights included.
    """
    calibration = spec.calibration.get(finding, Calibration())
    probability = calibration.apply(raw) if calibration.method != "none" else raw
    point = spec.operating_point(operating_point, finding)
    reasons = []
    if spec.evidence is Evidence.SYNTHETIC:
        reasons.append(Reason(code="evidence-synthetic", text=Evidence.SYNTHETIC.sentence))
    elif spec.evidence is Evidence.UNMEASURED:
        reasons.append(Reason(code="evidence-unmeasured", text=Evidence.UNMEASURED.sentence))
    elif point is None:
        text = f"The bundle has no operating point {operating_point!r}: a score, not a call."
        reasons.append(Reason(code="no-operating-point", text=text))
    elif point.weights_sha256 != spec.weights_sha256:
        text = "The operating point was measured with other weights: a score, not a call."
        reasons.append(Reason(code="weights-differ", text=text))
    elif point.preprocessing_sha256 != preprocessing_sha256:
        text = "The operating point was measured with another preprocessing or segmenter: a score, not a call."
        reasons.append(Reason(code="preprocessing-differs", text=text))
    elif flipped:
        text = "On this machine a golden film falls on the other side of an operating point: a score, not a call."
        reasons.append(Reason(code="golden-differs", text=text))
    if reasons or point is None:
        call, point = Call.INDETERMINATE, None
    else:
        call = Call.POSITIVE if probability >= point.threshold else Call.NEGATIVE
    return FindingResult(
        finding=finding,
        raw=raw,
        probability=probability,
        calibration=calibration.method,
        operating_point=point,
        call=call,
        reasons=tuple(reasons),
        saliency=saliency,
    )


def _malformed(spec: DetectorSpec, probabilities: dict[str, float], maps: list[SaliencyMap], films: int) -> str:
    if set(probabilities) != set(spec.findings):
        return shown_text(f"{spec.id} declares {sorted(spec.findings)}, but answered for {sorted(probabilities)}.")
    if any(item.finding not in spec.findings or not 0 <= item.film < films for item in maps):
        return f"{spec.id} gave a saliency map for a finding or a film that it was not asked about."
    if len({(item.finding, item.film) for item in maps}) < len(maps):
        return f"{spec.id} gave more than one saliency map for one finding on one film."
    return ""


def _share_inside(saliency: SaliencyMap, mask: Mask | None) -> float | None:
    """Share of a map's mass inside a mask, on the map's grid."""
    total = float(saliency.values.sum())
    if mask is None or total <= 0:
        return None
    rows, cols = mask.values.shape
    box = saliency.box
    y0, x0 = int(box.y0 * rows), int(box.x0 * cols)
    part = mask.values[y0 : max(y0 + 1, round(box.y1 * rows)), x0 : max(x0 + 1, round(box.x1 * cols))]
    h, w = saliency.values.shape
    inside = cv2.resize((part >= 0.5).astype(np.float32), (w, h), interpolation=cv2.INTER_AREA)
    return float((saliency.values * inside).sum() / total)
