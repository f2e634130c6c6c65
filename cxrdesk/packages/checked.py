"""What running a plugin showed; whoever composes the application says how it is run (in a child process)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cxrdesk.packages.manifest import Model

COMPILED = "compiled"
"""Folder beside the site of an installed version."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a plugin listed, and whether it reproduces its golden vectors.

    Parameters
    ----------
    api : str
        The plugin API that its module states.
    failures : tuple of str
        One sentence each: the model and the stage that differs. Empty if all golden vectors are reproduced.
    without_golden : tuple of str
        Ids of models that bring no golden vectors.
    device, torch : str
        What was computed with; torch is empty where the plugin does not use it.
    compiled : mapping of bytes
        Networks that were compiled for this machine's CPU: path below `COMPILED` to the file's content.
    """

    api: str
    models: tuple[Model, ...]
    failures: tuple[str, ...] = ()
    without_golden: tuple[str, ...] = ()
    device: str = "cpu"
    torch: str = ""
    compiled: Mapping[str, bytes] = field(default_factory=dict)


Check = Callable[[Path, str], Checked]
"""Runs the plugin of one distribution in a site folder; raises UserError where it cannot be listed."""
