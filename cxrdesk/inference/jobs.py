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
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.runners import Runner

Listener = Callable[[Event], None]
log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Job:
    number: int
    analysis: FilmAnalysis
    steps: list[SegmenterSpec | DetectorSpec]
    total: int
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
        Called in the worker's thread with each event; must return soon.
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
        steps = [*self.registry.segmenters, *self.registry.detectors]
        number = next(self._numbers)
        analysis = FilmAnalysis(
            film,
            self.registry,
            self.runner,
            companions=companions,
            options=Options(operating_point=operating_point),
            notice=lambda text: self.listener(WorkerNotice(job=number, film=film.digest, text=text)),
        )
        job = _Job(number, analysis, list(steps), len(steps))
        for spec in steps:
            self.listener(Progress(job=number, film=film.digest, model_id=spec.id, stage="queued"))
        with self._wake:
            self._jobs[number] = job
            self._wake.notify()
        return number

    def cancel(self, job: int, model_id: str | None = None) -> None:
        """Give up a job, or one model of it; its events still say how it ended. An unknown job is over already."""
        with self._wake:
            if (found := self._jobs.get(job)) is not None:
                found.cancelled.update([model_id] if model_id else [spec.id for spec in found.steps])
                found.cancelled.update([] if model_id else ["*"])

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
                self.listener(JobDone(job=job.number, film=job.film))

    def _step(self, job: _Job) -> None:
        spec = job.steps[0]
        share = 1 - len(job.steps) / job.total

        def stage(name: str) -> None:
            self.listener(Progress(job=job.number, film=job.film, model_id=spec.id, stage=name, share=share))

        def cancelled() -> bool:
            return self._stopping or spec.id in job.cancelled or "*" in job.cancelled

        result: MaskDone | DetectorDone
        if isinstance(spec, SegmenterSpec):
            result = MaskDone(
                job=job.number, film=job.film, result=job.analysis.segment(spec, stage=stage, cancelled=cancelled)
            )
        else:
            result = DetectorDone(
                job=job.number, film=job.film, result=job.analysis.detect(spec, stage, cancelled)
            )
        job.steps.pop(0)
        log.info("%s: %s", spec.id, result.result.status)
        self.listener(result)
