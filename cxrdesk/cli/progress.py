"""A progress bar on stderr, where that is a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cxrdesk.cli.console import stderr
from cxrdesk.imaging.words import printable

Advance = Callable[[int, int | None, str], None]
"""Told how much is done, of how much (None where unknown), and what is under way."""


@contextmanager
def progress() -> Iterator[Advance]:
    """Show a bar until the block ends; it leaves nothing behind."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = stderr()
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shows = console.is_terminal
    # stdout is left alone: what is printed there is a result.
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, disable=not shows) as bar:
        task = bar.add_task("", total=None)

        def advance(done: int, total: int | None, text: str) -> None:
            bar.update(task, completed=done, total=total, description=printable(text))

        yield advance
