"""Commands in a sandbox, with namespaces and as on a machine that allows none."""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxrdesk.sandbox import start, watch
from cxrdesk.sandbox.protections import protections
from cxrdesk.sandbox.start import Confined
from cxrdesk.sandbox.ways import Sandbox, Way, scrubbed, why_not

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the keeper is POSIX")


@pytest.fixture(params=list(Way))
def held(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Way:
    """Every way in which this machine can hold a command, one after the other."""
    use(request.param, monkeypatch)
    return request.param


@pytest.fixture(params=[Way.NAMESPACES, Way.BUBBLEWRAP])
def inside(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Way:
    use(request.param, monkeypatch)
    return request.param


def use(which: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    if which is not Way.PLAIN and (reason := why_not(which)):
        pytest.skip(f"this machine allows no {which}: {reason}")
    monkeypatch.setattr(start, "way", lambda: which)


def ran(code: str, sandbox: Sandbox | None = None) -> tuple[int, str, str]:
    """Exit code, output and errors of Python code."""
    command = [sys.executable, "-I", "-S", "-c", code]
    confined = Confined(command, sandbox or Sandbox(), {"GIVEN": "yes"}, asked=False)
    out, err = confined.process.communicate(timeout=60)
    confined.release()
    return confined.process.returncode, out.decode(), err.decode()


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize(
    ("code", "ended"),
    [
        ("", 0),
        ("import os; os._exit(7)", 7),
        ("import os; os.abort()", -signal.SIGABRT),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
    ],
)
def test_a_command_ends_as_it_would_alone(code: str, ended: int) -> None:
    assert ran(code)[0] == ended


def test_what_a_command_is_told(held: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    monkeypatch.setenv("USER", "somebody")
    code = "import json, os; open('own', 'w').close(); print(json.dumps([dict(os.environ), os.getcwd(), os.listdir()]))"
    ended, out, err = ran(code)
    assert (ended, err) == (0, "")
    environment, folder, files = json.loads(out)
    assert environment["GIVEN"] == "yes"
    assert environment["HOME"] == environment["TMPDIR"] == folder
    assert environment.pop("PWD", folder) == folder  # bubblewrap says it
    assert not {"AWS_SECRET_ACCESS_KEY", "USER", "CXRDESK_HOME"} & environment.keys()
    assert set(environment) <= set(scrubbed("")) | {"GIVEN", "LC_CTYPE"}
    assert files == ["own"] if held is Way.PLAIN else "own" in files
    assert not Path(folder, "own").exists()


def test_what_a_command_sees_of_this_machine(tmp_path: Path, inside: Way) -> None:
    for name in ("shown", "hidden"):
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to(tmp_path / "shown")
    code = f"""
import json, os, socket
def tried(do, *given):
    try: return str(do(*given))
    except OSError as error: return type(error).__name__
told = [tried(open, {str(tmp_path)!r} + "/" + name) for name in ("shown", "link", "hidden")]
told += [tried(open, {str(tmp_path / "shown")!r}, "w"), tried(os.mkdir, "/usr/new"), tried(os.mkdir, "/new")]
told += [os.getuid() != 0, tried(os.setuid, 0), sorted(n for n in os.listdir("/proc") if n.isdecimal())]
print(json.dumps(told))
"""
    ended, out, err = ran(code, Sandbox(readable=(tmp_path / "shown", tmp_path / "link")))
    assert (ended, err) == (0, "")
    told = json.loads(out)
    assert "TextIOWrapper" in told[0]
    assert "TextIOWrapper" in told[1]
    assert told[2] == "FileNotFoundError"
    assert told[3:6] == ["OSError", "OSError", "OSError"]
    assert told[6:] == [True, "OSError", ["1", "2"]]


@pytest.mark.usefixtures("held")
def test_what_is_named_may_be_written(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    ended, _, err = ran(f"open({str(folder / 'kept')!r}, 'w').write('kept')", Sandbox(writable=(folder,)))
    assert (ended, err) == (0, "")
    assert (folder / "kept").read_text() == "kept"


LEAVES_GRANDCHILDREN = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.closerange(0, 3)
            time.sleep(1000)
        os._exit(0)
print("left", flush=True)
time.sleep(END)
"""


def started(code: str, sandbox: Sandbox | None = None) -> Confined:
    confined = Confined([sys.executable, "-I", "-S", "-c", code], sandbox or Sandbox(), {}, asked=False)
    assert confined.process.stdout is not None
    assert confined.process.stdout.readline() == b"left\n"
    return confined


def closed(confined: Confined) -> None:
    for stream in (confined.process.stdout, confined.process.stderr):
        assert stream is not None
        stream.close()


def gone(pids: list[int]) -> bool:
    end = time.monotonic() + 5
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("end", ["by-itself", "killed", "stopped", "orphaned"])
def test_nothing_outlives_a_command(end: str) -> None:
    confined = started(LEAVES_GRANDCHILDREN.replace("END", "0.5" if end == "by-itself" else "1000"))
    pids = watch.tree(confined.process.pid)
    assert len(pids) >= 5
    if end == "stopped":
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
    if end == "orphaned":  # as when the host was killed: its end of the lifeline closes
        os.close(confined._lifeline)
        confined._lifeline = None
        confined.process.wait(timeout=5)
    elif end != "by-itself":
        confined.kill()
    else:
        confined.process.wait(timeout=30)
    confined.release()
    assert gone(pids)
    closed(confined)


@pytest.mark.usefixtures("held")
def test_too_much_memory_ends_it() -> None:
    code = "print('left', flush=True); kept = [b'1' * (1 << 20) for _ in range(10_000)]"
    confined = started(f"{code}\nimport time; time.sleep(1000)", Sandbox(memory_mb=200))
    confined.process.wait(timeout=60)
    confined.release()
    assert confined.over_memory
    closed(confined)


@pytest.mark.usefixtures("held")
def test_a_limit_on_addresses_and_on_what_is_written() -> None:
    code = (
        "import mmap\ntry: mmap.mmap(-1, 1 << 32)\nexcept OSError as error: print(error)\n"
        "open('f', 'wb').write(bytes(1 << 22))"
    )
    ended, out, err = ran(code, Sandbox(address_mb=1024, folder_mb=1))
    assert ended == 1
    assert "Cannot allocate memory" in out
    assert "OSError" in err


def test_a_sandbox_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    use(Way.NAMESPACES, monkeypatch)
    made = start.plan
    # No file system is so small.
    monkeypatch.setattr(start, "plan", lambda *given: made(*given) | {"folder_mb": -1})
    ended, _, err = ran("")
    assert ended == 97
    assert "the sandbox could not be made" in err


@pytest.mark.parametrize("inside", [True, False])
def test_protections_are_told_as_they_are(monkeypatch: pytest.MonkeyPatch, inside: bool) -> None:
    room = "cxrdesk.sandbox.protections"
    monkeypatch.setattr(f"{room}.way", lambda: Way.BUBBLEWRAP if inside else Way.PLAIN)
    monkeypatch.setattr(f"{room}.why_not", lambda which: "unshare: Operation not permitted")
    told = {item.code: item for item in protections()}
    assert told["network"].holds is told["files"].holds is inside
    assert told["time"].holds
    for item in told.values():
        assert item.text.endswith(".")
        assert item.holds == (item.why_not == "")
    if not inside:
        assert "Operation not permitted" in told["network"].why_not


@pytest.fixture(autouse=True)
def _no_folder_left() -> Iterator[None]:
    before = set(Path(tempfile.gettempdir()).glob("cxrdesk-plugin-*"))
    yield
    assert {path for path in Path(tempfile.gettempdir()).glob("cxrdesk-plugin-*") if path not in before} == set()
