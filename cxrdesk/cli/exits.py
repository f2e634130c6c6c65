"""Exit codes, and the one place where an exception becomes one."""

from __future__ import annotations

from enum import IntEnum

from cxrdesk.imaging.errors import UserError


class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    """All done. A film that the gate refuses is a result, not an error."""
    PARTLY = 1
    """Some films, detectors or plugins failed; everything else is done."""
    USAGE = 2
    """Wrong usage: an unknown command, option, name or value."""
    NO_FILM = 3
    """Nothing could be read: no film, or no data."""
    NO_PLUGIN = 4
    """No usable plugin is installed."""
    FAULT = 70
    """A fault of cxrdesk itself (EX_SOFTWARE of sysexits.h)."""
    CANCELLED = 130
    """Ctrl-C."""


HELP = """Exit codes: 0 all done (a film refused by the gate is a result, not an error); 1 some films, detectors or
plugins failed, all else is done; 2 wrong usage; 3 nothing could be read; 4 no usable plugin; 70 a fault of cxrdesk
itself; 130 Ctrl-C."""

_CODES = {
    "usage": Exit.USAGE,
    "unknown-name": Exit.USAGE,
    "missing-extra": Exit.USAGE,
    "no-data": Exit.NO_FILM,
    "no-labels": Exit.NO_FILM,
    "too-small": Exit.NO_FILM,
    "no-plugin": Exit.NO_PLUGIN,
}


def exit_code(error: UserError) -> Exit:
    """The exit code of an error that ends a command."""
    return _CODES.get(error.code, Exit.PARTLY)
