"""The host's side of a child process: starts it, asks it, outlives it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from numpy.typing import NDArray

from cxrdesk.api.detector import CancelledError, Mask, Prediction, Rendering, SaliencyMap
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.imaging.preprocess import Box
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference import wire
from cxrdesk.inference.devices import child_environment
from cxrdesk.inference.models import Detection, Segmentation, Stage
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
        ``"child-died"``, ``"time-limit"``, ``"model-failed"``, ``"bad-answer"``, ``"start-failed"``.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


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
    """

    def __init__(self, only: tuple[str, ...] = (), *, device: str = "auto", limit_s: float = 60.0) -> None:
        self.only, self.device, self.limit_s = only, device, limit_s
        self._process: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[wire.Message | Exception | None] = queue.Queue()
        self._errors: deque[str] = deque(maxlen=50)
        self._request = 0

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

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
            prediction = Prediction(probabilities={str(k): float(v) for k, v in header["probabilities"].items()})
            return Detection(prediction=prediction, maps=_maps(header["maps"], parts), **_common(header))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration) as error:
            raise InferenceError("bad-answer", f"{spec.id} gave no usable answer: {error}") from error

    def close(self) -> None:
        """End the process; by closing its input first, by force after a moment."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        try:
            process.stdin.close()
            process.wait(timeout=CANCEL_GRACE_S)
        except (OSError, subprocess.TimeoutExpired):
            process.kill()
        process.wait()

    def kill(self) -> None:
        """End the process at once."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def _start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cxrdesk.inference.child", *self.only],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=os.environ | child_environment(os.cpu_count()),
            creationflags=getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
            | getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        # A new queue for each process: a late answer of an ended one is never taken for the new one's.
        self._answers = queue.Queue()
        self._errors.clear()
        _thread(_read_answers, self._process.stdout, self._answers)
        _thread(_read_errors, self._process.stderr, self._errors)
        header, _ = self._next(time.monotonic() + START_LIMIT_S, lambda: False, "start")
        if header["type"] != "ready":
            self.kill()
            raise InferenceError("start-failed", "The inference process did not report that it is ready.")

    def _ask(
        self,
        told: dict[str, Any],
        films: Sequence[Radiograph],
        arrays: Sequence[NDArray[Any]],
        stage: Stage,
        cancelled: Callable[[], bool],
    ) -> wire.Message:
        if self.pid is None:
            stage("starting")
        self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        self._request += 1
        shared: list[SharedFilm] = []
        try:
            shared.extend(SharedFilm(film) for film in films)
            header = told | {
                "request": self._request,
                "device": self.device,
                "films": [film.description for film in shared],
            }
            try:
                wire.send(self._process.stdin, header, arrays)
            except OSError:
                raise self._died() from None
            return self._wait(told["model"], stage, cancelled)
        finally:
            for film in shared:
                film.close()

    def _wait(self, model_id: str, stage: Stage, cancelled: Callable[[], bool]) -> wire.Message:
        deadline = time.monotonic() + self.limit_s
        while True:
            header, arrays = self._next(deadline, cancelled, model_id)
            if header.get("request") != self._request:
                continue
            match header["type"]:
                case "stage":
                    stage(str(header["stage"]))
                    # Importing torch and reading weights has a limit of its own; computing starts afresh after it.
                    limit = LOAD_LIMIT_S if header["stage"] == "loading" else self.limit_s
                    deadline = time.monotonic() + limit
                case "result":
                    return header, arrays
                case "cancelled":
                    raise CancelledError
                case "error":
                    raise InferenceError("model-failed", f"{model_id} failed: {header['kind']}: {header['text']}")
                case other:
                    self.kill()
                    raise InferenceError("bad-answer", f"{model_id} answered with the unknown message {other!r}")

    def _next(self, deadline: float, cancelled: Callable[[], bool], what: str) -> wire.Message:
        """The next message; watches the clock, the reader's wish and the process."""
        cancel_deadline: float | None = None
        while True:
            try:
                message = self._answers.get(timeout=_POLL_S)
            except queue.Empty:
                message = ({}, [])
            if message is None:
                raise self._died()
            if isinstance(message, Exception):
                self.kill()
                raise InferenceError("bad-answer", f"{what} sent something that is no answer: {message}")
            if message[0]:
                return message
            now = time.monotonic()
            if cancelled() and cancel_deadline is None:
                self._send_cancel()
                cancel_deadline = now + CANCEL_GRACE_S
            if cancel_deadline is not None and now > cancel_deadline:
                self.kill()
                raise CancelledError
            if now > deadline:
                self.kill()
                raise InferenceError("time-limit", f"{what} did not answer within its time limit and was ended.")

    def _send_cancel(self) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            wire.send(self._process.stdin, {"op": "cancel", "request": self._request})
        except OSError:
            # The process is gone; the end of its answers says so a moment later.
            return

    def _died(self) -> InferenceError:
        process, self._process = self._process, None
        assert process is not None
        code = process.wait()
        how = f"was ended by signal {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        last = next((line for line in reversed(self._errors) if line.strip()), "")
        said = f" It last said: {last.strip()[:300]}" if last else ""
        return InferenceError("child-died", f"The inference process {how} while it worked.{said}")


def _thread(work: Callable[..., None], *args: Any) -> None:
    threading.Thread(target=work, args=args, daemon=True, name=work.__name__).start()


def _read_answers(stream: IO[bytes], answers: queue.Queue[wire.Message | Exception | None]) -> None:
    with stream:
        try:
            while (message := wire.receive(stream)) is not None:  # type: ignore[arg-type]
                answers.put(message)
        except wire.WireError as error:
            answers.put(error)
        answers.put(None)


def _read_errors(stream: IO[bytes], lines: deque[str]) -> None:
    with stream:
        # Bounded reads: a plugin that prints megabytes without a line end costs no memory.
        while line := stream.readline(4096):
            lines.append(line.decode("utf-8", "replace"))


def _common(header: dict[str, Any]) -> dict[str, Any]:
    return {"device": str(header["device"]), "seconds_s": float(header["seconds_s"]), "note": str(header["note"])}


def _maps(told: list[dict[str, Any]], arrays: list[NDArray[Any]]) -> tuple[tuple[SaliencyMap, Rendering | None], ...]:
    parts = iter(arrays)
    maps = []
    for item in told:
        values = next(parts)
        saliency = SaliencyMap(finding=str(item["finding"]), values=values, box=_box(item["box"]), film=int(item["film"]))
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
