"""The child process: loads models and computes. Started as ``python -m cxrdesk.inference.child GROUP``.

It reads requests from standard input and answers on what was standard output; whatever a plugin prints goes to
standard error, so that it cannot pass for an answer.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import CancelledError, Mask, Rendering, SaliencyMap
from cxrdesk.inference import wire

NICENESS = 5
"""The screen goes first."""


def main(only: Sequence[str] = ()) -> int:
    """Serve requests until standard input closes.

    Parameters
    ----------
    only : sequence of str
        Distributions whose plugins are served; all where empty.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    serve(sys.stdin.buffer, answers, only)
    return 0


class _Inbox:
    """Requests in order; a request to cancel is noticed while another is computed."""

    def __init__(self, stream: BinaryIO) -> None:
        self.requests: queue.Queue[wire.Message | None] = queue.Queue()
        self.cancelled: set[int] = set()
        self._stream = stream
        threading.Thread(target=self._read, daemon=True, name="inbox").start()

    def _read(self) -> None:
        try:
            while (message := wire.receive(self._stream)) is not None:
                if message[0]["op"] == "cancel":
                    self.cancelled.add(int(message[0]["request"]))
                else:
                    self.requests.put(message)
        finally:
            self.requests.put(None)


def serve(stream: BinaryIO, answers: BinaryIO, only: Sequence[str]) -> None:
    """Answer each request with stages and then one result or error."""
    from cxrdesk.discovery.loader import load_registry
    from cxrdesk.discovery.registry import Registry
    from cxrdesk.inference.models import Models

    registry = load_registry()
    if only:
        registry = Registry([p for p in registry.plugins if p.distribution in only])
    inbox = _Inbox(stream)
    current = 0
    models: Models | None = None
    wire.send(answers, {"type": "ready"})
    while (message := inbox.requests.get()) is not None:
        header, arrays = message
        current = int(header["request"])

        def cancelled(request: int = current) -> bool:
            return request in inbox.cancelled

        if models is None:
            models = Models(registry, device=header["device"])
        models.cancelled = cancelled
        try:
            answer, parts = _answer(models, header, arrays, answers)
            wire.send(answers, {"type": "result", "request": current, **answer}, parts)
        except CancelledError:
            wire.send(answers, {"type": "cancelled", "request": current})
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises becomes a failed job with its cause
            traceback.print_exc(file=sys.stderr)
            text = " ".join(str(error).split())[:500]
            wire.send(
                answers,
                {"type": "error", "request": current, "kind": type(error).__name__, "text": text},
            )
    if models is not None:
        models.close()


def _answer(
    models: Any, header: dict[str, Any], arrays: list[NDArray[Any]], answers: BinaryIO
) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    from cxrdesk.inference.pixels import MappedFilm

    def stage(name: str) -> None:
        wire.send(answers, {"type": "stage", "request": header["request"], "stage": name})

    films = [MappedFilm(told) for told in header["films"]]
    try:
        if header["op"] == "segment":
            done = models.segment(header["model"], films[0].film, stage)
            return _told(done), [done.mask.values]
        masks = _masks(header["masks"], arrays)
        done = models.detect(header["model"], [f.film for f in films], masks, stage, explain=header["explain"])
        maps, parts = _maps(done.maps)
        return _told(done) | {"probabilities": dict(done.prediction.probabilities), "maps": maps}, parts
    finally:
        for film in films:
            film.close()


def _told(done: Any) -> dict[str, Any]:
    return {"device": done.device, "seconds_s": done.seconds_s, "note": done.note}


def _masks(told: list[list[str]], arrays: list[NDArray[Any]]) -> list[dict[str, Mask]]:
    parts = iter(arrays)
    return [{key: Mask(structure=key, values=next(parts)) for key in keys} for keys in told]


def _maps(
    maps: Sequence[tuple[SaliencyMap, Rendering | None]],
) -> tuple[list[dict[str, Any]], list[NDArray[Any]]]:
    told, parts = [], []
    for item, drawn in maps:
        told.append(
            {
                "finding": item.finding,
                "film": item.film,
                "box": [item.box.x0, item.box.y0, item.box.x1, item.box.y1],
                "rendering": None
                if drawn is None
                else {
                    "image": drawn.image is not None,
                    "contours": len(drawn.contours),
                    "boxes": [[b.x0, b.y0, b.x1, b.y1] for b in drawn.boxes],
                },
            }
        )
        parts.append(np.asarray(item.values))
        if drawn is not None:
            parts += [drawn.image] if drawn.image is not None else []
            parts += list(drawn.contours)
    return told, parts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
