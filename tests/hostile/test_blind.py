"""Hostile plugins written by somebody who had not seen the other tests: each case broke a promise once."""

from __future__ import annotations

import os
import socket
import sys
import textwrap
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from cxrdesk.discovery.answer import MOST_MODELS
from cxrdesk.discovery.listing import list_plugins
from cxrdesk.discovery.registry import Registry
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.resources import resource
from cxrdesk.inference.pipeline import FilmAnalysis, Options
from cxrdesk.inference.result import DetectorResult, Status
from cxrdesk.inference.runners import ChildRunner
from cxrdesk.packages.requirements import MetadataError, Site
from cxrdesk.sandbox import watch
from cxrdesk.sandbox.start import Confined
from cxrdesk.sandbox.ways import Sandbox, Way, way
from cxrdesk.studies.importers import read_film

HEAD = """
import ctypes, fcntl, json, os, signal, struct, sys, time
import numpy as np
from cxrdesk.api import Detector, DetectorSpec, FilmScope, InputSpec, Prediction, hookimpl
CXRDESK_API = "1.0"

def outlet():
    for fd in range(3, 64):
        try:
            if fcntl.fcntl(fd, fcntl.F_GETFL) & 3 == 1 and os.fstat(fd).st_ino != os.fstat(2).st_ino:
                return fd
        except OSError:
            pass

def request():
    frame = sys._getframe()
    while frame.f_code.co_name != "serve":
        frame = frame.f_back
    return frame.f_locals["current"]

def send(**told):
    said = {"type": "result", "request": request(), "device": "cpu", "seconds_s": 0.1, "note": "", "engine": ""}
    said |= {"proof": None, "probabilities": {"opacity": 0.5}, "maps": [], "arrays": []} | told
    text = json.dumps(said).encode()
    data = struct.pack("<4sI", b"CXR1", len(text)) + text + bytes(4)
    while data:
        data = data[os.write(outlet(), data):]
    time.sleep(60)

def spec(**told):
    known = dict(id="hostile", version="1.0", name="Hostile", looks_for="Nothing.", findings=("opacity",))
    known |= dict(scope=FilmScope(views=("chest-frontal", "chest-ap", "chest-pa"), stated_view=False))
    known |= dict(input=InputSpec(size=(32, 32), percentiles=(0, 100), mean=0.0, std=1.0))
    return DetectorSpec(**(known | told))
"""
TAIL = """
class Hostile(Detector):
    spec = spec(**globals().get("SPEC", {}))
    def predict(self, inputs):
        attack()
        return Prediction(probabilities={"opacity": 0.5})

@hookimpl
def cxrdesk_detectors():
    return [Hostile]
"""
ENTRY = b"[cxrdesk.plugins]\nhostile = hostile_plugin\n"
METADATA = b"Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n"
IN_NAMESPACES = pytest.mark.skipif(way() is not Way.NAMESPACES, reason="needs namespaces of our own making")


def made(
    folder: Path, body: str = "def attack(): pass", *, tail: str = TAIL, entry: bytes = ENTRY, meta: bytes = METADATA
) -> Path:
    """A site with one plugin."""
    info = folder / "hostile_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "hostile_plugin.py").write_text(HEAD + textwrap.dedent(body) + tail)
    (info / "METADATA").write_bytes(meta)
    (info / "entry_points.txt").write_bytes(entry)
    return folder


def good(folder: Path) -> Path:
    """A site with a plugin that is as it should be."""
    site = made(folder, 'SPEC = dict(id="good")\ndef attack(): pass')
    info = site / "hostile_plugin-1.0.dist-info"
    (site / "hostile_plugin.py").rename(site / "good_plugin.py")
    (info / "METADATA").write_bytes(METADATA.replace(b"hostile", b"good"))
    (info / "entry_points.txt").write_bytes(b"[cxrdesk.plugins]\ngood = good_plugin\n")
    return site


def listed(*sites: Path, cache: Path | None = None, only: tuple[str, ...] = ("good", "hostile")) -> Registry:
    """What is listed of these sites alone."""
    return list_plugins(only, sites=sites, cache=cache)


@pytest.fixture(scope="module")
def film() -> Radiograph:
    """A film that every plugin here may see."""
    return read_film(resource("samples") / "adult" / "chest-pa.dcm").load()


def asked(folder: Path, film: Radiograph, body: str, *, device: str = "cpu") -> DetectorResult:
    """The answer of a hostile detector, with a second film asked to show that its child can be started again."""
    registry = listed(made(folder / "site", body), only=("hostile",))
    runner = ChildRunner(registry, device=device, limit_s=8, memory_mb=700)
    try:
        analysis = FilmAnalysis(replace(film), registry, runner, options=Options())
        return analysis.detect(registry.detectors[0])
    finally:
        child = runner.children.get(("hostile",))
        if child is not None:
            child.kill()
        runner.close()


@pytest.mark.parametrize(
    ("entry", "meta"),
    [
        (ENTRY + b"# \xff\xfe\n", METADATA),
        (ENTRY, METADATA + b"Summary: \xff\xfe\n"),
        (b"[cxrdesk.plugins]\nhostile = !!!\n", METADATA),
        (ENTRY, METADATA.replace(b"hostile", b"../../../../../../root")),
        (ENTRY, METADATA.replace(b"hostile", b"--site")),
        (ENTRY, METADATA.replace(b"hostile", b"a\0b")),
    ],
    ids=["entry-points", "metadata", "entry", "path", "option", "zero"],
)
def test_broken_metadata_costs_no_other_plugin(tmp_path: Path, entry: bytes, meta: bytes) -> None:
    bad = made(tmp_path / "bad", entry=entry, meta=meta)
    registry = listed(bad, good(tmp_path / "good"), cache=tmp_path / "cache" / "listing.json")
    assert [plugin.name for plugin in registry.plugins] == ["good"]
    assert [failure.code for failure in registry.failures] == ["bad-metadata"]
    assert registry.failures[0].name.isprintable()


def test_metadata_of_many_spaces_is_read_at_once(tmp_path: Path) -> None:
    meta = METADATA.replace(b"1.0", b"1" + b" " * 380_000 + b"x")
    done = threading.Thread(target=lambda: listed(made(tmp_path / "bad", meta=meta)), daemon=True)
    done.start()
    done.join(20)
    assert not done.is_alive()


def test_a_link_to_nowhere_and_deep_folders_cost_no_other_plugin(tmp_path: Path) -> None:
    bad = made(tmp_path / "bad")
    (bad / "hostile_plugin").mkdir()
    (bad / "hostile_plugin.py").rename(bad / "hostile_plugin" / "__init__.py")
    (bad / "hostile_plugin" / ".#lock").symlink_to("nowhere")
    start = os.open(bad / "hostile_plugin", os.O_RDONLY)
    for _ in range(600):
        os.mkdir("a", dir_fd=start)
        inner = os.open("a", os.O_RDONLY, dir_fd=start)
        os.close(start)
        start = inner
    os.close(start)
    registry = listed(bad, good(tmp_path / "good"), cache=tmp_path / "cache" / "listing.json")
    assert [plugin.name for plugin in registry.plugins] == ["good", "hostile"]


@pytest.mark.parametrize(
    "spec", ['name="A\\nB"', 'name="W" * 5000', 'looks_for="W" * 5000', 'version="1" * 5000'], ids=lambda s: s[:10]
)
def test_words_that_fill_the_screen_are_refused(tmp_path: Path, spec: str) -> None:
    registry = listed(made(tmp_path / "bad", f"SPEC = dict({spec})\ndef attack(): pass"))
    assert [failure.code for failure in registry.failures] == ["bad-listing"]


def test_hundreds_of_detectors_are_refused(tmp_path: Path) -> None:
    body = f"""
        @hookimpl
        def cxrdesk_detectors():
            told = dict(predict=lambda self, inputs: None)
            return [type("D", (Detector,), told | dict(spec=spec(id=f"d-{{i}}"))) for i in range({MOST_MODELS + 1})]
    """
    registry = listed(made(tmp_path / "bad", body, tail=""))
    assert [failure.code for failure in registry.failures] == ["bad-listing"]


SAID = {
    "dtype": "send(arrays=[{'dtype': '<b>\\x1b[31m\\u202e' + 'W' * 900_000, 'shape': [1]}])",
    "finding": "send(probabilities={'\\x1b]0;x\\x07\\u202e' + 'W' * 900_000: 7})",
    "keys": "send(probabilities={f'k{i}': 0.5 for i in range(20_000)})",
    "values": "send(x=[[]] * 300_000)",
    "number": "send(seconds_s='<img>' + 'W' * 900_000)",
    "huge": "send(probabilities={'opacity': 10**400})",
    "infinite": "send(maps=[dict(finding='opacity', film=float('inf'), box=[0, 0, 1, 1], rendering=None)],"
    " arrays=[{'dtype': '<f4', 'shape': [1, 1]}])",
    "side": "send(maps=[dict(finding='opacity', film=0, box=[0, 0, 1, 1], rendering=None)],"
    " arrays=[{'dtype': '<f4', 'shape': [0, 100_000]}])",
    "zigzag": "send(maps=[dict(finding='opacity', film=0, box=[0, 0, 1, 1],"
    " rendering=dict(image=False, contours=0, boxes=[[0, 0, 1, 1]] * 500))],"
    " arrays=[{'dtype': '<f4', 'shape': [1, 1]}])",
    "stage": "send(type='stage', stage=[])",
}


@pytest.mark.parametrize("how", SAID)
def test_an_answer_that_is_none_is_told_in_one_short_line(tmp_path: Path, film: Radiograph, how: str) -> None:
    result = asked(tmp_path, film, f"def attack():\n    {SAID[how]}")
    assert (result.status, result.reasons[0].code) == (Status.FAILED, "bad-answer")
    text = result.reasons[0].text
    assert len(text) <= 500
    assert text.isprintable()


def test_last_words_are_printable(tmp_path: Path, film: Radiograph) -> None:
    body = "def attack():\n    os.write(2, '\\x1b[31m\\x1b]0;t\\x07\\u202e bidi'.encode()); os._exit(3)"
    result = asked(tmp_path, film, body)
    assert result.reasons[0].code == "child-died"
    assert result.reasons[0].text.isprintable()
    assert "bidi" in result.reasons[0].text


@IN_NAMESPACES
def test_the_kernel_is_not_set_up_from_within(tmp_path: Path, film: Radiograph) -> None:
    body = """
        def attack():
            found = []
            for name in ("/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger"):
                try:
                    os.close(os.open(name, os.O_WRONLY))  # nothing is written, whatever the answer
                    found.append(name)
                except OSError:
                    pass
            libc = ctypes.CDLL(None, use_errno=True)
            if (pid := os.fork()) == 0:
                os._exit(0 if libc.unshare(0x10000000) == 0 else 1)
            if os.waitpid(pid, 0)[1] == 0:
                found.append("namespaces")
            found.append(os.uname().nodename)
            raise RuntimeError(f"found {found}")
    """
    result = asked(tmp_path, film, body)
    assert "found ['plugin']" in result.reasons[0].text
    assert socket.gethostname() != "plugin"


@IN_NAMESPACES
@pytest.mark.skipif(os.uname().machine not in ("x86_64", "aarch64"), reason="numbers of calls are not known here")
def test_memory_that_nobody_is_seen_to_hold_is_refused(tmp_path: Path, film: Radiograph) -> None:
    body = """
        def attack():
            try:
                os.memfd_create("hidden")
            except OSError as error:
                first = error.strerror
            libc = ctypes.CDLL(None, use_errno=True)
            raise RuntimeError(f"{first}, {libc.shmget(0, 1 << 20, 0o1600)}")
    """
    assert "Function not implemented, -1" in asked(tmp_path, film, body).reasons[0].text


@pytest.mark.skipif(sys.platform != "linux", reason="looks in /proc")
def test_memory_of_a_thousand_generations_is_seen() -> None:
    script = "import os, time\nfor _ in range(300):\n    if os.fork():\n        break\ntime.sleep(20)"
    confined = Confined([sys.executable, "-I", "-S", "-c", script], Sandbox(memory_mb=60_000), {}, asked=False)
    try:
        limit = sys.getrecursionlimit()
        for _ in range(200):
            if len(watch.tree(confined.process.pid)) > 300:
                break
            threading.Event().wait(0.05)
        sys.setrecursionlimit(200)
        try:
            assert len(watch.tree(confined.process.pid)) > 300
        finally:
            sys.setrecursionlimit(limit)
    finally:
        confined.release()
        for stream in (confined.process.stdout, confined.process.stderr):
            assert stream is not None
            stream.close()


INFO = "hidden-1.0.dist-info"
PURE = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def test_a_plugin_that_is_named_in_another_way_is_seen() -> None:
    texts = {f"{INFO}/METADATA": "Name: hidden\nVersion: 1\n", f"{INFO}/WHEEL": PURE}
    texts |= {f"{INFO}/entry_points.txt": "[]cxrdesk.plugins]\nhidden = hidden\n"}
    assert Site.read(list(texts), texts).plugins == {"hidden"}


def test_a_tag_that_stands_for_billions_is_not_spelt_out() -> None:
    many = "-".join(".".join(f"{letter}{i}" for i in range(2000)) for letter in "abc")
    texts = {f"{INFO}/METADATA": "Name: hidden\nVersion: 1\n", f"{INFO}/WHEEL": f"Tag: {many}\n"}
    with pytest.raises(MetadataError, match="another system"):
        Site.read(list(texts), texts)
