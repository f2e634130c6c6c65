"""Plugins that misbehave: the window stays smooth, others answer, the cause is shown, nothing is left.

Each is a distribution in a folder of its own, listed and run as the viewer does it. Machines that allow no namespaces
skip what only these hold off; `cxrdesk.sandbox.protections` says so to the user.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cxrdesk.discovery import listing
from cxrdesk.discovery.listing import list_plugins
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging import quality
from cxrdesk.inference import process
from cxrdesk.inference.events import DetectorDone, Event, JobDone, Progress
from cxrdesk.inference.jobs import Worker
from cxrdesk.inference.process import Child
from cxrdesk.inference.result import DetectorResult, Status
from cxrdesk.inference.runners import ChildRunner
from cxrdesk.sandbox import watch
from cxrdesk.sandbox.ways import Way, way, why_not
from tests.hostile.beats import Heart
from tests.hostile.plugins import AT_IMPORT, CALM, DYING, id_of, install, source_of
from tests.support import CHEST, film
from tests.wheels import plugin_wheel, unpack

MEMORY_MB = 400
STALL_S = 0.1
LEAVES_S = 2.0
GIVES_UP_S = 120.0
"""Only a failing test waits so long."""
NEIGHBOUR = "example-brightness"
NEEDS_NAMESPACES = {"opens-a-socket", "writes-into-the-study", "writes-into-its-own-site", "reads-a-secret",
                    "kills-all", "changes-its-film-behind"}  # fmt: skip
pytestmark = pytest.mark.usefixtures("qapp")


@pytest.fixture(autouse=True)
def _patched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quality, "look", lambda film: CHEST)
    monkeypatch.setattr(process, "CANCEL_GRACE_S", 0.5)
    monkeypatch.setattr(listing, "LIMIT_S", 10.0)
    monkeypatch.setattr(listing, "MEMORY_MB", MEMORY_MB)


@pytest.fixture(scope="module")
def neighbour_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a good plugin is installed."""
    site = tmp_path_factory.mktemp("neighbour")
    unpack(plugin_wheel(site, "example"), site)
    return site


@pytest.fixture(scope="module")
def neighbour(neighbour_site: Path) -> Iterator[tuple[Registry, Child]]:
    """A good plugin and its child, which serves all tests."""
    child = Child(("cxrdesk-example",), device="cpu", limit_s=60, site=neighbour_site)
    registry = list_plugins({"cxrdesk-example"}, sites=[neighbour_site])
    child.detect(registry.detectors[0], [film()], [{}])  # started
    yield registry, child
    child.close()


class Desk:
    """A worker and what it told, with the event loop of the window beside it."""

    def __init__(self, registry: Registry, runner: ChildRunner) -> None:
        self.heart = Heart()
        self.runner = runner
        self.events: list[tuple[float, Event]] = []
        self.worker = Worker(registry, runner, lambda event: self.events.append((time.monotonic(), event)))
        self.worker.start()

    def analysed(self, seed: int, age_years: float, then: Callable[[int], None] = lambda _: None) -> int:
        """Submit a film and run the event loop until all has been said about it."""
        number = self.worker.submit(film(seed, patient_age_years=age_years))
        then(number)
        over = lambda: any(isinstance(e, JobDone) and e.job == number for _, e in self.events)  # noqa: E731
        assert self.heart.until(over, GIVES_UP_S), self.events
        return number

    def result(self, number: int, model_id: str) -> DetectorResult:
        """What came of one model."""
        told = (e.result for _, e in self.events if isinstance(e, DetectorDone) and e.job == number)
        return next(result for result in told if result.spec.id == model_id)

    def seconds(self, number: int, model_id: str) -> float:
        """From the last stage that it told to the end that the reader sees."""
        last = [at for at, e in self.events if isinstance(e, Progress) and e.job == number and e.model_id == model_id]
        done = [at for at, e in self.events if isinstance(e, DetectorDone) and e.result.spec.id == model_id]
        return done[0] - last[-1]


def a_desk(neighbour: tuple[Registry, Child], root: Path, name: str, source: str, limit_s: float) -> Desk:
    """A desk with one hostile plugin beside the good one."""
    registry, child = neighbour
    listed = list_plugins({f"hostile-{name}"}, sites=[install(root, name, source)])
    assert listed.failures == []
    both = Registry([*listed.plugins, *registry.plugins])
    runner = ChildRunner(both, device="cpu", limit_s=limit_s, memory_mb=MEMORY_MB)
    runner.children["cxrdesk-example",] = child
    return Desk(both, runner)


def leave(desk: Desk) -> None:
    desk.runner.children.pop(("cxrdesk-example",), None)  # the other tests' too
    desk.worker.stop()


@pytest.fixture
def desk(neighbour: tuple[Registry, Child], tmp_path: Path) -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(name: str, source: str, limit_s: float = 1.0) -> Desk:
        made.append(a_desk(neighbour, tmp_path / "sites", name, source, limit_s))
        return made[-1]

    yield make
    for item in made:
        leave(item)


def gone(pids: set[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


@pytest.mark.parametrize("name", DYING)
def test_a_plugin_that(name: str, desk: Callable[..., Desk]) -> None:
    case = DYING[name]
    shown = desk(name, source_of({name: case}), case.limit_s)
    pids: set[int] = set()

    def look(number: int) -> None:
        def work() -> None:
            while not any(isinstance(e, JobDone) and e.job == number for _, e in shown.events):
                child = shown.runner.children.get((f"hostile-{name}",))
                if child is not None and (pid := child.pid) is not None:
                    pids.update(watch.tree(pid))
                time.sleep(0.05)

        threading.Thread(target=work, daemon=True).start()

    bad = shown.analysed(1, 4.0, look)
    result = shown.result(bad, id_of(name))
    assert (result.status, result.reasons[0].code) == (Status.FAILED, case.code), result.reasons
    assert case.words in result.reasons[0].text
    assert shown.seconds(bad, id_of(name)) < case.limit_s + LEAVES_S
    assert pids
    assert gone(pids)
    assert shown.result(bad, NEIGHBOUR).status is Status.DONE
    after = shown.analysed(2, 3.0)
    for who in (id_of(name), NEIGHBOUR):
        assert shown.result(after, who).status is Status.DONE, shown.result(after, who).reasons
    assert shown.heart.longest_s < STALL_S


@pytest.fixture(scope="module")
def calm(neighbour: tuple[Registry, Child], tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What came of two films with a plugin whose detectors all misbehave on the first."""
    study = tmp_path_factory.mktemp("study")
    (study / "film.dcm").write_bytes(b"a film")
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as server:
        patch.setattr(quality, "look", lambda film: CHEST)
        patch.setenv("CXRDESK_SECRET", "hunter2")
        server.setblocking(False)
        os.set_inheritable(server.fileno(), True)
        source = source_of(CALM, STUDY=str(study), PORT=server.getsockname()[1])
        shown = a_desk(neighbour, tmp_path_factory.mktemp("calm"), "calm", source, 30.0)
        try:
            bad, after = shown.analysed(1, 4.0), shown.analysed(2, 3.0)
        finally:
            leave(shown)
        try:
            server.accept()
            reached = True
        except BlockingIOError:
            reached = False
    first, second = (
        {spec.id: shown.result(job, spec.id) for spec in shown.worker.registry.detectors} for job in (bad, after)
    )
    kept = (study / "film.dcm").read_bytes() == b"a film"
    return {"first": first, "second": second, "stall_s": shown.heart.longest_s, "reached": reached, "kept": kept}


@pytest.mark.parametrize("name", CALM)
def test_a_detector_that(name: str, calm: dict[str, Any]) -> None:
    if name in NEEDS_NAMESPACES and way() is Way.PLAIN:
        pytest.skip(f"this machine allows no namespaces: {why_not(Way.NAMESPACES)}")
    case, result = CALM[name], calm["first"][id_of(name)]
    if case.code:
        assert (result.status, result.reasons[0].code) == (Status.FAILED, case.code), result.reasons
        assert case.words in result.reasons[0].text
        assert len(result.reasons[0].text) < 700
    else:
        assert result.status is Status.DONE, result.reasons
    assert calm["second"][id_of(name)].status is Status.DONE


def test_nothing_else_comes_of_them(calm: dict[str, Any]) -> None:
    assert calm["stall_s"] < STALL_S
    assert calm["kept"]
    assert not calm["reached"] or way() is Way.PLAIN
    assert {calm[which][NEIGHBOUR].status for which in ("first", "second")} == {Status.DONE}


@pytest.mark.parametrize("name", AT_IMPORT)
def test_a_plugin_that_misbehaves_when_it_is_listed(name: str, neighbour_site: Path, tmp_path: Path) -> None:
    source, code, words = AT_IMPORT[name]
    site = install(tmp_path / "sites", name, source.replace("@DIST@", f"hostile-{name}"))
    found: list[Registry] = []
    names = {f"hostile-{name}", "cxrdesk-example"}
    work = threading.Thread(target=lambda: found.append(list_plugins(names, sites=[site, neighbour_site])))
    heart = Heart()
    work.start()
    assert heart.until(lambda: not work.is_alive(), GIVES_UP_S)
    (registry,) = found
    assert [spec.id for spec in registry.detectors] == [NEIGHBOUR]
    (failure,) = registry.failures
    assert (failure.distribution, failure.code) == (f"hostile-{name}", code)
    assert words in failure.reason
    assert heart.longest_s < STALL_S


def test_a_cancel_that_is_ignored(desk: Callable[..., Desk]) -> None:
    shown = desk("ignores-cancel", source_of({"ignores-cancel": DYING["loops"]}), 60.0)

    def cancel(number: int) -> None:
        def work() -> None:
            while not any(isinstance(e, Progress) and e.stage == "scoring" for _, e in shown.events):
                time.sleep(0.01)
            shown.worker.cancel(number, "ignores-cancel")

        threading.Thread(target=work, daemon=True).start()

    bad = shown.analysed(1, 4.0, cancel)
    assert shown.result(bad, "ignores-cancel").status is Status.CANCELLED
    assert shown.seconds(bad, "ignores-cancel") < process.CANCEL_GRACE_S + LEAVES_S
    assert shown.result(bad, NEIGHBOUR).status is Status.DONE
    assert shown.result(shown.analysed(2, 3.0), "ignores-cancel").status is Status.DONE
    assert shown.heart.longest_s < STALL_S


KEEPS = """
    def load(self): KEPT.append(np.ones(1 << 25))

    def unload(self): time.sleep(1000)
"""


def test_memory_that_is_kept_after_unload_ends_with_the_process(desk: Callable[..., Desk]) -> None:
    source = source_of({"keeps-memory": CALM["prints-megabytes"]}).replace(
        "    def prepare", f"{KEEPS}\n    def prepare"
    )
    shown = desk("keeps-memory", source, 20.0)
    shown.analysed(1, 3.0)
    pid = shown.runner.children["hostile-keeps-memory",].pid
    assert pid is not None
    assert watch.resident_mb(pid) > 250
    pids = set(watch.tree(pid))
    shown.runner.most = 1
    begun = time.monotonic()
    shown.runner.child(NEIGHBOUR)  # the other one makes room
    assert time.monotonic() - begun < process.CANCEL_GRACE_S + LEAVES_S
    assert gone(pids)
    assert shown.heart.longest_s < STALL_S
