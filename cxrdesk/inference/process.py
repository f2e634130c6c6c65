"""The host's side of a child process: starts it, asks it, outlives it."""

from __future__ import annotations

import math
import os
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NoReturn

from numpy.typing import NDArray

from cxrdesk.api.detector import CancelledError, Mask
from cxrdesk.api.imported import told_to
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference import answers, wire
from cxrdesk.inference.devices import child_environment
from cxrdesk.inference.lending import Lending
from cxrdesk.inference.models import Detection, Segmentation, Stage, shown_text
from cxrdesk.inference.pipes import EndedError, PipedProcess
from cxrdesk.inference.pixels import Shelf
from cxrdesk.sandbox.start import memory_limit_mb
from cxrdesk.sandbox.ways import Sandbox

START_LIMIT_S = 120.0
"""For the interpreter and the plugins' modules; a cold disk is slow."""
LOAD_LIMIT_S = 240.0
"""For importing torch and reading weights, once for each model."""
CANCEL_GRACE_S = 2.0
"""A model that does not notice a cancel within this is ended with its process."""
_POLL_S = 0.05
_MOST_STAGES = 64
"""Of one request: each is told to the screen."""
_FRESH = 2
"""How often one stage may start the clock afresh; twice, where an accelerator's memory ran out."""
_MORE_ADDRESSES = 4
"""Addresses that a process may reserve, for each byte that it may use; beside those that any torch reserves."""
_TORCH_ADDRESSES_MB = 16384


class InferenceError(Exception):
    """A model failed, in one sentence: what a child sent may be quoted in it, so it is made fit to be shown.

    Parameters
    ----------
    code : str
        ``"child-died"``, ``"time-limit"``, ``"memory-limit"``, ``"model-failed"``, ``"bad-answer"``,
        ``"start-failed"``, ``"no-memory"``, ``"golden-differs"``, or the code of a `UserError` that the model
        raised, for instance ``"weights-changed"``.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(shown_text(text))
        self.code = code


@dataclass
class _Patience:
    """How long one request is waited for."""

    deadline: float
    cancelled: Callable[[], bool]
    latest: float = math.inf
    """However often the clock starts afresh."""
    give_up: float | None = None
    """When a process that was asked to cancel is ended."""
    stages: Counter[str] = field(default_factory=Counter)


class Child:
    """A sandboxed process that serves some distributions' plugins; starts when first asked and again after it died.

    Parameters
    ----------
    only : tuple of str
        Distributions; all where empty.
    device : str
        One of `cxrdesk.inference.devices.CHOICES`.
    limit_s : float
        Time limit of one request, loading apart.
    site : Path or None
        The folder that its distribution was installed into, where that is not on this process's own path.
    readable : tuple of Path
        What it may read beside Python, cxrdesk and `site`.
    memory_mb : int or None
        Memory above which it is ended; None for `cxrdesk.sandbox.start.memory_limit_mb`.
    shelf : Shelf or None
        Where films stay shared that other children are asked about too; who made it closes it.
    compiled : Path, optional
        Folder of networks compiled for the CPU; without one they run as they are.
    compiles : bool
        Whether it may write to that folder.
    """

    def __init__(
        self,
        only: tuple[str, ...] = (),
        *,
        device: str = "auto",
        limit_s: float = 60.0,
        site: Path | None = None,
        readable: tuple[Path, ...] = (),
        memory_mb: int | None = None,
        shelf: Shelf | None = None,
        compiled: Path | None = None,
        compiles: bool = True,
    ) -> None:
        self.only, self.device, self.limit_s, self.site = only, device, limit_s, site
        self.compiled = compiled
        memory_mb = memory_mb or memory_limit_mb()
        computes_here = device == "cpu"
        self._variables, imported = told_to(only)
        kept = (compiled,) if compiled is not None else ()
        self.sandbox = Sandbox(
            readable=(*readable, *imported, *([site] if site is not None else []), *(() if compiles else kept)),
            memory_mb=memory_mb,
            address_mb=_MORE_ADDRESSES * memory_mb + _TORCH_ADDRESSES_MB if computes_here else None,
            accelerator=not computes_here,
            writable=kept if compiles else (),
        )
        self._shelf = shelf or Shelf(0)
        self._process: PipedProcess | None = None
        self._lending: Lending | None = None
        self._request = 0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.process.pid if self._process is not None and self._process.alive else None

    def segment(
        self,
        spec: SegmenterSpec,
        film: Radiograph,
        stage: Stage = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        prove: bool = False,
    ) -> Segmentation:
        """As `cxrdesk.inference.models.Models.segment`; raises InferenceError or CancelledError."""
        told = {"op": "segment", "model": spec.id, "prove": prove}
        header, arrays = self._ask(told, [film], [], stage, cancelled)
        try:
            return answers.segmentation(spec, header, arrays)
        except answers.MALFORMED as error:
            raise InferenceError("bad-answer", f"{spec.id} gave no usable mask: {error}") from error

    def detect(
        self,
        spec: DetectorSpec,
        films: Sequence[Radiograph],
        masks: Sequence[Mapping[str, Mask]],
        stage: Stage = lambda _: None,
        cancelled: Callable[[], bool] = lambda: False,
        *,
        explain: bool = True,
        prove: bool = False,
    ) -> Detection:
        """As `cxrdesk.inference.models.Models.detect`; raises InferenceError or CancelledError.

        Parameters
        ----------
        prove : bool
            Whether its golden vectors are looked at, should it have to be loaded.
        """
        told: dict[str, Any] = {"op": "detect", "model": spec.id, "masks": [list(known) for known in masks]}
        told |= {"explain": explain, "prove": prove}
        arrays = [mask.values for known in masks for mask in known.values()]
        header, parts = self._ask(told, films, arrays, stage, cancelled)
        try:
            return answers.detection(header, parts)
        except answers.MALFORMED as error:
            raise InferenceError("bad-answer", f"{spec.id} gave no usable answer: {error}") from error

    def close(self) -> None:
        """End the process; by closing its input first, by force after a moment."""
        process, self._process = self._process, None
        if process is not None:
            process.close(CANCEL_GRACE_S)
        self._close_lending()

    def kill(self) -> None:
        """End the process at once."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
        self._close_lending()

    def _close_lending(self) -> None:
        lending, self._lending = self._lending, None
        if lending is not None:
            lending.close()

    def _start(self, stage: Stage, cancelled: Callable[[], bool]) -> PipedProcess:
        if self._process is not None and self._process.alive:
            return self._process
        self.kill()
        stage("starting")
        # -P: a file called numpy.py in the folder where the viewer was started is none of ours.
        command = [sys.executable, "-P", "-m", "cxrdesk.inference.child"]
        command += ["--site", str(self.site)] if self.site is not None else []
        try:
            variables = child_environment(os.cpu_count()) | self._variables
            self._lending = Lending()
            sandbox = replace(self.sandbox, shared=self._lending.folder)
            self._process = PipedProcess([*command, *self.only], sandbox, variables)
        except OSError as error:
            self._close_lending()
            raise InferenceError("start-failed", f"The inference process could not be started: {error}") from error
        patience = _Patience(time.monotonic() + START_LIMIT_S, cancelled)
        header, _ = self._next(self._process, patience, "The inference process")
        if header.get("type") != "ready":
            self.kill()
            raise InferenceError("start-failed", "The inference process did not report that it is ready.")
        return self._process

    def _ask(
        self,
        told: dict[str, Any],
        films: Sequence[Radiograph],
        arrays: Sequence[NDArray[Any]],
        stage: Stage,
        cancelled: Callable[[], bool],
    ) -> wire.Message:
        process = self._start(stage, cancelled)
        # Not to be guessed: an answer that was sent before the question is none.
        self._request = secrets.randbits(48)
        try:
            assert self._lending is not None
            with self._shelf.lent(films) as described, self._lending.lent(described):
                compiled = str(self.compiled) if self.compiled is not None else None
                asked = {"request": self._request, "device": self.device, "compiled": compiled, "films": described}
                header = told | asked
                process.send(header, arrays)
                return self._wait(process, told["model"], stage, cancelled)
        except OSError as error:
            raise InferenceError("no-memory", f"The film cannot be handed over: {error}") from error

    def _wait(self, process: PipedProcess, model_id: str, stage: Stage, cancelled: Callable[[], bool]) -> wire.Message:
        now = time.monotonic()
        patience = _Patience(now + self.limit_s, cancelled, latest=now + 2 * LOAD_LIMIT_S + 2 * self.limit_s)
        while True:
            header, arrays = self._next(process, patience, model_id)
            if header.get("request") != self._request:
                continue
            match header.get("type"):
                case "stage":
                    self._noted(header.get("stage"), patience, model_id)
                    stage(str(header["stage"]))
                case "result":
                    return header, arrays
                case "cancelled" if patience.give_up is not None:
                    raise CancelledError
                case "cancelled":
                    raise InferenceError("model-failed", f"{model_id} gave up although nobody cancelled it.")
                case "error":
                    code, text = answers.failure(header)
                    raise InferenceError(code, f"{model_id} failed: {text}")
                case _:
                    self._refuse(model_id, "a message of an unknown type")

    def _noted(self, name: object, patience: _Patience, model_id: str) -> None:
        """Let the clock start afresh for a stage; a process that only tells stages gains no time by it."""
        if not isinstance(name, str) or name not in answers.STAGES or patience.stages.total() >= _MOST_STAGES:
            self._refuse(model_id, "a stage that there is not, or too many")
        patience.stages[name] += 1
        if patience.stages[name] <= _FRESH:
            # Importing torch and reading weights has a limit of its own; computing starts afresh after it.
            wanted = time.monotonic() + (LOAD_LIMIT_S if name in ("loading", "checking") else self.limit_s)
            patience.deadline = min(wanted, patience.latest)

    def _refuse(self, model_id: str, what: str) -> NoReturn:
        self.kill()
        raise InferenceError("bad-answer", f"{model_id} sent something that is no answer: {what}.")

    def _next(self, process: PipedProcess, patience: _Patience, what: str) -> wire.Message:
        """The next message; watches the clock, the reader's wish and the process."""
        while True:
            now = time.monotonic()
            if patience.give_up is None and patience.cancelled():
                process.send({"op": "cancel", "request": self._request})
                patience.give_up = now + CANCEL_GRACE_S
            if patience.give_up is not None and now > patience.give_up:
                self.kill()
                raise CancelledError
            if now > patience.deadline:
                self.kill()
                raise InferenceError("time-limit", f"{what} did not answer within its time limit and was ended.")
            try:
                if (message := process.receive(_POLL_S)) is not None:
                    return message
            except EndedError as error:
                self._process = None
                if error.over_memory:
                    text = f"{what} took more than the {self.sandbox.memory_mb} MB of memory that it may and was ended."
                    raise InferenceError("memory-limit", text) from None
                raise InferenceError("child-died", f"The inference process {error}") from None
            except wire.WireError as error:
                self.kill()
                raise InferenceError("bad-answer", f"{what} sent something that is no answer: {error}") from error
