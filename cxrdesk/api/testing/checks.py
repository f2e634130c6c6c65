"""What a check is, what comes of it, and all of them in order."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cxrdesk.api.testing.subject import Subject

CHECKS: dict[str, Check] = {}
"""By key, in the order in which they run; filled by the modules that hold them."""


class State(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Skipped(Exception):  # noqa: N818 - no error
    """Raised by a check that has nothing to look at; its text says why."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of one check.

    Parameters
    ----------
    check : str
        Key of `CHECKS`.
    state : State
    where : str
        The model's id, and file and line of what is to be mended.
    what : str
        What was found; empty where it passed.
    mend : str
        What to do; empty where it did not fail.
    """

    check: str
    state: State
    where: str
    what: str = ""
    mend: str = ""

    def __str__(self) -> str:
        told = ": ".join(part for part in (f"{self.check} {self.state}", self.where, self.what) if part)
        return f"{told}. {self.mend}" if self.mend else told


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that must hold.

    Parameters
    ----------
    title : str
        What holds where it passes.
    method : str
        The model's method that it is about.
    mend : str
        How to mend it, in one sentence.
    find : callable
        Gives a sentence for each thing that is wrong.
    """

    key: str
    title: str
    method: str
    mend: str
    find: Callable[[Subject], Iterator[str]]

    def run(self, subject: Subject) -> Outcome:
        """Look; what the model raises is a failure of this check."""
        where = f"{subject.model.spec.id} ({place(subject.model, self.method)})"
        try:
            found = list(self.find(subject))
        except Skipped as skipped:
            return Outcome(check=self.key, state=State.SKIPPED, where=where, what=str(skipped))
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is told with its place
            found = [raised(error)]
        if not found:
            return Outcome(check=self.key, state=State.PASSED, where=where)
        return Outcome(check=self.key, state=State.FAILED, where=where, what="; ".join(found), mend=self.mend)


def check(key: str, *, title: str, method: str, mend: str) -> Callable[[Callable[[Subject], Iterator[str]]], Check]:
    """Register a function as a check."""

    def registered(find: Callable[[Subject], Iterator[str]]) -> Check:
        CHECKS[key] = Check(key=key, title=title, method=method, mend=mend, find=find)
        return CHECKS[key]

    return registered


def place(model: type, method: str) -> str:
    """File and line of a model's own method, or of its class where the method is a kit's."""
    own = getattr(model, method, None)
    items = [model] if own is None or own.__module__.startswith("cxrdesk.api") else [own, model]
    for item in items:
        try:
            file, line = inspect.getsourcefile(item), inspect.getsourcelines(item)[1]
        except (TypeError, OSError):
            continue  # made at run time, without a source
        return f"{Path(file).name if file else '?'}:{line}, {method}"
    return method


def raised(error: BaseException) -> str:
    """An exception in one line, with the innermost line of code that is not ours to mend."""
    text = " ".join(str(error).split())
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"it raised {type(error).__name__}{f' ({text})' if text else ''}{at}"
