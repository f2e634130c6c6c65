"""pip's output: failures as one sentence, progress as one line, and pip's command under a kit."""

import io
import os
import re
from pathlib import Path

import pytest
from cxrdesk_setup import pip_runner
from cxrdesk_setup.errors import DISK, NETWORK, PACKAGES
from cxrdesk_setup.home import Home
from cxrdesk_setup.pip_runner import Pip, Progress, classify

RETRY = (
    "WARNING: Retrying (Retry(total={}, connect=None, read=None, redirect=None, status=None)) after connection broken "
    "by 'NewConnectionError(\"HTTPConnection(host='127.0.0.1', port=9): Failed to establish a new connection\")': /x/\n"
)
CONFLICT = (
    "ERROR: Cannot install torch because these package versions have conflicting dependencies.\n\n"
    "The conflict is caused by:\n    The user requested torch\n    The user requested (constraint) torch==2.15.0\n\n"
)
ABSENT = (
    "Additionally, some packages in these conflicts have no matching distributions available for your environment:\n"
    "    torch\n\nTo fix this you could try to:\n1. loosen the range of package versions you've specified\n"
)
SEE = "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io\n"
OUTPUTS = [  # as pip 23.2 and 26.3 write them
    ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", DISK, "disk is full"),
    ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'", DISK, "of your own"),
    (RETRY.format(1) + RETRY.format(0) + CONFLICT + ABSENT + SEE, NETWORK, "--from DIR"),
    (RETRY.format(0) + "ERROR: No matching distribution found for torch==2.15.0", NETWORK, "could not be reached"),
    (RETRY.format(4) + CONFLICT + ABSENT + SEE, PACKAGES, "no torch in the version of constraints.txt"),
    (CONFLICT + SEE, PACKAGES, "no versions of torch that agree with"),
    ("ERROR: No matching distribution found for torch==2.15.0", PACKAGES, "no torch==2.15.0 in the version"),
    ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", PACKAGES, "download was damaged"),
    ("Building x\nERROR: Failed building wheel for x\n", PACKAGES, "failed: Failed building wheel for x; .*setup.log"),
    (
        "        raise OSError(message)\n      OSError: Readme file does not exist: README.md\n      [end of output]\n"
        "error: metadata-generation-failed\n\n× Encountered error while generating package metadata.\n",
        PACKAGES,
        "failed: OSError: Readme file does not exist: README.md; ",
    ),
    ("", PACKAGES, "setup.log has the whole story"),
]


@pytest.mark.parametrize(("output", "code", "says"), OUTPUTS)
def test_a_failure_becomes_one_sentence(output: str, code: int, says: str) -> None:
    error = classify(output, Path("setup.log"))
    assert error.code == code
    assert re.search(says, str(error))
    assert "\n" not in str(error)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


LINES = [
    "Collecting numpy==2.4.6",
    "  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_28_x86_64.whl (16.6 MB)",
    "Progress 0 of 16600000",
    "Progress 16600000 of 16600000",
    "  Downloading torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl (500.0 MB)",
    "Progress 250000000 of 500000000",
]


def test_progress_adds_up_files(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr(pip_runner.time, "monotonic", lambda: next(clock))
    progress = Progress(stream)
    for line in LINES:
        progress.feed(line)
        progress.show()
    progress.feed("Installing collected packages: numpy, torch")
    progress.show()
    progress.close()
    shown = stream.getvalue().splitlines()
    assert shown[-2].endswith("  downloading torch-2.15.0: 250 of 500 MB (267 MB in all so far)")
    assert shown[-1] == "  2:20  unpacking 2 packages into .venv"


def test_progress_stays_on_one_line_of_a_terminal_and_leaves_it_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    clock = iter(range(100))
    monkeypatch.setattr(pip_runner.time, "monotonic", lambda: next(clock))
    progress = Progress(stream)
    for line in LINES:
        progress.feed(line)
        progress.show()
    progress.close()
    assert "\n" not in stream.getvalue()
    assert stream.getvalue().rsplit("\r", 2)[1].strip() == ""


def test_a_log_is_not_flooded() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    for line in LINES * 50:
        progress.feed(line)
        progress.show()
    assert stream.getvalue() == ""


def test_from_a_kit_no_configured_index_is_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://index.invalid")
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    home = Home(tmp_path, tmp_path / "constraints.txt", checkout=True)
    online, offline = Pip(home, tmp_path, 0), Pip(home, tmp_path, 0, kit=tmp_path / "my kit")
    assert online.environment(tmp_path)["PIP_EXTRA_INDEX_URL"] == "http://index.invalid"
    environ = offline.environment(tmp_path)
    assert "PIP_EXTRA_INDEX_URL" not in environ
    assert "PYTHONPATH" not in environ
    assert environ["PIP_CONFIG_FILE"] == os.devnull
    assert ["--no-index", "--find-links", str(tmp_path / "my kit" / "wheels")] == offline.command("install", "x")[-4:-1]
    assert "--no-index" not in online.command("install", "x")


@pytest.mark.parametrize(("version", "tells"), [("23.2.1", False), ("24.1", True), ("26.3", True), (None, False)])
def test_progress_is_asked_of_a_pip_that_tells_it(tmp_path: Path, version: str | None, tells: bool) -> None:
    if version:
        (tmp_path / f"pip-{version}.dist-info").mkdir()
    pip = Pip(Home(tmp_path, tmp_path / "constraints.txt", checkout=True), tmp_path, 0)
    assert ("--progress-bar" in pip.command("install", "x")) is tells
