"""Runs the checks: on a class here, or on a whole plugin in processes of their own."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import IO

from cxrdesk.api.detector import Detector, Segmenter
from cxrdesk.api.testing import answers, manners, maps
from cxrdesk.api.testing.checks import Outcome, State, run_all
from cxrdesk.api.testing.listing import Listing, environment, listed
from cxrdesk.api.testing.subject import Subject
from cxrdesk.api.testing.target import Target

Begun = Callable[[str, str], object]
LIMIT_S = 300.0
"""Most seconds of one check."""
MODULES = (answers, maps, manners)
"""What fills `CHECKS`."""
IMPORTING = {
    "import": ("The module can be imported", "Mend what the import raises; a bundle that fails is told by its code"),
    "import-light": (
        "Importing the module brings no torch, Qt or ONNX Runtime",
        "Import them inside load or build, so that listing plugins stays quick",
    ),
    "import-quiet": (
        "Importing the module has no side effects",
        "Move what it does into load; the module may be imported by a host that only lists plugins",
    ),
    "api-version": ("The module states a plugin API that this cxrdesk offers", "State CXRDESK_API in the module"),
    "current": ("Importing the module uses nothing that is deprecated", "Use what the message names in its place"),
    "hooks": (
        "The module implements hooks, spelt and marked as they must be",
        "Mark cxrdesk_detectors or cxrdesk_segmenters with @hookimpl and return a list of classes",
    ),
    "spec": (
        "Every model has a valid spec, of the weights in its bundle",
        "Take the spec from the bundle: spec = DetectorSpec.from_bundle(BUNDLE)",
    ),
}
"""Checks of a plugin's module, by key: what holds, and how to mend it."""


def check_model(model: type[Detector] | type[Segmenter], *, limit_s: float | None = None) -> Iterator[Outcome]:
    """Every check of one model, in this process.

    Parameters
    ----------
    limit_s : float, optional
        Most seconds that a call may go on after the answer is no longer wanted.
    """
    subject = Subject(model=model) if limit_s is None else Subject(model=model, limit_s=limit_s)
    try:
        yield from run_all(subject)
    finally:
        subject.close()


def check_plugin(target: Target, begun: Begun = lambda model, key: None) -> Iterator[Outcome]:
    """Every check of a plugin: its import in one process, each of its models in another.

    Parameters
    ----------
    begun : callable
        Told the model and the check that is under way; the module, and ``"import"``, at first.
    """
    begun(target.module, "import")
    found = listed(target)
    yield from listing_outcomes(target, found)
    if found.error:
        return
    for model in found.models:
        yield from _in_process(target, model, begun)


def listing_outcomes(target: Target, found: Listing) -> Iterator[Outcome]:
    """The checks of a plugin's module."""
    wrong = {
        "import": [found.error] if found.error else [],
        "import-light": [f"it brings {', '.join(found.heavy)}"] if found.heavy else [],
        # What torch and its like do when they are imported is not the plugin's own doing.
        "import-quiet": list(found.effects) if not found.heavy else [],
    }
    for key, text in found.problems:
        wrong.setdefault(key, []).append(text)
    for key, (_, mend) in IMPORTING.items():
        if texts := wrong.get(key, []):
            state = State.FAILED
            yield Outcome(check=key, state=state, where=target.module, what="; ".join(texts), mend=mend)
        elif not found.error:
            yield Outcome(check=key, state=State.PASSED, where=target.module)


def _in_process(target: Target, model: str, begun: Begun) -> Iterator[Outcome]:
    command = [sys.executable, "-P", "-m", "cxrdesk.api.testing", target.module, model]
    process = subprocess.Popen(
        command, env=environment(target), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines: queue.Queue[str | None] = queue.Queue()
    reader = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reader.start()
    under_way = "import"
    try:
        while True:
            try:
                line = lines.get(timeout=LIMIT_S)
            except queue.Empty:
                process.kill()
                yield _ended(under_way, model, f"it did not end within {LIMIT_S:.0f} s")
                return
            if line is None:
                break
            told = json.loads(line)
            if "begun" in told:
                under_way = told["begun"]
                begun(model, under_way)
            else:
                yield Outcome(**{**told, "state": State(told["state"])})
                under_way = ""
        if process.wait() != 0:
            yield _ended(under_way or "unload", model, f"it ended the process (exit code {process.returncode})")
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


def _ended(key: str, model: str, what: str) -> Outcome:
    mend = "Look at what the model calls outside Python, and at loops without an end"
    return Outcome(check=key, state=State.FAILED, where=model, what=what, mend=mend)


def _read(stream: IO[str], lines: queue.Queue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)
