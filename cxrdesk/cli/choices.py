"""What commands are told by settings and options, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cxrdesk.cli.console import warn
from cxrdesk.imaging.errors import UserError

if TYPE_CHECKING:
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.studies.settings import Settings


def checked_paths(named: Sequence[str]) -> list[Path]:
    """Paths as named, whether anything is there or may be read: whoever opens them tells.

    Raises
    ------
    UserError
        ``usage``, if one is empty, which as a path would be the current folder.
    """
    if not all(name.strip() for name in named):
        raise UserError("usage", "A path is empty; name films or folders, '.' for the current folder.")
    return [Path(name) for name in named]


def read_settings() -> Settings:
    """The clinic's settings; what is wrong with their file is told on stderr."""
    from cxrdesk.studies.paths import settings_file
    from cxrdesk.studies.settings import load_settings

    loaded = load_settings(settings_file())
    for message in loaded.messages:
        warn(message)
    return loaded.settings


def checked_device(wanted: str) -> str:
    """A device that this machine has; torch is imported only where an accelerator is asked for.

    Raises
    ------
    UserError
        ``usage``, if the device is unknown or not there.
    """
    from cxrdesk.inference import devices

    if wanted in ("auto", "cpu"):
        return wanted
    try:
        return devices.choose(wanted)
    except ValueError as error:
        raise UserError("usage", f"The device cannot be used: {error}.") from None


def checked_operating_point(registry: Registry, wanted: str) -> str:
    """An operating point that at least one installed detector has, where any has one.

    Raises
    ------
    UserError
        ``usage``, naming those that there are.
    """
    known = {point.name for spec in registry.detectors for point in spec.operating_points}
    if known and wanted not in known:
        names = ", ".join(sorted(known))
        raise UserError("usage", f"No installed detector has the operating point {wanted!r}; there are {names}.")
    return wanted


def check_impression(impression: str | None, films: int, *, read_first: bool) -> None:
    """Hold the command line to the same rule as the screen: read first, then see scores.

    Raises
    ------
    UserError
        ``usage``, if an impression is missing, empty, or given for several films.
    """
    if impression is not None and films > 1:
        raise UserError("usage", f"--impression is for one film, not for {films}; analyze them one by one.")
    if impression is not None and not impression.strip():
        raise UserError("usage", "--impression is empty; say in a few words what you read on the film.")
    if read_first and impression is None and films:
        text = (
            "The setting 'read first' is on: say with --impression what you read on one film, or open it in the viewer."
        )
        raise UserError("usage", text)
