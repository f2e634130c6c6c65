"""A process and its three pipes, each served by a thread, so that neither side can block the other."""

from __future__ import annotations

import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO, Any

from numpy.typing import NDArray

from cxrdesk.imaging.words import shown_text
from cxrdesk.inference import wire
from cxrdesk.sandbox.start import Confined
from cxrdesk.sandbox.ways import Sandbox

_JOIN_S = 1.0
"""Where nothing ends a grandchild it may hold a pipe open for ever; its reader is a daemon and waits alone."""
_FULL_S = 0.1


class EndedError(Exception):
    """The process ended, or closed its answers; the text says how.

    Parameters
    ----------
    over_memory : bool
        Whether it was ended for taking too much memory.
    """

    def __init__(self, text: str, *, over_memory: bool = False) -> None:
        super().__init__(text)
        self.over_memory = over_memory


class PipedProcess:
    """A sandboxed process that speaks `cxrdesk.inference.wire` on its standard input and output.

    Parameters
    ----------
    command : sequence of str
    variables : mapping of str
        Added to the environment that `cxrdesk.sandbox.start.scrubbed` leaves.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, command: Sequence[str], sandbox: Sandbox, variables: Mapping[str, str]) -> None:
        self.confined = Confined(command, sandbox, variables)
        self.process = self.confined.process
        self._requests: queue.Queue[list[memoryview] | None] = queue.Queue()
        # One waits and one is read: a process that floods its host waits for it, and costs it two messages.
        self._answers: queue.Queue[wire.Message | wire.WireError | None] = queue.Queue(1)
        self._said: deque[str] = deque(maxlen=50)
        self._over = threading.Event()
        self._threads = [
            _started(_write, self.process.stdin, self._requests),
            _started(_read, self.process.stdout, self._answers, self._over),
            _started(_listen, self.process.stderr, self._said),
        ]

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.confined.alive

    def send(self, header: dict[str, Any], arrays: Sequence[NDArray[Any]] = ()) -> None:
        """Queue a message; raises WireError where it is none. A process that ended is noticed by `receive`."""
        self._requests.put(wire.packed(header, arrays))

    def receive(self, timeout_s: float) -> wire.Message | None:
        """Next message, or None after `timeout_s`.

        Raises
        ------
        EndedError
            If there will be no more.
        WireError
            If what came is no message.
        """
        try:
            message = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            return None
        if message is None:
            raise EndedError(self._end(), over_memory=self.confined.over_memory)
        if isinstance(message, wire.WireError):
            raise message
        return message

    def close(self, grace_s: float) -> None:
        """Close its input, which asks it to end; by force after `grace_s`."""
        self._requests.put(None)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=grace_s)
        self.kill()

    def kill(self) -> None:
        """End it at once, with all that it started."""
        self._over.set()
        self._requests.put(None)
        self.confined.release()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _end(self) -> str:
        try:
            how = _how(self.process.wait(timeout=_JOIN_S))
        except subprocess.TimeoutExpired:
            how = "closed its answers"
        self.kill()
        last = next((line for line in reversed(self._said) if line.strip()), "")
        return f"{how}. It last said: {shown_text(last)[:300]}" if last else f"{how}."


def _how(code: int) -> str:
    if code >= 0:
        # Windows gives faults as large numbers, known by their hexadecimal form.
        return f"ended with exit code {code}" if code < 256 else f"ended with exit code {code:#x}"
    try:
        return f"was ended by signal {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _started(work: Callable[..., None], *args: Any) -> threading.Thread:
    thread = threading.Thread(target=work, args=args, daemon=True, name=f"child{work.__name__}")
    thread.start()
    return thread


def _write(stream: IO[bytes], requests: queue.Queue[list[memoryview] | None]) -> None:
    # The process may end at any moment; that shows as the end of its answers.
    with suppress(OSError), stream:
        while (parts := requests.get()) is not None:
            for part in parts:
                stream.write(part)
            stream.flush()


def _read(stream: IO[bytes], answers: queue.Queue[wire.Message | wire.WireError | None], over: threading.Event) -> None:
    def hand(item: wire.Message | wire.WireError | None) -> None:
        while not over.is_set():
            with suppress(queue.Full):
                answers.put(item, timeout=_FULL_S)
                return

    try:
        with stream:
            while (message := wire.receive(stream)) is not None and not over.is_set():
                hand(message)
    except wire.WireError as error:
        hand(error)
    finally:
        hand(None)


def _listen(stream: IO[bytes], lines: deque[str]) -> None:
    with stream:
        # Bounded reads: a plugin that prints megabytes without a line end costs no memory.
        while line := stream.readline(4096):
            lines.append(line.decode("utf-8", "replace"))
