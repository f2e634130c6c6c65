"""Which models reproduced their golden vectors on this machine, and what the others no longer do.

Asked again after a change of Python, of a library that computes, of the device or of its driver, and for other weights
or another preprocessing. The check runs in the model's own process, when it is first loaded.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from cxrdesk import __version__
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.packages.files import write_whole
from cxrdesk.packages.machine import fingerprint

log = logging.getLogger(__name__)

CALL = "call:"
"""Begins the sentence of a golden film that falls on the other side of an operating point."""
_MOST = 10


class Proofs:
    """What is known.

    Parameters
    ----------
    file : Path
        Where it is kept; one that cannot be read counts as empty, one that cannot be written is told in the log.
    machine : callable
        What the last bits of a score depend on: `cxrdesk.packages.machine.fingerprint`, asked once, when needed.
    """

    def __init__(self, file: Path, machine: Callable[[], Mapping[str, str]]) -> None:
        self.file, self._machine = file, machine

    @cached_property
    def _told_of_machine(self) -> dict[str, str]:
        return {"cxrdesk": __version__, **self._machine()}

    def of(self, spec: DetectorSpec | SegmenterSpec) -> tuple[str, ...] | None:
        """What it does not reproduce, in sentences; None where that is not known."""
        known = self._read().get(spec.id)
        return known[1] if known is not None and known[0] == self._belongs(spec) else None

    def keep(self, spec: DetectorSpec | SegmenterSpec, failures: Collection[str]) -> None:
        """Remember the outcome of a check."""
        kept = tuple(failures)[:_MOST]
        if kept:
            log.warning("%s does not reproduce its golden vectors: %s", spec.id, "; ".join(kept))
        self._write(self._read() | {spec.id: (self._belongs(spec), kept)})

    def forget(self, ids: Collection[str]) -> None:
        """Have these models checked anew."""
        known = self._read()
        if set(ids) & set(known):
            self._write({key: value for key, value in known.items() if key not in ids})

    def _belongs(self, spec: DetectorSpec | SegmenterSpec) -> str:
        told = [self._told_of_machine, asdict(spec) | {"input": spec.input.digest()}]
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()

    def _read(self) -> dict[str, tuple[str, tuple[str, ...]]]:
        try:
            content = json.loads(self.file.read_bytes())
            return {key: (str(item["of"]), tuple(map(str, item["failures"]))) for key, item in content.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}

    def _write(self, known: Mapping[str, tuple[str, tuple[str, ...]]]) -> None:
        content = {key: {"of": of, "failures": list(failures)} for key, (of, failures) in sorted(known.items())}
        try:
            write_whole(self.file, (json.dumps(content, indent=1) + "\n").encode())
        except OSError as error:
            log.warning("what golden vectors showed is not kept: %s", error.strerror or type(error).__name__)


def here(file: Path, device: str) -> Proofs:
    """What is known of this machine and this device of the settings."""
    return Proofs(file, lambda: fingerprint(device))
