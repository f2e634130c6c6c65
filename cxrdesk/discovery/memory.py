"""A file that remembers what plugins declared, for as long as their files are the same."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from cxrdesk import __version__
from cxrdesk.api.imported import imported_folder
from cxrdesk.api.version import API_VERSION
from cxrdesk.discovery.answer import Answer, read_answer
from cxrdesk.discovery.installed import Installed

_FORMAT = 1
_MOST_FILES = 5000


class Memory:
    """What was listed before.

    Parameters
    ----------
    path : Path or None
        None remembers nothing. A file that is none of ours is as good as no file.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._known: dict[str, Any] = {}
        self._used: set[str] = set()
        self._keys: dict[str, str] = {}
        self._changed = False
        try:
            held = json.loads(path.read_bytes()) if path is not None else None
        except (OSError, ValueError, RecursionError):
            held = None
        if isinstance(held, dict) and held.get("format") == _FORMAT and isinstance(held.get("plugins"), dict):
            self._known = held["plugins"]

    def recall(self, found: Installed) -> Answer | None:
        """The answer of a distribution whose files are what they were, or None."""
        if self.path is None:
            return None
        self._used.add(found.name)
        try:
            key = self._keys[found.name] = fingerprint(found)
        except (OSError, ValueError, AttributeError):
            return None  # files that come and go: it is asked anew each time
        held = self._known.get(found.name)
        if not isinstance(held, dict) or held.get("key") != key:
            return None
        if (surroundings := held.get("surroundings")) is not None and surroundings != _surroundings(found):
            return None
        answer = read_answer(found, held.get("answer"))
        return None if _misread(answer) else answer

    def note(self, found: Installed, said: Any, answer: Answer) -> None:
        """Remember what a child said; with failures only until something is installed that may mend them."""
        if self.path is None or found.name not in self._keys or _misread(answer):
            return
        self._changed = True
        surroundings = _surroundings(found) if answer.failures else None
        self._known[found.name] = {"key": self._keys[found.name], "surroundings": surroundings, "answer": said}

    def keep(self, *, partly: bool) -> None:
        """Write the file where there is something new; forgets what is gone unless only part was asked for."""
        gone = set() if partly else self._known.keys() - self._used
        if self.path is None or not (self._changed or gone):
            return
        for name in gone:
            del self._known[name]
        own = self.path.with_suffix(f".{os.getpid()}")
        # A folder that cannot be written costs the next start its time, and nothing else.
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                own.write_text(json.dumps({"format": _FORMAT, "plugins": self._known}), encoding="utf-8")
                own.replace(self.path)
            finally:
                own.unlink(missing_ok=True)


def _misread(answer: Answer) -> bool:
    return any(failure.code == "bad-listing" for failure in answer.failures)


def fingerprint(found: Installed) -> str:
    """A digest of what a plugin's declaration depends on: its files' names, sizes and times, Python, the contract."""
    told = hashlib.sha256()
    record = found.metadata.read_text("entry_points.txt") or ""
    about = (__version__, API_VERSION, sys.version, found.name, found.version, str(found.site), record)
    told.update(repr(about).encode())
    for module in sorted({entry.module.partition(".")[0] for entry in found.entries}):
        for line in _files(module, found.site):
            told.update(line.encode("utf-8", "surrogateescape"))
    # Weights that the user imports make detectors of a plugin whose own files stay as they are.
    for path, state in _walked(str(imported_folder(found.name))):
        told.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode("utf-8", "surrogateescape"))
    return told.hexdigest()


def _files(module: str, site: Path | None) -> Iterator[str]:
    spec = _found(module, site)
    if spec is None:
        yield f"{module} is not there\n"
        return
    left = _MOST_FILES
    for root in spec.submodule_search_locations or [spec.origin or ""]:
        for path, about in _walked(root):
            yield f"{path} {about.st_size} {about.st_mtime_ns}\n"
            left -= 1
            if left == 0:
                return


def _found(module: str, site: Path | None) -> ModuleSpec | None:
    try:
        return find_spec(module) if site is None else PathFinder.find_spec(module, [str(site)])
    except (ImportError, ValueError, AttributeError):
        return None


def _walked(root: str) -> Iterator[tuple[str, os.stat_result]]:
    path = Path(root)
    if not path.is_dir():
        if path.exists():
            yield root, path.stat()
        return
    waiting = [root]  # a list, since folders may lie deeper than calls may
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda item: item.name):
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != "__pycache__":
                        waiting.append(entry.path)
                else:
                    # A link that leads nowhere is told as what it is itself: an editor's lock, for instance.
                    yield entry.path, entry.stat(follow_symlinks=Path(entry.path).exists())


def _surroundings(found: Installed) -> str:
    """Folders that change when something is installed, on which a failed import may have hung."""
    folders = [*map(Path, filter(None, sys.path)), *([found.site] if found.site is not None else [])]
    times = [(str(folder), folder.stat().st_mtime_ns) for folder in folders if folder.is_dir()]
    return hashlib.sha256(repr(times).encode()).hexdigest()
