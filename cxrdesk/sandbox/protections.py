"""Which protections from a plugin hold on this machine, in words."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from cxrdesk.sandbox.start import memory_limit_mb
from cxrdesk.sandbox.ways import Way, way, why_not


@dataclass(frozen=True, kw_only=True)
class Protection:
    """One sentence, and whether it is true here.

    Parameters
    ----------
    text : str
        What a plugin cannot do, for the user.
    why_not : str
        Where it does not hold: what stands in the way.
    """

    code: str
    text: str
    holds: bool
    why_not: str = ""


def protections() -> list[Protection]:
    """What holds on this machine, those that hold first; tries once what the system allows."""
    inside = way() is not Way.PLAIN
    found_again = inside or sys.platform == "linux"
    why = "" if inside else f"This system does not allow it without an administrator ({why_not(Way.NAMESPACES)})."
    found = [
        Protection(
            code="own-process",
            text="A plugin from elsewhere runs in a process of its own: if it crashes, only its own answer is missing.",
            holds=True,
        ),
        Protection(
            code="time", text="A plugin that does not answer within the time limit for a film is ended.", holds=True
        ),
        Protection(
            code="memory",
            text=f"A plugin that takes more than {memory_limit_mb()} MB of memory is ended.",
            holds=True,
        ),
        Protection(
            code="secrets",
            text="A plugin receives no names, numbers or dates of patients, and none of this program's settings.",
            holds=True,
        ),
        Protection(
            code="answers",
            text="What a plugin answers is checked in kind and size before it is used.",
            holds=True,
        ),
        Protection(
            code="children",
            text="Programs that a plugin starts end with it.",
            holds=found_again,
            why_not="" if found_again else "On this system one that leaves its plugin on purpose is not found.",
        ),
        Protection(code="network", text="A plugin reaches no network.", holds=inside, why_not=why),
        Protection(
            code="files",
            text="A plugin sees none of your files, and writes only to a folder of its own that vanishes with it.",
            holds=inside,
            why_not=why,
        ),
    ]
    return sorted(found, key=lambda item: not item.holds)
