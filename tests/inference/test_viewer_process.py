"""A process that acts as the viewer: torch runs in its child and never in itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.wheels import path_with

VIEWER = """
import sys, threading
from cxrdesk.discovery.loader import load_registry
from cxrdesk.imaging import quality
from cxrdesk.inference.events import DetectorDone, JobDone
from cxrdesk.inference.jobs import Worker
from cxrdesk.inference.runners import ChildRunner
from tests.support import CHEST, film

quality.look = lambda shown: CHEST
registry = load_registry({"cxrdesk-torchy", "cxrdesk-example"})
runner = ChildRunner(registry, device="cpu", limit_s=120)
over, results = threading.Event(), []

def listener(event):
    if isinstance(event, DetectorDone):
        results.append(event.result)
    if isinstance(event, JobDone):
        over.set()

worker = Worker(registry, runner, listener)
worker.start()
worker.submit(film())
assert over.wait(240)
worker.stop()
for result in results:
    (found,) = result.findings
    print(result.spec.id, result.status, round(found.probability, 3), found.saliency[0].map.values.shape)
print("heavy:", sorted({"torch", "torchvision", "PySide6"} & set(sys.modules)))
print("threads:", [t.name for t in threading.enumerate()])
"""


def test_torch_runs_in_the_child_and_never_in_the_viewer(site, repository):
    pytest.importorskip("torch")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", VIEWER],
        env=path_with(site, repository), capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("example-brightness done 0.")
    assert lines[1].startswith("torchy done 0.")
    assert lines[1].endswith("(15, 15)")
    assert lines[2:] == ["heavy: []", "threads: ['MainThread']"]
