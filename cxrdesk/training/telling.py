"""Says on stderr how far something is: a bar in a terminal, a line with an estimate now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

EVERY_S = 10.0
"""Seconds between two lines."""

Advance = Callable[[int, int], None]
"""Told how much is done, of how much."""


@contextmanager
def telling(what: str) -> Iterator[Advance]:
    """Tell of `what`, such as "reading tuning films", until the block ends."""
    console = Console(stderr=True)
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, of: bar.update(task, completed=done, total=of)
        return
    began = told = time.monotonic()
    first = True

    def advance(done: int, of: int) -> None:
        nonlocal told, first
        now = time.monotonic()
        if not first and (now - told < EVERY_S or not done):
            return
        line = f"{what}: {done} of {of}" if done else f"{what}: {of}"
        left = f", about {span((now - began) / done * (of - done))} left" if done else ""
        console.print(f"{line}{left}", soft_wrap=True, highlight=False)
        told, first = now, False

    yield advance


def span(seconds: float) -> str:
    """A time in words, no more exact than an estimate is."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
