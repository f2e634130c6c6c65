"""Files that are either the old or the new ones, whatever happens meanwhile."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxrdesk.imaging.errors import UserError

_TRIES = 5
_PAUSE_S = 0.1


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a crash leaves either the old or the new one; OSError leaves the old one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        replace(Path(temporary), path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def replace(source: Path, target: Path) -> None:
    """Rename; on Windows a virus scanner or a reader may hold either for a moment."""
    for left in reversed(range(_TRIES)):
        try:
            source.replace(target)
        except PermissionError:
            if os.name != "nt" or not left:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a loss of power, where the system can say so."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Tell in a sentence why `folder` could not be written: UserError ``disk-full`` or ``not-written``."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(folder) from error
        reason = error.strerror or type(error).__name__
        text = f"{folder} could not be written ({reason}); nothing was changed. Check its permissions and the disk"
        raise UserError("not-written", text) from error


def disk_full(folder: Path) -> UserError:
    """The error of a disk without room."""
    return UserError("disk-full", f"There is no room left on the disk of {folder}; make room and try again.")


BUSY = "Another cxrdesk is changing the plugins just now; wait until it has finished."


@contextmanager
def locked(folder: Path, busy: str = BUSY) -> Iterator[None]:
    """Be the only one that changes a folder; UserError ``busy`` with that text while another process does.

    The system lets go of the lock when a process ends, however it ends.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        stream = (folder / "lock").open("ab")
    with stream:
        try:
            _lock(stream.fileno())
        except OSError as error:
            raise UserError("busy", busy) from error
        yield


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
