"""pip in .venv: under the user's configuration or from a kit alone, with progress and one-sentence failures."""

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cxrdesk_setup.errors import DISK, NETWORK, PACKAGES, SetupError
from cxrdesk_setup.home import Home

FAILURES = (  # the first that occurs in pip's output wins
    (
        DISK,
        r"No space left on device|Errno 28\b|WinError 112\b|Disk quota exceeded",
        "The disk is full: free some space and run the same command again.",
    ),
    (
        DISK,
        r"Permission denied|Read-only file system|Access is denied",
        "The folder cannot be written: copy cxrdesk to a folder of your own and run it there.",
    ),
    (
        PACKAGES,
        r"DO NOT MATCH THE HASHES",
        "A download was damaged: run the same command again, after `pip cache purge` if it happens twice.",
    ),
    (
        NETWORK,
        r"CERTIFICATE_VERIFY_FAILED",
        "The package index's certificate is not trusted: give pip your network's (pip config set global.cert FILE).",
    ),
    (
        NETWORK,
        r"(?m)Retry\(total=0|Max retries exceeded"
        r"|^(?:ERROR|error|pip\._vendor).*(?:Connect|Timeout|Network|Proxy|IncompleteRead|incomplete-download)",
        "The package index could not be reached: connect to the network (or give pip its proxy or index-url) and run "
        "the same command again, or set up from a kit with --from DIR.",
    ),
    (
        PACKAGES,
        r"(?:No matching distribution found for|no matching distributions available for your environment:)\s+"
        r"(?P<what>\S+)",
        "Where pip looks there is no {what} in the version of constraints.txt for this Python and machine: correct "
        "--cpu-index or pip's index-url, or use another of the Pythons that cxrdesk supports.",
    ),
    (
        PACKAGES,
        r"Cannot install (?P<what>.+) because these package versions have conflicting dependencies",
        "Where pip looks there are no versions of {what} that agree with constraints.txt: correct --cpu-index or pip's "
        "index-url; setup.log in .venv names them.",
    ),
)


def classify(output: str, log: Path) -> SetupError:
    """Return the failure that pip's whole `output` tells of, as one sentence with what to do."""
    for code, pattern, text in FAILURES:
        if match := re.search(pattern, output):
            return SetupError(code, text.format(**match.groupdict()))
    raised = re.findall(r"(?m)^\s+(\w*(?:Error|Exception): .+)$", output)  # indented: in a build that pip started
    errors = raised or re.findall(r"(?m)^(?:ERROR|error): (.+)$", output)
    reason = f": {errors[-1].rstrip('.')}" if errors else ""
    return SetupError(PACKAGES, f"The installation failed{reason}; {log} has the whole story.")


class Progress:
    """pip's output as one status line: rewritten on a terminal, repeated every 15 s elsewhere."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._terminal = stream, stream.isatty()
        self._start = self._shown = time.monotonic()
        self._file, self._file_bytes, self._earlier_bytes = "", 0, 0
        self.status = "looking up versions"

    def feed(self, line: str) -> None:
        """Take one line of pip's output."""
        if match := re.match(r"Progress (\d+) of (\d+)", line):
            self._file_bytes = int(match[1])
            size = f" of {int(match[2]) / 1e6:.0f}" if int(match[2]) else ""
            total = (self._earlier_bytes + self._file_bytes) / 1e6
            self.status = (
                f"downloading {self._file}: {self._file_bytes / 1e6:.0f}{size} MB ({total:.0f} MB in all so far)"
            )
        elif match := re.match(r"\s*Downloading (?:\S*/)?([^-\s]+-[^-\s]+)", line):
            self._earlier_bytes += self._file_bytes
            self._file, self._file_bytes = match[1], 0
        elif match := re.match(r"\s*(Building \S+ for \S+)", line):
            self.status = match[1].lower()
        elif line.startswith("Installing collected packages:"):
            self.status = f"unpacking {line.count(',') + 1} packages into .venv"

    def show(self) -> None:
        """Show the status if it is time to."""
        now = time.monotonic()
        if now - self._shown < (0.2 if self._terminal else 15):
            return
        self._shown, elapsed_s = now, int(now - self._start)
        self._write(f"  {elapsed_s // 60}:{elapsed_s % 60:02d}  {self.status}")

    def close(self) -> None:
        """Leave a terminal's line empty."""
        if self._terminal:
            self._write("")
            self._stream.write("\r")

    def _write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._stream.write("\r" + text[:width].ljust(width) if self._terminal else text + "\n")
        self._stream.flush()


def clean_environment() -> dict[str, str]:
    """Return the environment without what would send .venv's Python to other packages."""
    astray = ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if name not in astray}


@dataclass(frozen=True)
class Pip:
    """pip in `home`'s .venv, whose packages are in `packages`; with `kit`, from that folder and nothing else.

    `lock` is .venv's: pip inherits it, so that it is held until pip has ended, whatever becomes of this process.
    """

    home: Home
    packages: Path
    lock: int
    kit: Path | None = None

    @property
    def log(self) -> Path:
        """The file that gets all that pip says."""
        return self.home.venv / "setup.log"

    def environment(self, scratch: Path) -> dict[str, str]:
        """Return pip's environment; `scratch` is where it unpacks, since /tmp is often a small disk in memory."""
        environ = clean_environment()
        if self.kit:  # no configured index may be asked
            environ = {name: value for name, value in environ.items() if not name.upper().startswith("PIP_")}
            environ["PIP_CONFIG_FILE"] = os.devnull
        for name in ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT"):
            environ.pop(name, None)
        fixed = {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "TMPDIR": str(scratch)}
        return {**environ, **fixed}

    def command(self, verb: str, *arguments: str) -> list[str]:
        """Return the command line of one pip `verb`."""
        options = ["--no-build-isolation", "--constraint", str(self.home.constraints)]
        if (self.version() or (0, 0)) >= (24, 1):
            options += ["--progress-bar", "raw"]
        if self.kit:
            options += ["--no-index", "--find-links", str(self.kit / "wheels")]
        return [str(self.home.python), "-m", "pip", verb, *options, *arguments]

    def version(self) -> tuple[int, int] | None:
        """Return the version of the pip that is wholly there, or None."""
        found = [re.match(r"pip-(\d+)\.(\d+)", info.name) for info in self.packages.glob("pip-*.dist-info")]
        return max(((int(match[1]), int(match[2])) for match in found if match), default=None)

    def run(self, verb: str, *arguments: str) -> None:
        """Run one pip `verb`; raises SetupError with the cause where it fails."""
        scratch = self.home.venv / "tmp"
        scratch.mkdir(exist_ok=True)
        posix: dict[str, Any] = {"start_new_session": True, "pass_fds": (self.lock,)} if os.name == "posix" else {}
        process = subprocess.Popen(
            self.command(verb, *arguments),
            env=self.environment(scratch),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            **posix,
        )
        try:
            output = self._follow(process)
        except BaseException:  # Ctrl-C: in their own session, pip and its builds get one interrupt and tidy up
            if os.name == "posix":
                os.killpg(process.pid, signal.SIGINT)
            else:
                process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if process.returncode:
            raise classify(output, self.log)

    def _follow(self, process: "subprocess.Popen[str]") -> str:
        assert process.stdout is not None
        lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
        progress, output = Progress(sys.stdout), []
        with self.log.open("a", encoding="utf-8") as log:
            while True:
                try:
                    line = lines.get(timeout=0.2)
                except queue.Empty:
                    progress.show()
                    continue
                if line is None:
                    break
                progress.feed(line)
                progress.show()
                if not line.startswith("Progress "):
                    log.write(line)
                    output.append(line)
        progress.close()
        process.wait()
        return "".join(output)


def _read(stream: IO[str], lines: "queue.Queue[str | None]") -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)
