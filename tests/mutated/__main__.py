"""Opens a number of broken DICOM files and says how they ended; exits with 1 if one did not end as it must.

``python -m tests.mutated --count 10000 --seed 0`` takes about an hour of one core. A file must open or be refused in
one sentence, within 5 s and 1 GB; no crash, no hang, no traceback, no line in the log.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np

from tests.mutated.maker import Mutated, mutated
from tests.mutated.opener import LIMIT_MB, LIMIT_S, Ended, serve

_PATIENCE_S, _LONGEST_S = 3 * LIMIT_S, 300.0
"""Of the processor and of the clock, after which a file that hangs is given up."""


class Opener:
    """A process that opens files, and another one once it is gone."""

    def __init__(self) -> None:
        self._spawn = multiprocessing.get_context("spawn")
        self._process: BaseProcess | None = None
        self._ask: Connection | None = None

    def open(self, path: Path) -> Ended:
        """How a file ended; ``"crash"`` and ``"hang"`` too."""
        if self._process is None:
            self._begin()
        assert self._ask is not None
        assert self._process is not None
        self._ask.send(str(path))
        start, used = time.monotonic(), self._used_s()
        try:
            while self._used_s() - used < _PATIENCE_S and time.monotonic() - start < _LONGEST_S:
                if self._ask.poll(1.0):
                    ended: Ended = self._ask.recv()
                    return ended
            outcome = "hang"
        except (EOFError, ConnectionError):
            outcome = "crash"
        code = self._process.exitcode
        self.stop()
        return Ended(outcome=outcome, told=f"exit code {code}", seconds=_PATIENCE_S)

    def _used_s(self) -> float:
        """What the process had of the processor."""
        assert self._process is not None
        try:
            told = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def _begin(self) -> None:
        self._ask, theirs = self._spawn.Pipe()
        self._process = self._spawn.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._ask.recv()

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = None


def wrong(ended: Ended) -> str:
    """Why a file did not end as it must; empty where it did."""
    if ended.outcome in ("fault", "crash", "hang", "nothing"):
        return ended.outcome
    if ended.seconds > LIMIT_S:
        return "slow"
    return "large" if ended.peak_mb > LIMIT_MB else ""


def main(argv: list[str]) -> int:
    """Open the files, print a table of how they ended, and each that ended wrongly."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutated", description="Opens DICOM files broken on purpose.")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for files that end wrongly")
    chosen = parser.parse_args(argv)
    opener, ends, failed = Opener(), list[tuple[Mutated, Ended]](), 0
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "film.dcm")
        for number in range(chosen.first, chosen.first + chosen.count):
            file = mutated(number, seed=chosen.seed)
            path.write_bytes(file.content)
            ended = opener.open(path)
            if why := wrong(ended):
                failed += 1
                print(f"{number} ({file.source}; {', '.join(file.ways)}): {why}, {ended.seconds:.1f} s, "
                      f"{ended.peak_mb:.0f} MB, {ended.outcome}\n{ended.told}", flush=True)  # fmt: skip
                if chosen.keep is not None:
                    chosen.keep.mkdir(parents=True, exist_ok=True)
                    (chosen.keep / f"{chosen.seed}-{number}.dcm").write_bytes(file.content)
            ends.append((file, ended))
    opener.stop()
    _tell(ends, failed, time.monotonic() - start)
    return 1 if failed else 0


def _tell(ends: list[tuple[Mutated, Ended]], failed: int, seconds: float) -> None:
    for outcome, count in Counter(ended.outcome for _, ended in ends).most_common():
        print(f"{count:6} {outcome}")
    for way, count in sorted(Counter(way for file, _ in ends for way in file.ways).items()):
        print(f"{count:6} broken: {way}")
    took = np.array([ended.seconds for _, ended in ends])
    most = max(ended.peak_mb for _, ended in ends)
    usual, rare = np.median(took), np.quantile(took, 0.999)
    print(f"{len(ends)} files in {seconds:.0f} s: median {usual:.3f} s, 99.9 % {rare:.2f} s, "
          f"slowest {took.max():.2f} s, largest {most:.0f} MB; {failed} ended wrongly")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
