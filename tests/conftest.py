"""What holds for every test: nothing is left running, and nobody warns unnoticed."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker, shared_memory
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cxrdesk.ui.garbage import collect_due, keep_from_threads

# How long an example takes to draw or to run tells of a busy machine; a test that never ends is stopped all the same.
settings.register_profile("cxrdesk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("cxrdesk")

_LEAVE_S = 5.0
"""How long a test's threads and processes may take to end after it."""


def pytest_configure(config: pytest.Config) -> None:
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        # Qt ends the process where it finds no display.
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell's background job ignores Ctrl-C, and so would every process that a test starts and stops.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # As in the window: no thread that a test starts takes down another test's widgets.
    keep_from_threads()
    config.addinivalue_line("markers", "warns: the test provokes warnings in the log and looks at them itself")


def pytest_collection_finish() -> None:
    # What was imported stays: looking through it after each test would take longer than most tests.
    gc.collect()
    gc.freeze()


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(f"{record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def _no_warnings(request: pytest.FixtureRequest) -> Iterator[None]:
    handler = _Warnings()
    logging.getLogger().addHandler(handler)
    yield
    logging.getLogger().removeHandler(handler)
    if handler.records and request.node.get_closest_marker("warns") is None:
        pytest.fail(f"logged without being looked at: {handler.records}", pytrace=False)


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    made: list[str] = []
    attach = shared_memory.SharedMemory.__init__

    def init(self: shared_memory.SharedMemory, name: str | None = None, create: bool = False, size: int = 0) -> None:
        attach(self, name, create, size)
        if create:
            made.append(self.name)

    threads, children = set(threading.enumerate()), _children()
    # Not the test's own monkeypatch, whose changes must be undone before anything is looked at.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shared_memory.SharedMemory, "__init__", init)
        yield
    qt = bool({"qtbot", "qapp"} & set(request.fixturenames))
    if not qt:
        collect_due()
    left: list[str] = []
    if not _soon(lambda: not _new_threads(threads)):
        left += [f"thread {thread.name}" for thread in _new_threads(threads)]
    if not _soon(lambda: _children() <= children):
        left += [f"child process {pid}" for pid in _children() - children]
    left += [f"shared memory {name}" for name in made if (Path("/dev/shm") / name).exists()]
    if qt:
        left += _active_timers()
    if left:
        pytest.fail(f"left behind: {', '.join(left)}", pytrace=False)


def _soon(holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + _LEAVE_S
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def _new_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    # A dummy stands for a thread of Qt's that once called into Python; Qt keeps and ends those itself.
    made = [thread for thread in threading.enumerate() if thread not in before]
    return [thread for thread in made if not isinstance(thread, threading._DummyThread)]


def _children() -> set[int]:
    """Direct children by /proc, apart from the helper that Python itself starts for shared memory."""
    if not sys.platform.startswith("linux"):
        return set()
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            # After the name in brackets, which may hold anything: state, parent.
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        if parent == os.getpid():
            found.add(int(status.parent.name))
    return found - {getattr(resource_tracker._resource_tracker, "_pid", None)}


def _active_timers() -> list[str]:
    from PySide6.QtCore import QTimer
    from shiboken6 import isValid

    gc.collect()
    # By its type: some of torch's objects warn when they are asked for their class.
    timers = [i for i in gc.get_objects() if issubclass(type(i), QTimer) and isValid(i) and i.isActive()]
    return [f"timer of {timer.interval()} ms of {timer.parent()!r}" for timer in timers]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture
def plain_environment() -> dict[str, str]:
    """The environment without what pytest adds to it."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTEST")}
