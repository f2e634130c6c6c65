"""Which shared films one child sees: those that it is asked about, for as long as it is asked.

On Linux shared memory has names in one folder, and whoever may list it can open all films. A child in a sandbox sees a
folder of its own in that place, into which the films that it is lent are linked.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SHARED = Path("/dev/shm")
_PREFIX = "cxrdesk-films-"


class Lending:
    """Where a child fetches films.

    Attributes
    ----------
    folder : Path or None
        What it sees in place of `SHARED`; None where shared memory has no names in a folder.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        if sys.platform == "linux" and SHARED.is_dir():
            _sweep()
            self.folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=SHARED))

    @contextmanager
    def lent(self, described: Sequence[dict[str, Any]]) -> Iterator[None]:
        """Let the child open the films of these descriptions."""
        names = {str(item["memory"]) for item in described} if self.folder is not None else set()
        try:
            for name in names:
                os.link(SHARED / name, self._link(name))
            yield
        finally:
            for name in names:
                self._link(name).unlink(missing_ok=True)

    def close(self) -> None:
        """Remove the folder."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _link(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / name


def _sweep() -> None:
    """Remove what a host that was killed left: a link keeps a film's memory."""
    for folder in SHARED.glob(f"{_PREFIX}*"):
        owner = re.fullmatch(rf"{_PREFIX}(\d+)-\w+", folder.name)
        if owner is not None and not Path("/proc", owner[1]).exists():
            shutil.rmtree(folder, ignore_errors=True)
