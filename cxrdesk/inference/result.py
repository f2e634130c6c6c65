"""What the host says about a film: calls, scores, maps and reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from cxrdesk.api.detector import Mask, Rendering, SaliencyMap
from cxrdesk.api.evidence import OperatingPoint
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec

Question = Literal["age", "view"]


class Status(StrEnum):
    """How a job ended."""

    DONE = "done"
    REFUSED = "refused"
    """The film is outside what the model may see; the model was not run."""
    FAILED = "failed"
    CANCELLED = "cancelled"


class Call(StrEnum):
    """A score held against an operating point."""

    POSITIVE = "positive"
    NEGATIVE = "negative"
    INDETERMINATE = "indeterminate"
    """A score without a call; the reasons say why."""
    NOT_RUN = "not run"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why something was not run, or not called.

    Parameters
    ----------
    code : str
        Stable, lower-case, hyphenated.
    text : str
        One sentence for the reader.
    question : str or None
        What the reader could answer to lift it: ``"age"`` or ``"view"``.
    """

    code: str
    text: str
    question: Question | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class SaliencyResult:
    """A map with its unit.

    Parameters
    ----------
    reference : float or None
        Map value that is shown as 1.0; None where the bundle has none, then no scale is drawn.
    lung_share : float or None
        Share of the map's mass inside the lungs, 0..1; None without a lung mask or without any mass.
    rendering : Rendering or None
        The plugin's own drawing.
    """

    map: SaliencyMap
    reference: float | None
    lung_share: float | None
    rendering: Rendering | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class FindingResult:
    """One finding on one film (or the films of one study).

    Parameters
    ----------
    raw : float
        The model's own probability, 0..1.
    probability : float
        After the bundle's calibration, 0..1; equal to `raw` where there is none.
    calibration : str
        ``"none"``, ``"temperature"``, ``"platt"``, ``"isotonic"``.
    operating_point : OperatingPoint or None
        The one that the call was made at.
    reasons : tuple of Reason
        Why there is no call, where there is none.
    """

    finding: str
    raw: float
    probability: float
    calibration: str
    operating_point: OperatingPoint | None
    call: Call
    reasons: tuple[Reason, ...] = ()
    saliency: tuple[SaliencyResult, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class DetectorResult:
    """A detector's answer, refusal or failure.

    Parameters
    ----------
    films : tuple of str
        `Radiograph.digest` of each film that was looked at: what a result may be shown beside.
    findings : tuple of FindingResult
        Empty unless `status` is done.
    device : str
        torch's name of the device it ran on; empty if it did not run.
    engine : str
        What computed there, with its version; empty where that is not told.
    seconds_s : float
        Time taken in the inference process, without waiting.
    """

    spec: DetectorSpec
    films: tuple[str, ...]
    status: Status
    reasons: tuple[Reason, ...] = ()
    findings: tuple[FindingResult, ...] = ()
    device: str = ""
    engine: str = ""
    seconds_s: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class MaskResult:
    """A segmenter's answer, refusal or failure.

    Parameters
    ----------
    area_share : float
        Share of the film inside the mask, 0..1.
    """

    spec: SegmenterSpec
    film: str
    status: Status
    reasons: tuple[Reason, ...] = ()
    mask: Mask | None = None
    area_share: float = 0.0
    device: str = ""
    engine: str = ""
    seconds_s: float = 0.0
