"""A folder that a study writes to is that study's alone, and of the same films from the first run to the last."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cxrdesk.imaging.errors import UserError
from cxrdesk.packages.files import locked, writing

OWNER = "runs-of.json"


@contextmanager
def owned(out: Path, study: str, data: Path | None) -> Iterator[None]:
    """Be the only one at work in a folder that holds no run of another study or of other films.

    Raises
    ------
    UserError
        ``busy``, ``not-written``, or ``usage`` where the folder belongs to something else.
    """
    with locked(out, f"Another study is at work in {out}; wait until it has finished, or name another folder."):
        mine, owner = json.dumps({"study": study, "films": films_mark(data, out)}), out / OWNER
        with writing(owner):
            if not owner.is_file():
                owner.write_text(mine, encoding="utf-8")
            theirs = owner.read_bytes()
        if theirs != mine.encode():
            text = f"The runs in {out} are of another study or of other films; name another folder, or empty this one."
            raise UserError("usage", text)
        yield


def films_mark(data: Path | None, out: Path) -> str:
    """SHA-256 of the names and sizes of all files of the data sets, less what a study writes; ``none`` without any."""
    if data is None:
        return "none"
    found = hashlib.sha256()
    own = out.resolve()
    for path in sorted(path for path in data.resolve().rglob("*") if path.is_file() and own not in path.parents):
        found.update(f"{path.relative_to(data.resolve()).as_posix()} {path.stat().st_size}\n".encode())
    return found.hexdigest()
