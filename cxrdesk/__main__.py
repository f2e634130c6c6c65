"""``cxrdesk`` and ``python -m cxrdesk``."""

from __future__ import annotations

import sys
from pathlib import Path


def main() -> None:
    """Run the command line and leave with its exit code."""
    try:
        from cxrdesk.cli import quick

        paths = quick.films_named(sys.argv[1:])
        code = _other_commands() if paths is None else _open(paths)
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


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
