"""The worker: one thread that owns inference, newest film first, so that the screen never waits."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference.events import DetectorDone, Event, JobDone, MaskDone, Progress, WorkerNotice
from cxrdesk.inference.models import Stage
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.result import DetectorResult, MaskResult, Reason, Status
from cxrdesk.inference.runners import Cancelled, Runner

Listener = Callable[[Event], None]
log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Job:
    number: int
    analysis: FilmAnalysis
    steps: list[SegmenterSpec | DetectorSpec]
    total: int
    whole_cancelled: bool = False
    cancelled: set[str] = field(default_factory=set)
    """Ids of models that are no longer wanted."""

    @property
    def film(self) -> str:
        return self.analysis.film.digest


class Worker:
    """Runs every segmenter and detector over submitted films.

    Parameters
    ----------
    runner : Runner
        Where models run; the worker closes it.
    listener : callable
        Called in the worker's thread with each event, and in the submitting one with each ``"queued"``; must return
        soon.
    """

    def __init__(self, registry: Registry, runner: Runner, listener: Listener) -> None:
        self.registry, self.runner, self.listener = registry, runner, listener
        self._numbers = itertools.count(1)
        self._jobs: dict[int, _Job] = {}
        self._wake = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)

    def start(self) -> None:
        """Start the thread; films may be submitted before."""
        self._thread.start()

    def stop(self) -> None:
        """Cancel what runs, end the children, join the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()
        self.runner.close()

    def submit(
        self, film: Radiograph, *, companions: tuple[Radiograph, ...] = (), operating_point: str = "balanced"
    ) -> int:
        """Queue a film and return the job's number; the newest film is served first."""
        steps: list[SegmenterSpec | DetectorSpec] = [*self.registry.segmenters]
        steps += self.registry.detectors
        number = next(self._numbers)
        analysis = FilmAnalysis(
            film,
            self.registry,
            self.runner,
            companions=companions,
            options=Options(operating_point=operating_point),
            notice=lambda text: self.listener(WorkerNotice(job=number, film=film.digest, text=text)),
        )
        for spec in steps:
            self.listener(Progress(job=number, film=film.digest, model_id=spec.id, stage="queued"))
        with self._wake:
            self._jobs[number] = _Job(number, analysis, steps, len(steps))
            self._wake.notify()
        return number

    def cancel(self, job: int, model_id: str | None = None) -> None:
        """Give up a job, or one model of it; its events still say how it ended. An unknown job is over already."""
        with self._wake:
            if (found := self._jobs.get(job)) is None:
                return
            if model_id is None:
                found.whole_cancelled = True
            else:
                found.cancelled.add(model_id)

    def _next(self) -> _Job | None:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or self._jobs)
            return None if self._stopping else self._jobs[max(self._jobs)]

    def _run(self) -> None:
        while (job := self._next()) is not None:
            if job.steps:
                self._step(job)
            if not job.steps:
                with self._wake:
                    del self._jobs[job.number]
                self._tell(JobDone(job=job.number, film=job.film))

    def _tell(self, event: Event) -> None:
        try:
            self.listener(event)
        except Exception:
            # The thread outlives a listener's fault: the next film still gets its answers.
            log.exception("a listener failed on %s", type(event).__name__)

    def _step(self, job: _Job) -> None:
        spec = job.steps[0]
        share = 1 - len(job.steps) / job.total

        def stage(name: str) -> None:
            self._tell(Progress(job=job.number, film=job.film, model_id=spec.id, stage=name, share=share))

        def cancelled() -> bool:
            return self._stopping or job.whole_cancelled or spec.id in job.cancelled

        event = self._event(job, spec, stage, cancelled)
        job.steps.pop(0)
        log.info("%s: %s", spec.id, event.result.status)
        self._tell(event)

    def _event(
        self, job: _Job, spec: SegmenterSpec | DetectorSpec, stage: Stage, cancelled: Cancelled
    ) -> MaskDone | DetectorDone:
        # What nobody wants any more is not even looked at.
        if cancelled():
            return _ended(job, spec, Status.CANCELLED)
        try:
            if isinstance(spec, SegmenterSpec):
                mask = job.analysis.segment(spec, stage=stage, cancelled=cancelled)
                return MaskDone(job=job.number, film=job.film, result=mask)
            result = job.analysis.detect(spec, stage, cancelled)
            return DetectorDone(job=job.number, film=job.film, result=result)
        except Exception:
            log.exception("%s failed by a fault of cxrdesk", spec.id)
            text = "cxrdesk itself failed on this film; its log says where. Other models and films go on."
            return _ended(job, spec, Status.FAILED, Reason(code="internal-error", text=text))


def _ended(job: _Job, spec: SegmenterSpec | DetectorSpec, status: Status, *reasons: Reason) -> MaskDone | DetectorDone:
    if isinstance(spec, SegmenterSpec):
        mask = MaskResult(spec=spec, film=job.film, status=status, reasons=reasons)
        return MaskDone(job=job.number, film=job.film, result=mask)
    result = DetectorResult(spec=spec, films=(job.film,), status=status, reasons=reasons)
    return DetectorDone(job=job.number, film=job.film, result=result)
