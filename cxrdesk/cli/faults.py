"""Faults of cxrdesk itself: what is kept of them, and what the user is told."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from cxrdesk import __version__
from cxrdesk.cli.exits import Exit, exit_code
from cxrdesk.imaging.errors import UserError

DEBUG_VARIABLE = "CXRDESK_DEBUG"


def debug() -> bool:
    """Whether faults show their traceback on stderr."""
    return os.environ.get(DEBUG_VARIABLE, "") not in ("", "0")


def show_if_asked(error: BaseException) -> None:
    """The traceback on stderr, where the user asked for it."""
    if debug():
        traceback.print_exception(error)


def ended(error: Exception) -> Exit:
    """Tell what ended a command; returns its exit code. A user's error is its text, a fault of ours is logged too."""
    from cxrdesk.cli.console import warn

    if isinstance(error, UserError):
        warn(error.text)
        return exit_code(error)
    show_if_asked(error)
    warn(keep(error))
    return Exit.FAULT


def describe(error: BaseException) -> str:
    """Types and places of an exception and its causes, without messages: these may quote a file's content."""
    lines = []
    seen: BaseException | None = error
    while seen is not None:
        kind = type(seen)
        lines += [f"{kind.__module__}.{kind.__qualname__}", *traceback.format_tb(seen.__traceback__)]
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)
    return "\n".join(line.rstrip("\n") for line in lines) + "\n"


def log_file() -> Path:
    """Where faults are kept."""
    from cxrdesk.studies.paths import data_dir

    return data_dir() / "faults.log"


def keep(error: BaseException) -> str:
    """Append a fault to the log; the sentence that tells the user where it is."""
    told = f"cxrdesk met a fault of its own ({type(error).__name__})."
    try:
        path = log_file()
        with path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(
                f"--- {datetime.now(UTC).isoformat(timespec='seconds')} cxrdesk {__version__}\n{describe(error)}"
            )
    except OSError:
        return f"{told} It could not be logged; run the command again with --debug before it and report what it shows."
    return f"{told} Please report it with {path}; --debug before the command shows it here."
