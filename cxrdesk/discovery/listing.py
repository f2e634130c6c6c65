"""Lists plugins without importing any: a child process of their own says what they declare, and a file remembers it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from cxrdesk.api.imported import told_to
from cxrdesk.discovery.answer import Answer, read_answer
from cxrdesk.discovery.installed import Installed, in_order, installed
from cxrdesk.discovery.memory import Memory
from cxrdesk.discovery.plain import parsed
from cxrdesk.discovery.registry import Plugin, PluginFailure, Registry
from cxrdesk.imaging.words import shown_text
from cxrdesk.sandbox.start import Confined
from cxrdesk.sandbox.ways import Sandbox

LIMIT_S = 20.0
"""For the import of one plugin's module, on a cold disk too."""
MEMORY_MB = 2048
LARGEST = 1 << 21
"""Bytes of one answer."""
_POLL_S = 0.02


class _FailedError(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def list_plugins(
    only: Collection[str] = (),
    *,
    told: Callable[[str], None] = lambda _: None,
    sites: Sequence[Path] = (),
    cache: Path | None = None,
    readable: Sequence[Path] = (),
    cancelled: Callable[[], bool] = lambda: False,
) -> Registry:
    """What is installed, by specs alone; no plugin's module is imported into this process.

    Parameters
    ----------
    only : collection of str
        Distributions to list; all where empty.
    told : callable
        Called with the name of each distribution whose module is about to be imported, in a child.
    sites : sequence of Path
        Folders with one distribution each, beside Python's path.
    cache : Path or None
        File that remembers what each plugin declared; it is written anew where a plugin is new or changed.
    readable : sequence of Path
        What a child may read beside Python, cxrdesk and the plugin.
    cancelled : callable
        Once true, plugins that would need a child are left out.
    """
    failures: list[PluginFailure] = []
    wanted = [found for found in installed(failures, sites) if not only or found.name in only]
    memory = Memory(cache)
    answers = {found.name: answer for found in wanted if (answer := memory.recall(found)) is not None}
    for group in _groups([found for found in wanted if found.name not in answers]):
        if cancelled():
            break
        told(group[0].name)
        answers |= _asked(group, readable, memory, cancelled)
    memory.keep(partly=bool(only))
    plugins: list[Plugin] = []
    for found in wanted:
        if (answer := answers.get(found.name)) is not None:
            plugins += answer.plugins
            failures += answer.failures
    return in_order(plugins, failures)


def _groups(missing: list[Installed]) -> list[list[Installed]]:
    """Those that share a child: the bundled ones; a stranger has one for itself."""
    bundled = [found for found in missing if found.bundled]
    return [*([bundled] if bundled else []), *([found] for found in missing if not found.bundled)]


def _asked(
    group: list[Installed], readable: Sequence[Path], memory: Memory, cancelled: Callable[[], bool]
) -> dict[str, Answer]:
    try:
        said = _child(group, readable, cancelled)
        answers = {}
        for found in group:
            answers[found.name] = read_answer(found, said.get(found.name))
            memory.note(found, said.get(found.name), answers[found.name])
    except _FailedError as failed:
        if len(group) > 1 and not cancelled():
            # One of them did it: each by itself, so that it costs the others nothing.
            return {name: a for found in group for name, a in _asked([found], readable, memory, cancelled).items()}
        return {found.name: Answer(failures=(found.failure(failed.code, str(failed)),)) for found in group}
    return answers


def _child(group: list[Installed], readable: Sequence[Path], cancelled: Callable[[], bool]) -> dict[str, Any]:
    """What a child says of the group's plugins: JSON, of which nothing else is known yet."""
    site = group[0].site
    command = [sys.executable, "-P", "-m", "cxrdesk.discovery.child", *(["--site", str(site)] if site else [])]
    names = [found.name for found in group]
    variables, imported = told_to(names)
    sandbox = Sandbox(readable=(*readable, *imported, *([site] if site else [])), memory_mb=MEMORY_MB)
    try:
        confined = Confined([*command, *names], sandbox, variables, asked=False)
    except OSError as error:
        raise _FailedError("listing-died", f"the process that lists it could not be started: {error}") from error
    text, last = bytearray(), bytearray()
    readers = [
        threading.Thread(target=_gather, args=(confined.process.stdout, text, LARGEST + 1), daemon=True),
        threading.Thread(target=_gather, args=(confined.process.stderr, last, 0), daemon=True),
    ]
    for reader in readers:
        reader.start()
    deadline = time.monotonic() + LIMIT_S * len(group)
    try:
        while confined.alive and len(text) <= LARGEST:
            if cancelled() or time.monotonic() > deadline:
                raise _FailedError("listing-time-limit", "its import did not end within its time limit and was ended")
            time.sleep(_POLL_S)
    finally:
        confined.release()
        for reader in readers:
            reader.join(1.0)
    if confined.over_memory:
        raise _FailedError("listing-memory-limit", f"its import took more than {MEMORY_MB} MB of memory and was ended")
    return _understood(bytes(text), confined.process.returncode, last.decode("utf-8", "replace"))


def _understood(text: bytes, code: int, said: str) -> dict[str, Any]:
    if not text:
        lines = [line for line in said.splitlines() if line.strip()]
        last = f"; it last said: {shown_text(lines[-1])}" if lines else ""
        raise _FailedError("listing-died", f"its import ended the process that lists it (exit code {code}){last}")
    if len(text) > LARGEST:
        raise _FailedError("bad-listing", "it declares more than can be listed")
    try:
        answer = parsed(text)
    except (ValueError, RecursionError) as error:
        raise _FailedError("bad-listing", "what it declares is not understood") from error
    if not isinstance(answer, dict):
        raise _FailedError("bad-listing", "what it declares is not understood")
    return answer


def _gather(stream: IO[bytes], kept: bytearray, most: int) -> None:
    """Read to the end, keep the first `most` bytes, or the last thousand where `most` is 0."""
    with suppress(OSError, ValueError), stream:
        while data := stream.read1(65536):  # type: ignore[attr-defined]
            if most == 0:
                kept[:] = (kept + data)[-1000:]
            elif len(kept) < most:
                kept += data[: most - len(kept)]
