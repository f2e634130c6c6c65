"""Where words go: results to stdout, everything else to stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING

from cxrdesk.imaging.words import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_WIDTH_OF_A_FILE = 160
"""Columns where stdout is no terminal, whose width would be made up."""


def stdout() -> Console:
    """For tables."""
    from rich.console import Console

    console = Console(file=sys.stdout, markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = max(console.width, _WIDTH_OF_A_FILE)
    return console


@contextmanager
def stdout_kept_clean() -> Iterator[None]:
    """Send to stderr what others print, also past Python: stdout is for results, which programs read."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def stderr() -> Console:
    """For progress and warnings; not wrapped, so that each sentence is one line."""
    from rich.console import Console

    return Console(file=sys.stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)


def table(*columns: str, rows: Sequence[Sequence[str]], title: str | None = None) -> Table:
    """A table in which nothing is cut off: what does not fit goes on in the next line."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left")
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(printable(cell) for cell in row))
    return made


def warn(text: str) -> None:
    """One sentence on stderr."""
    stderr().print(printable(text))
