"""``cxrdesk`` and ``python -m cxrdesk``."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from pathlib import Path


def main() -> None:
    """Run the command line and leave with its exit code."""
    _open_closed_streams()
    try:
        from cxrdesk.cli import quick

        paths = quick.films_named(sys.argv[1:])
        code = _other_commands() if paths is None else _open(paths)
    except KeyboardInterrupt:
        code = 130
    _leave(int(code))


def _leave(code: int) -> None:
    """End with `code`, also where a plugin's module left a thread running that Python would wait for."""
    left = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if not left:
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # whoever read has gone
            stream.flush()
    os._exit(code)


def _open_closed_streams() -> None:
    """Where a program was started with closed streams, the next files opened would take their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115, PTH123 - for good


def _other_commands() -> int:
    from cxrdesk.cli.main import run

    return run()


def _open(paths: list[Path]) -> int:
    from cxrdesk.cli import quick

    try:
        return quick.open_window(paths)
    except Exception as error:  # noqa: BLE001 - told and logged, as for every other command
        from cxrdesk.cli.faults import ended

        return ended(error)


if __name__ == "__main__":
    main()
