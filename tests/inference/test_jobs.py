"""The worker, with models in this process that wait where the test tells them to."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from cxrdesk.inference import process
from cxrdesk.inference.events import DetectorDone, Event, JobDone, MaskDone, Progress, WorkerNotice
from cxrdesk.inference.jobs import Worker
from cxrdesk.inference.result import Status
from cxrdesk.inference.runners import ChildRunner, LocalRunner
from tests.support import HalfLungs, Spy, detector_spec, film, registry_of, spying

WAIT_S = 60.0
"""Generous: only a failing test waits so long."""


class Heard:
    """A listener that keeps events and can be waited for."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = threading.Condition()

    def __call__(self, event: Event) -> None:
        with self._more:
            self.events.append(event)
            self._more.notify_all()

    def wait(self, holds: Callable[[Event], bool]) -> Event:
        def found() -> Event | None:
            return next((event for event in self.events if holds(event)), None)

        with self._more:
            assert self._more.wait_for(lambda: found() is not None, WAIT_S), self.events
            return found()

    def done(self, job: int) -> list[Event]:
        """All of a job's events, when it is over."""
        self.wait(lambda event: isinstance(event, JobDone) and event.job == job)
        return [event for event in self.events if event.job == job]

    def statuses(self, job: int) -> dict[str, Status]:
        return {e.result.spec.id: e.result.status for e in self.done(job) if isinstance(e, (MaskDone, DetectorDone))}


class Gated(Spy):
    """Waits in predict until the test opens the gate or cancels."""

    spec = detector_spec(id="test-gated")

    def predict(self, inputs):
        self.entered.set()
        while not self.gate.wait(0.01):
            self.context.check()
        return super().predict(inputs)


@pytest.fixture
def gated() -> type:
    return spying(Gated, entered=threading.Event(), gate=threading.Event())


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def worker_of(heard: Heard, look) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(*models: type) -> Worker:
        registry = registry_of(*models)
        worker = Worker(registry, LocalRunner(registry, device="cpu"), heard)
        made.append(worker)
        return worker

    yield make
    for worker in made:
        worker.stop()


def test_a_film_passes_every_model_segmenters_first(worker_of, heard):
    spy = spying()
    worker = worker_of(spy, HalfLungs)
    worker.start()
    shown = film()
    events = heard.done(worker.submit(shown))
    assert [(e.model_id, e.stage) for e in events if isinstance(e, Progress)] == [
        ("test-lungs", "queued"), ("test-detector", "queued"), ("test-lungs", "loading"), ("test-lungs", "masks"),
        ("test-detector", "loading"), ("test-detector", "scoring"), ("test-detector", "saliency"),
    ]  # fmt: skip
    assert {event.film for event in events} == {shown.digest}
    shares = [e.share for e in events if isinstance(e, Progress) and e.share is not None]
    assert shares == sorted(shares)
    assert [type(e) for e in events if not isinstance(e, Progress)] == [MaskDone, DetectorDone, JobDone]
    (answer,) = [e.result for e in events if isinstance(e, DetectorDone)]
    assert answer.films == (shown.digest,)
    assert answer.findings[0].saliency[0].lung_share == pytest.approx(1.0)


def test_without_plugins_a_job_is_over_at_once(worker_of, heard):
    worker = worker_of()
    worker.start()
    assert [type(event) for event in heard.done(worker.submit(film()))] == [JobDone]


def test_the_newest_film_comes_first(worker_of, heard, gated):
    worker = worker_of(gated, spying(spec=detector_spec(id="test-second")))
    first = worker.submit(film(1))
    worker.start()
    assert gated.entered.wait(WAIT_S)
    second, third = worker.submit(film(2)), worker.submit(film(3))
    gated.gate.set()
    heard.done(first)
    order = [(e.job, e.result.spec.id) for e in heard.events if isinstance(e, DetectorDone)]
    # What was under way is finished; then the newest film, then the one before it, then the rest of the first.
    assert order == [
        (first, "test-gated"), (third, "test-gated"), (third, "test-second"),
        (second, "test-gated"), (second, "test-second"), (first, "test-second"),
    ]  # fmt: skip
    assert [e.job for e in heard.events if isinstance(e, JobDone)] == [third, second, first]


def test_one_model_is_cancelled_and_the_other_answers(worker_of, heard, gated):
    worker = worker_of(gated, spying(spec=detector_spec(id="test-other")))
    worker.start()
    job = worker.submit(film())
    assert gated.entered.wait(WAIT_S)
    worker.cancel(job, "test-gated")
    assert heard.statuses(job) == {"test-gated": Status.CANCELLED, "test-other": Status.DONE}


def test_a_cancelled_job_ends_every_model_and_the_next_film_is_done(worker_of, heard, gated):
    other = spying(spec=detector_spec(id="test-other"))
    worker = worker_of(gated, other, HalfLungs)
    worker.start()
    job = worker.submit(film(1))
    assert gated.entered.wait(WAIT_S)
    worker.cancel(job)
    assert heard.statuses(job) == {
        "test-lungs": Status.DONE, "test-gated": Status.CANCELLED, "test-other": Status.CANCELLED
    }  # fmt: skip
    assert other.calls == []
    gated.gate.set()
    assert set(heard.statuses(worker.submit(film(2))).values()) == {Status.DONE}
    worker.cancel(job)
    worker.cancel(999)


def test_a_film_that_is_cancelled_while_it_waits_is_never_looked_at(worker_of, heard, gated):
    worker = worker_of(gated)
    waiting = worker.submit(film(1))
    shown = worker.submit(film(2))
    worker.start()
    assert gated.entered.wait(WAIT_S)
    worker.cancel(waiting)
    gated.gate.set()
    heard.done(shown)
    assert heard.statuses(waiting) == {"test-gated": Status.CANCELLED}
    assert gated.calls.count("prepare") == 1


def test_stop_while_a_model_runs_leaves_nothing(worker_of, heard, gated):
    worker = worker_of(gated)
    worker.start()
    worker.submit(film(1))
    worker.submit(film(2))
    assert gated.entered.wait(WAIT_S)
    worker.stop()
    assert not worker._thread.is_alive()
    assert gated.calls[-1] == "unload"


def test_stop_before_the_start(worker_of):
    worker = worker_of(spying())
    worker.submit(film())
    worker.stop()


@pytest.mark.warns
def test_a_fault_of_our_own_costs_one_answer_and_is_logged(worker_of, heard, monkeypatch, caplog):
    from cxrdesk.inference import pipeline

    def broken(film, scope, look):
        if scope is Spy.spec.scope:
            raise ZeroDivisionError("ours")
        return ()

    monkeypatch.setattr(pipeline, "refusals", broken)
    worker = worker_of(spying(), HalfLungs)
    worker.start()
    job = worker.submit(film())
    assert heard.statuses(job) == {"test-lungs": Status.DONE, "test-detector": Status.FAILED}
    (failed,) = [e.result for e in heard.events if isinstance(e, DetectorDone)]
    assert failed.reasons[0].code == "internal-error"
    assert "ZeroDivisionError: ours" in caplog.text


@pytest.mark.warns
def test_a_listener_that_fails_does_not_end_the_thread(look, caplog):
    registry = registry_of(HalfLungs)
    over = threading.Event()

    def listener(event: Event) -> None:
        if isinstance(event, JobDone) and event.job == 2:
            over.set()
        if threading.current_thread().name == "inference":
            raise RuntimeError("the window is gone")

    worker = Worker(registry, LocalRunner(registry, device="cpu"), listener)
    worker.start()
    worker.submit(film(1))
    worker.submit(film(2))
    assert over.wait(WAIT_S)
    worker.stop()
    assert "a listener failed" in caplog.text


def test_nothing_of_a_film_is_logged_but_states(worker_of, heard, caplog):
    caplog.set_level(logging.DEBUG)
    worker = worker_of(spying(), HalfLungs)
    worker.start()
    heard.done(worker.submit(film()))
    messages = [record.getMessage() for record in caplog.records if record.name.startswith("cxrdesk")]
    assert messages == ["test-lungs: done", "test-detector: done"]


def test_a_note_reaches_the_listener(worker_of, heard, monkeypatch):
    from cxrdesk.inference import devices

    monkeypatch.setattr(devices, "choose", lambda wanted: "cuda")

    class Full(Spy):
        def predict(self, inputs):
            if self.context.device == "cuda":
                raise RuntimeError("CUDA out of memory")
            return super().predict(inputs)

    worker = worker_of(spying(Full))
    worker.start()
    events = heard.done(worker.submit(film()))
    assert [e.text for e in events if isinstance(e, WorkerNotice)] == [
        "The cuda device ran out of memory; test-detector now runs on the CPU."
    ]


@pytest.fixture
def in_children(registry, heard, look, monkeypatch) -> Iterator[Worker]:
    """A worker whose detectors are some of the hostile ones, in a child."""
    monkeypatch.setattr(process, "CANCEL_GRACE_S", 0.3)
    from cxrdesk.discovery.registry import Plugin, Registry

    wanted = ("hostile-good", "hostile-hangs", "hostile-kill-9")
    (plugin,) = [p for p in registry.plugins if p.distribution == "cxrdesk-hostile"]
    detectors = tuple(model for model in plugin.detectors if model.spec.id in wanted)
    some = Registry([Plugin(name="hostile", distribution=plugin.distribution, version="1.0", detectors=detectors)])
    worker = Worker(some, ChildRunner(some, device="cpu"), heard)
    yield worker
    worker.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_kill_9_fails_the_job_with_its_cause_and_the_next_job_is_done(in_children, heard):
    worker = in_children
    worker.start()
    job = worker.submit(film(1))
    heard.wait(lambda e: isinstance(e, Progress) and (e.model_id, e.stage) == ("hostile-hangs", "scoring"))
    (child,) = worker.runner.children.values()
    os.kill(child.pid, signal.SIGKILL)
    assert heard.statuses(job) == {
        "hostile-good": Status.DONE, "hostile-hangs": Status.FAILED, "hostile-kill-9": Status.FAILED
    }  # fmt: skip
    for event in heard.done(job):
        if isinstance(event, DetectorDone) and event.result.status is Status.FAILED:
            assert event.result.reasons[0].code == "child-died"
            assert "SIGKILL" in event.result.reasons[0].text
    again = worker.submit(film(2))
    assert heard.wait(lambda e: isinstance(e, DetectorDone) and e.job == again).result.status is Status.DONE


def test_stop_while_a_child_hangs_leaves_nothing(in_children, heard):
    worker = in_children
    worker.start()
    worker.submit(film())
    heard.wait(lambda e: isinstance(e, Progress) and (e.model_id, e.stage) == ("hostile-hangs", "scoring"))
    worker.stop()
    (child,) = worker.runner.children.values()
    assert child.pid is None


def test_a_hang_fails_at_the_time_limit_and_the_next_detector_runs(in_children, heard):
    worker = in_children
    worker.runner.limit_s = 1.0
    worker.start()
    statuses = heard.statuses(worker.submit(film()))
    assert statuses["hostile-hangs"] is Status.FAILED
    (hung,) = [e.result for e in heard.events if isinstance(e, DetectorDone) and e.result.spec.id == "hostile-hangs"]
    assert hung.reasons[0].code == "time-limit"
