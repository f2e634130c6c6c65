"""What a check is, what comes of it, and all of them in order."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from cxrdesk.imaging.errors import UserError

if TYPE_CHECKING:
    from cxrdesk.api.testing.subject import Subject

FIRST = "cpu"
"""The check that all others rest on: a model that does not load, or answers nothing, cannot be looked at further."""
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
        mend = self.mend
        try:
            found = list(self.find(subject))
        except Skipped as skipped:
            return self.skipped(subject, str(skipped))
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is told with its place
            found, mend = _told(error, self.mend)
            if (earlier := subject.raised.setdefault(found[0], self.key)) != self.key:
                return self.skipped(subject, f"{earlier} failed by the same error")
        if not found:
            return Outcome(check=self.key, state=State.PASSED, where=self._where(subject))
        return Outcome(check=self.key, state=State.FAILED, where=self._where(subject), what="; ".join(found), mend=mend)

    def skipped(self, subject: Subject, why: str) -> Outcome:
        """The outcome of a check that cannot be made."""
        return Outcome(check=self.key, state=State.SKIPPED, where=self._where(subject), what=why)

    def _where(self, subject: Subject) -> str:
        return f"{subject.model.spec.id} ({place(subject.model, self.method)})"


def run_all(subject: Subject, begun: Callable[[str], object] = lambda key: None) -> Iterator[Outcome]:
    """Every check of a model; those that rest on one that failed are skipped, with that reason."""
    answers = True
    for item in CHECKS.values():
        if not answers:
            yield item.skipped(subject, f"it needs a model that loads and answers, and {FIRST} failed")
            continue
        begun(item.key)
        made = item.run(subject)
        answers = answers and not (item.key == FIRST and made.state is State.FAILED)
        yield made


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


def _told(error: Exception, mend: str) -> tuple[list[str], str]:
    """What was raised, and how to mend it; the kits' own sentences say that themselves."""
    if isinstance(error, UserError):
        what, _, advice = error.text.rpartition("; ")
        return [f"{what or error.text} [{error.code}]"], advice[:1].upper() + advice[1:] if what else mend
    return [raised(error)], mend


def raised(error: BaseException) -> str:
    """An exception in one line, with the innermost line of code that is not ours to mend."""
    text = " ".join(str(error).split())
    frames = traceback.extract_tb(error.__traceback__)
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return f"it raised {type(error).__name__}{f' ({text})' if text else ''}{at}"
