"""``state.json``: which version of which plugin is used. Replaced as a whole, so that a crash leaves the old one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.files import write_whole
from cxrdesk.packages.names import is_name

STATE = "state.json"
_FOLDER = re.compile(r"[0-9][0-9a-z.+!]{0,29}-[0-9a-f]{12}")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One installed plugin.

    Parameters
    ----------
    current : str
        Name of the folder in use.
    previous : str or None
        Name of the folder that a rollback goes back to.
    """

    current: str
    previous: str | None = None
    enabled: bool = True

    def __post_init__(self) -> None:
        # What the file says becomes a path.
        if not all(isinstance(f, str) and _FOLDER.fullmatch(f) for f in (self.current, self.previous or self.current)):
            raise ValueError("not the name of a version's folder")
        if not isinstance(self.enabled, bool):
            raise ValueError("enabled is true or false")

    @property
    def folders(self) -> set[str]:
        """The folders that are kept."""
        return {self.current} | ({self.previous} if self.previous is not None else set())


def read_state(root: Path) -> dict[str, Entry]:
    """Installed plugins by name; UserError ``bad-state`` if the file is not understood."""
    path = root / STATE
    try:
        content = json.loads(path.read_bytes())
        entries = {name: Entry(**item) for name, item in content["plugins"].items()}
        if not all(is_name(name) for name in entries):
            raise ValueError("not the name of a plugin")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OSError) as error:
        text = f"The list of installed plugins, {path}, cannot be read; remove it and install the plugins again."
        raise UserError("bad-state", text) from error
    return entries


def write_state(root: Path, entries: Mapping[str, Entry]) -> None:
    """Replace the file; OSError leaves the old one."""
    content = {"plugins": {name: asdict(entries[name]) for name in sorted(entries)}}
    write_whole(root / STATE, (json.dumps(content, indent=1) + "\n").encode())
