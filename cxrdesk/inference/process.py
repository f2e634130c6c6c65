"""The host's side of a child process: starts it, asks it, outlives it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cxrdesk.api.detector import CancelledError, Mask, Prediction, Rendering, SaliencyMap
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.imaging.preprocess import Box
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference import wire
from cxrdesk.inference.devices import child_environment
from cxrdesk.inference.models import Detection, Segmentation, Stage
from cxrdesk.inference.pipes import EndedError, PipedProcess
from cxrdesk.inference.pixels import SharedFilm

START_LIMIT_S = 120.0
"""For the interpreter and the plugins' modules; a cold disk is slow."""
LOAD_LIMIT_S = 240.0
"""For importing torch and reading weights, once for each model."""
CANCEL_GRACE_S = 2.0
"""A model that does not notice a cancel within this is ended with its process."""
_POLL_S = 0.05


class InferenceError(Exception):
    """A model failed, in one sentence.

    Parameters
    ----------
    code : str
        ``"child-died"``, ``"time-limit"``, ``"model-failed"``, ``"bad-answer"``, ``"start-failed"``,
        ``"no-memory"``, or the code of a `UserError` that the model raised, for instance ``"weights-changed"``.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass
class _Patience:
    """How long one request is waited for."""

    deadline: float
    cancelled: Callable[[], bool]
    give_up: float | None = None
    """When a process that was asked to cancel is ended."""


class Child:
    """A child process that serves some distributions' plugins; starts when first asked and again after it died.

    Parameters
    ----------
    only : tuple of str
        Distributions; all where empty.
    device : str
        One of `cxrdesk.inference.devices.CHOICES`.
    limit_s : float
        Time limit of one request, loading apart.
    compiled : Path, optional
        Folder of networks compiled for the CPU; without one they run as they are.
    """

    def __init__(
        self,
        only: tuple[str, ...] = (),
        *,
        device: str = "auto",
        limit_s: float = 60.0,
        compiled: Path | None = None,
    ) -> None:
        self.only, self.device, self.limit_s, self.compiled = only, device, limit_s, compiled
        self._process: PipedProcess | None = None
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
    ) -> Segmentation:
        """As `cxrdesk.inference.models.Models.segment`; raises InferenceError or CancelledError."""
        header, arrays = self._ask({"op": "segment", "model": spec.id}, [film], [], stage, cancelled)
        try:
            return Segmentation(mask=Mask(structure=spec.structure, values=arrays[0]), **_common(header))
        except (ValueError, KeyError, TypeError, IndexError) as error:
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
    ) -> Detection:
        """As `cxrdesk.inference.models.Models.detect`; raises InferenceError or CancelledError."""
        told = {"op": "detect", "model": spec.id, "masks": [list(known) for known in masks], "explain": explain}
        arrays = [mask.values for known in masks for mask in known.values()]
        header, parts = self._ask(told, films, arrays, stage, cancelled)
        try:
            prediction = Prediction(probabilities=header["probabilities"])
            return Detection(prediction=prediction, maps=_maps(header["maps"], parts), **_common(header))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration) as error:
            raise InferenceError("bad-answer", f"{spec.id} gave no usable answer: {error}") from error

    def close(self) -> None:
        """End the process; by closing its input first, by force after a moment."""
        process, self._process = self._process, None
        if process is not None:
            process.close(CANCEL_GRACE_S)

    def kill(self) -> None:
        """End the process at once."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()

    def _start(self, stage: Stage, cancelled: Callable[[], bool]) -> PipedProcess:
        if self._process is not None and self._process.alive:
            return self._process
        self.kill()
        stage("starting")
        # -P: a file called numpy.py in the folder where the viewer was started is none of ours.
        command = [sys.executable, "-P", "-m", "cxrdesk.inference.child", *self.only]
        try:
            self._process = PipedProcess(command, os.environ | child_environment(os.cpu_count()))
        except OSError as error:
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
        self._request += 1
        shared: list[SharedFilm] = []
        try:
            shared.extend(SharedFilm(film) for film in films)
            described = [film.description for film in shared]
            compiled = str(self.compiled) if self.compiled is not None else None
            header = told | {
                "request": self._request,
                "device": self.device,
                "compiled": compiled,
                "films": described,
            }
            process.send(header, arrays)
            return self._wait(process, told["model"], stage, cancelled)
        except OSError as error:
            raise InferenceError("no-memory", f"The film cannot be handed over: {error}") from error
        finally:
            for film in shared:
                film.close()

    def _wait(self, process: PipedProcess, model_id: str, stage: Stage, cancelled: Callable[[], bool]) -> wire.Message:
        patience = _Patience(time.monotonic() + self.limit_s, cancelled)
        while True:
            header, arrays = self._next(process, patience, model_id)
            if header.get("request") != self._request:
                continue
            match header.get("type"):
                case "stage":
                    name = str(header.get("stage"))
                    stage(name)
                    # Importing torch and reading weights has a limit of its own; computing starts afresh after it.
                    patience.deadline = time.monotonic() + (LOAD_LIMIT_S if name == "loading" else self.limit_s)
                case "result":
                    return header, arrays
                case "cancelled" if patience.give_up is not None:
                    raise CancelledError
                case "cancelled":
                    raise InferenceError("model-failed", f"{model_id} gave up although nobody cancelled it.")
                case "error":
                    raise InferenceError(str(header.get("code")), f"{model_id} failed: {header.get('text')}")
                case other:
                    self.kill()
                    raise InferenceError("bad-answer", f"{model_id} answered with the unknown message {other!r}.")

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
                raise InferenceError("child-died", f"The inference process {error}") from None
            except wire.WireError as error:
                self.kill()
                raise InferenceError("bad-answer", f"{what} sent something that is no answer: {error}") from error


def _common(header: dict[str, Any]) -> dict[str, Any]:
    words = {name: str(header[name]) for name in ("device", "note", "engine")}
    return {**words, "seconds_s": float(header["seconds_s"])}


def _maps(told: list[dict[str, Any]], arrays: list[NDArray[Any]]) -> tuple[tuple[SaliencyMap, Rendering | None], ...]:
    parts = iter(arrays)
    maps = []
    for item in told:
        values = next(parts)
        box = _box(item["box"])
        saliency = SaliencyMap(finding=str(item["finding"]), values=values, box=box, film=int(item["film"]))
        drawn = item["rendering"]
        rendering = None
        if drawn is not None:
            rendering = Rendering(
                image=next(parts) if drawn["image"] else None,
                contours=tuple(next(parts) for _ in range(int(drawn["contours"]))),
                boxes=tuple(_box(box) for box in drawn["boxes"]),
            )
        maps.append((saliency, rendering))
    return tuple(maps)


def _box(sides: list[float]) -> Box:
    x0, y0, x1, y1 = (float(side) for side in sides)
    return Box(x0=x0, y0=y0, x1=x1, y1=y1)
