"""Opening a film's file, with the reasons why it cannot be opened."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cxrdesk.imaging.errors import FilmError

MOST_BYTES = 2_000_000_000
"""Far above any film; such a file is something else."""


class BoundedFile:
    """A file to read from that never allocates more than is left in it, whatever length a broken header asks for."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, io.SEEK_END)
        file.seek(0)

    def read(self, size: int | None = -1) -> bytes:
        """At most `size` bytes; everything that is left where `size` is negative or None."""
        left = max(0, self.size - self._file.tell())
        return self._file.read(left if size is None or size < 0 else min(size, left))

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As of any file."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """As of any file."""
        return self._file.tell()


@contextmanager
def open_file(path: Path) -> Iterator[BoundedFile]:
    """Open `path` for reading bytes.

    Raises
    ------
    FilmError
        ``missing-file``, ``is-a-folder``, ``unreadable`` or ``too-large``; also where reading fails midway.
    """
    try:
        if path.is_dir():
            raise FilmError("is-a-folder", f"{path.name} is a folder, not a film; choose a film in it.")
        # A pipe or a device would block or never end.
        if path.exists() and not path.is_file():
            raise FilmError("unreadable", f"{path.name} is not a plain file; choose a film.")
        with path.open("rb") as file:
            bounded = BoundedFile(file)
            if bounded.size > MOST_BYTES:
                megabytes = bounded.size // 10**6
                raise FilmError("too-large", f"{path.name} has {megabytes} MB, too large for a film; choose another.")
            yield bounded
    except FileNotFoundError as error:
        raise FilmError("missing-file", f"{path.name} does not exist; check the path.") from error
    except PermissionError as error:
        raise FilmError("unreadable", f"{path.name} may not be read; ask for permission to read it.") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "input/output error"
        raise FilmError("unreadable", f"{path.name} cannot be read ({reason}); check the disk or network.") from error
