"""What the worker tells while it works."""

from __future__ import annotations

from dataclasses import dataclass

from cxrdesk.inference.result import DetectorResult, MaskResult


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something about one job; `film` is the digest of the film that it is about."""

    job: int
    film: str


@dataclass(frozen=True, kw_only=True)
class Progress(Event):
    """A model's stage: queued, starting, loading, masks, scoring, saliency.

    Parameters
    ----------
    share : float or None
        0..1 of the job's work that is done; None where it cannot be told.
    """

    model_id: str
    stage: str
    share: float | None = None


@dataclass(frozen=True, kw_only=True)
class MaskDone(Event):
    """A segmenter's answer, refusal or failure."""

    result: MaskResult


@dataclass(frozen=True, kw_only=True)
class DetectorDone(Event):
    """A detector's answer, refusal or failure."""

    result: DetectorResult


@dataclass(frozen=True, kw_only=True)
class JobDone(Event):
    """Nothing more comes of this job."""


@dataclass(frozen=True, kw_only=True)
class WorkerNotice(Event):
    """A sentence for the user, for instance that an accelerator ran out of memory."""

    text: str
