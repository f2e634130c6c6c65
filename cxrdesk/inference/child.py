"""The child process: loads models and computes.

Started as ``python -m cxrdesk.inference.child [--site FOLDER] NAME...``. It reads requests from standard input and
answers on what was standard output; whatever a plugin prints goes to standard error, so that it cannot pass for an
answer.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from numpy.typing import NDArray

from cxrdesk.api.detector import CancelledError, Mask, Rendering, SaliencyMap
from cxrdesk.imaging.preprocess import Box
from cxrdesk.inference import wire

NICENESS = 5
"""The screen goes first."""
ORPHAN_GRACE_S = 10.0
"""A process that nobody listens to any more ends after this, whatever it computes."""


def main(arguments: Sequence[str] = ()) -> int:
    """Serve requests until standard input closes.

    Parameters
    ----------
    arguments : sequence of str
        Distributions whose plugins are served, all where empty; before them maybe ``--site`` and the folder that the
        one distribution was installed into.
    """
    site = Path(arguments[1]) if arguments[:1] == ["--site"] else None
    only = arguments[2:] if site is not None else arguments
    # A plugin that reads its input or writes its output, or a process that it starts, must not meet our messages.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    serve(requests, answers, only, site)
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
        time.sleep(ORPHAN_GRACE_S)
        os._exit(1)


def serve(stream: BinaryIO, answers: BinaryIO, only: Sequence[str], site: Path | None) -> None:
    """Answer each request with stages and then one result or error."""
    from cxrdesk.discovery.loader import load_registry
    from cxrdesk.inference.models import Models, told
    from cxrdesk.inference.pixels import SHARED_FILMS, MappedFilms

    registry = load_registry(only, sites=() if site is None else (site,))
    inbox = _Inbox(stream)
    current = 0
    films = MappedFilms(SHARED_FILMS)
    models: Models | None = None
    wire.send(answers, {"type": "ready"})
    while (message := inbox.requests.get()) is not None:
        header, arrays = message
        current = int(header["request"])

        def cancelled(request: int = current) -> bool:
            return request in inbox.cancelled

        if models is None:
            folder = header.get("compiled")
            models = Models(registry, device=header["device"], compiled=Path(folder) if folder else None)
        models.cancelled, models.prove = cancelled, bool(header["prove"])
        try:
            answer, parts = _answer(models, films, header, arrays, answers)
            wire.send(answers, {"type": "result", "request": current, **answer}, parts)
        except CancelledError:
            wire.send(answers, {"type": "cancelled", "request": current})
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises becomes a failed job with its cause
            traceback.print_exc(file=sys.stderr)
            code, text = told(error)
            wire.send(answers, {"type": "error", "request": current, "code": code, "text": text})
        films.trim()
    if models is not None:
        models.close()
    films.close()


def _answer(
    models: Any, films: Any, header: dict[str, Any], arrays: list[NDArray[Any]], answers: BinaryIO
) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    def stage(name: str) -> None:
        wire.send(answers, {"type": "stage", "request": header["request"], "stage": name})

    shown = films.get(header["films"])
    if header["op"] == "segment":
        done = models.segment(header["model"], shown[0], stage)
        return _told(done), [done.mask.values]
    done = models.detect(header["model"], shown, _masks(header["masks"], arrays), stage, explain=header["explain"])
    maps, parts = _maps(done.maps)
    return _told(done) | {"probabilities": dict(done.prediction.probabilities), "maps": maps}, parts


def _told(done: Any) -> dict[str, Any]:
    told = {"device": done.device, "seconds_s": done.seconds_s, "note": done.note, "engine": done.engine}
    return told | {"proof": None if done.proof is None else list(done.proof)}


def _masks(told: list[list[str]], arrays: list[NDArray[Any]]) -> list[dict[str, Mask]]:
    parts = iter(arrays)
    return [{key: Mask(structure=key, values=next(parts)) for key in keys} for keys in told]


def _maps(
    maps: Sequence[tuple[SaliencyMap, Rendering | None]],
) -> tuple[list[dict[str, Any]], list[NDArray[Any]]]:
    told: list[dict[str, Any]] = []
    parts: list[NDArray[Any]] = []
    for item, drawn in maps:
        told.append(
            {
                "finding": item.finding,
                "film": int(item.film),
                "box": _sides(item.box),
                "rendering": None
                if drawn is None
                else {
                    "image": drawn.image is not None,
                    "contours": len(drawn.contours),
                    "boxes": [_sides(box) for box in drawn.boxes],
                },
            }
        )
        parts.append(item.values)
        if drawn is not None:
            parts += [drawn.image] if drawn.image is not None else []
            parts += list(drawn.contours)
    return told, parts


def _sides(box: Box) -> list[float]:
    return [float(side) for side in (box.x0, box.y0, box.x1, box.y1)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
