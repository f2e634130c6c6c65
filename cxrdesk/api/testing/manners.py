"""Checks of how a model behaves as a guest: cancelling, memory, what it leaves behind, its golden vectors."""

from __future__ import annotations

import gc
import time
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from cxrdesk.api.bundle import Bundle
from cxrdesk.api.deprecation import PluginDeprecationWarning, deprecations
from cxrdesk.api.detector import CancelledError
from cxrdesk.api.golden import verify
from cxrdesk.api.testing.answers import differ, steady
from cxrdesk.api.testing.checks import Skipped, check
from cxrdesk.api.testing.left import frozen_heap, hooks_of, left_in_process, resident_mb, tensors_mb
from cxrdesk.api.testing.subject import Subject

KEPT_MB = 8.0
"""A model may keep so much in Python after unload: caches of libraries that it imported."""
GROWTH_MB = 48.0
"""By how much the process may grow each time a model is loaded and unloaded; allocators give memory back late."""


@check(
    "cancel",
    title="A call ends soon after its answer is no longer wanted, and the next film works",
    method="explain",
    mend="Call self.context.check() once a second in long loops, and let CancelledError pass",
)
def cancel(subject: Subject) -> Iterator[str]:
    """Every call, with an answer that nobody wants, and then one that somebody does."""
    unwanted = [False]
    given = subject.study(31)
    with subject.another(lambda: unwanted[0]) as model:
        before = steady(subject, model, given)
        inputs = subject.prepared(model, given)
        calls: dict[str, Callable[[], Any]] = {
            "prepare": lambda: subject.prepared(model, given),
            "predict": lambda: subject.scores(model, inputs),
        }
        if getattr(subject.spec, "saliency", None) is not None:
            calls["explain"] = lambda: model.explain(inputs, subject.findings[0])
        for name, call in calls.items():
            unwanted[0], start = True, time.monotonic()
            with suppress(CancelledError):
                call()
            took = time.monotonic() - start
            unwanted[0] = False
            if took > subject.limit_s:
                yield f"{name} went on for {took:.1f} s after the answer was no longer wanted"
        if off := differ(before, subject.answer(model, given)):
            yield f"after a cancelled film the same film was answered differently ({off})"


@check(
    "unload",
    title="Unloading gives the memory back",
    method="unload",
    mend="Delete the network and all caches in unload; keep nothing in module or class attributes",
)
def unload(subject: Subject) -> Iterator[str]:
    """Load, answer and unload: what Python and torch still hold, and by how much the process grew."""
    given = subject.study(32)

    def once() -> None:
        with subject.another() as model:
            subject.answer(model, given)

    subject.close()
    once()
    with frozen_heap():
        tracemalloc.start()
        try:
            once()
            gc.collect()
            held = tracemalloc.get_traced_memory()[0] / 2**20
        finally:
            tracemalloc.stop()
        kept = tensors_mb()
        if held > KEPT_MB:
            yield f"{held:.0f} MB of arrays and objects are still held after unload"
        if kept > KEPT_MB:
            yield f"{kept:.0f} MB of tensors are still held after unload"
        if held > KEPT_MB or kept > KEPT_MB:
            return
        start = resident_mb()
        for _ in range(2):
            once()
        gc.collect()
        if start is not None and (grown := ((resident_mb() or 0.0) - start) / 2) > GROWTH_MB:
            yield f"the process grows by {grown:.0f} MB each time the model is loaded and unloaded"


@check(
    "leftovers",
    title="No hooks, threads, processes, files or sockets are left after unload",
    method="unload",
    mend="Remove hooks (handle.remove()), join threads, and close files and sockets in unload, or use with",
)
def leftovers(subject: Subject) -> Iterator[str]:
    """What was not there before the model was loaded."""
    given = subject.study(33)

    def all_calls(model: Any) -> None:
        subject.answer(model, given)
        if getattr(subject.spec, "saliency", None) is not None:
            subject.maps(model, given, subject.findings[0])

    # Once before, so that what a library opens or sets once for all does not count.
    with subject.another() as model:
        all_calls(model)
    with left_in_process() as left:
        with subject.another() as model:
            all_calls(model)
            kept = [value for value in vars(model).values() if hasattr(value, "named_modules")]
        left += [f"a hook on {name or 'the network'}" for module in kept for name in hooks_of(module)]
        del model, kept
    yield from left


@check(
    "golden",
    title="The bundle's golden vectors are reproduced",
    method="prepare",
    mend="Make the bundle anew from this code and these weights; a changed prepare or network needs a new version",
)
def golden(subject: Subject) -> Iterator[str]:
    """As at installation."""
    if subject.spec.bundle is None:
        raise Skipped("it has no bundle; a detector with weights needs one")
    yield from verify(subject.loaded(), Bundle(subject.spec.bundle))


@check(
    "current-calls",
    title="Its calls use nothing that is deprecated",
    method="predict",
    mend="Use what the message names in its place; what is deprecated goes with the next major version",
)
def current_calls(subject: Subject) -> Iterator[str]:
    """Load, answer, explain and unload once."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", PluginDeprecationWarning)
        with subject.another() as model:
            given = subject.study(34)
            subject.answer(model, given)
            if getattr(subject.spec, "saliency", None) is not None:
                subject.maps(model, given, subject.findings[0])
    yield from deprecations(warned)
