"""The hostile plugins: each a distribution of its own, which misbehaves on films of patients of four and older."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.wheels import unpack, wheel

HEAD = """
import ctypes, mmap, os, signal, socket, struct, subprocess, sys, threading, time
from dataclasses import replace
from pathlib import Path
import numpy as np
from cxrdesk.api import *
from cxrdesk.api import hookimpl
from cxrdesk.api.version import API_VERSION

CXRDESK_API = API_VERSION
KEPT = []

def fine():
    return Prediction(probabilities={"pneumonia": 0.25})

def unchecked(kind, **parts):
    made = object.__new__(kind)
    for name, value in parts.items():
        object.__setattr__(made, name, value)
    return made

def maps_of(values, box, **parts):
    return [unchecked(SaliencyMap, **({"finding": "pneumonia", "values": values, "box": box, "film": 0} | parts))]

class Hostile(Detector):
    spec = DetectorSpec(
        id="hostile", version="1.0", name="Hostile", looks_for="trouble", scope=FilmScope(views=("chest-frontal",)),
        input=InputSpec(size=(16, 16)), evidence=Evidence.SYNTHETIC, findings=("pneumonia",),
        saliency=Saliency(method="none"),
    )

    def prepare(self, films, masks):
        self.film, self.bad = films[0], films[0].patient_age_years >= 4
        return super().prepare(films, masks)

    def predict(self, inputs):
        return (self.misbehave(inputs) if self.bad else None) or fine()

    def explain(self, inputs, finding):
        values = np.ones((4, 4), np.float32)
        return (self.mislead(inputs[0].box) if self.bad else None) or [SaliencyMap(finding=finding, values=values)]

    def misbehave(self, inputs):
        return None

    def mislead(self, box):
        return None
"""
TAIL = """

@hookimpl
def cxrdesk_detectors():
    return Hostile.__subclasses__()
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way to misbehave.

    Parameters
    ----------
    body : str
        Body of ``misbehave``, or of ``mislead`` where `maps` is true.
    code : str
        Code of the failure; empty where the answer is as good as ever.
    words : str
        Part of the sentence that is shown.
    limit_s : float
        Time limit of one film.
    """

    body: str
    code: str = ""
    words: str = ""
    maps: bool = False
    limit_s: float = 1.0


MEMORY_S = 20.0
"""Taking memory takes time on a machine that is busy."""
SEND = """
        def send(text, magic=b"CXR1"):
            for handle in range(3, 20):
                try: os.write(handle, struct.pack("<4sI", magic, len(text)) + text)
                except OSError: pass
"""
DYING = {
    "segfaults": Case(body="ctypes.string_at(0)", code="child-died", words="SIGSEGV"),
    "exits": Case(body="os._exit(7)", code="child-died", words="exit code 7"),
    "aborts": Case(body="os.abort()", code="child-died", words="SIGABRT"),
    "loops": Case(body="while True: pass", code="time-limit", words="did not answer within its time limit"),
    "holds-the-interpreter": Case(
        body="ctypes.PyDLL(None).sleep(1000)", code="time-limit", words="did not answer within its time limit"
    ),
    "answers-late": Case(
        body="time.sleep(1.5)", code="time-limit", words="did not answer within its time limit"
    ),
    "stops-itself": Case(body="os.kill(os.getpid(), signal.SIGSTOP)", code="time-limit", words="time limit"),
    "allocates-20-gb": Case(
        body="for _ in range(1280): KEPT.append(np.ones(1 << 21))",
        code="memory-limit", words="MB of memory", limit_s=MEMORY_S,
    ),
    "allocates-shared-memory": Case(
        body="for _ in range(1280): m = mmap.mmap(-1, 1 << 24); m.write(bytes(1 << 24)); KEPT.append(m)",
        code="memory-limit", words="MB of memory", limit_s=MEMORY_S,
    ),
    "gives-a-map-of-a-gigabyte": Case(
        body="return maps_of(np.broadcast_to(np.float32(1), (1 << 14, 1 << 14)), box)", maps=True,
        code="memory-limit", words="MB of memory", limit_s=MEMORY_S,
    ),
    "forks-children": Case(
        body="""
        for _ in range(5):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    signal.signal(signal.SIGTERM, signal.SIG_IGN)
                    time.sleep(1000)
                os._exit(0)
        os._exit(3)""", code="child-died", words="exit code 3",
    ),
    "forks-without-end": Case(
        body="""
        while True:
            if os.fork() == 0:
                time.sleep(1000)""", code="memory-limit", words="MB of memory", limit_s=MEMORY_S,
    ),
    "sends-a-malformed-message": Case(
        body=SEND + """
        send(b"not json", b"GET ")
        time.sleep(100)""", code="bad-answer", words="is no answer",
    ),
    "claims-petabytes": Case(
        body=SEND + """
        send(b'{"arrays": [{"dtype": "<f8", "shape": [4000000000, 4000000000]}]}')
        time.sleep(100)""", code="bad-answer", words="is no answer",
    ),
    "floods-with-stages": Case(
        body=SEND + """
        frame = sys._getframe()
        while frame.f_code.co_name != "serve": frame = frame.f_back
        asked = frame.f_locals["current"]
        while True: send(b'{"arrays": [], "type": "stage", "request": %d, "stage": "scoring"}' % asked)""",
        code="bad-answer", words="too many",
    ),
    "floods-with-others-answers": Case(
        body=SEND + """
        while True: send(b'{"arrays": [], "type": "result", "request": 99}')""",
        code="time-limit", words="time limit",
    ),
}  # fmt: skip
"""Each a plugin of its own, whose process must be gone."""

CALM = {
    "allocates-20-gb-at-once": Case(
        body="KEPT.append(np.ones(20 << 27))", code="model-failed", words="Unable to allocate"
    ),
    "opens-a-socket": Case(
        body="socket.create_connection(('127.0.0.1', PORT), timeout=1)", code="model-failed", words="nreachable"
    ),
    "writes-into-the-study": Case(
        body="(Path(STUDY) / 'film.dcm').write_bytes(b'gone')", code="model-failed", words="FileNotFoundError"
    ),
    "writes-into-its-own-site": Case(
        body="Path(__file__).write_bytes(b'gone')", code="model-failed", words="Read-only file system"
    ),
    "reads-a-secret": Case(
        body="""
        told = [value for value in os.environ.values() if "hunter2" in value]
        for path in Path("/proc").glob("[0-9]*/environ"):
            try: told += [path] if b"hunter2" in path.read_bytes() else []
            except PermissionError: pass
        if told or Path(STUDY).exists(): os._exit(1)
        raise RuntimeError("found nothing")""", code="model-failed", words="found nothing",
    ),
    "has-handles": Case(
        body="""
        links = [os.readlink(f"/proc/self/fd/{n}") for n in range(50) if os.path.islink(f"/proc/self/fd/{n}")]
        raise RuntimeError([to for to in links if not to.startswith(("pipe:", "/dev/null", "/dev/shm/"))])""",
        code="model-failed", words="RuntimeError: []",
    ),
    "kills-all": Case(
        body="""
        for pid in (1, -1):
            try: os.kill(pid, signal.SIGKILL)
            except ProcessLookupError: pass""",
    ),
    "prints-megabytes": Case(
        body="""
        for _ in range(64):
            print("x" * 65536)
            sys.stderr.write("y" * 65536)
        os.write(1, b"CXR1" * 1000)""",
    ),
    "gives-nan": Case(
        body="return unchecked(Prediction, probabilities={'pneumonia': float('nan')})",
        code="model-failed", words="JSON",
    ),
    "gives-1.7": Case(
        body="return unchecked(Prediction, probabilities={'pneumonia': 1.7})", code="bad-answer", words="1.7"
    ),
    "gives-a-wrong-key": Case(
        body="return Prediction(probabilities={'sadness': 0.5})", code="bad-answer", words="sadness"
    ),
    "gives-a-wrong-shape": Case(
        body="return maps_of(np.ones(16, np.float32), box)", code="bad-answer", words="float32 (16,)", maps=True
    ),
    "gives-a-negative-map": Case(
        body="return maps_of(-np.ones((4, 4), np.float32), box)", code="bad-answer", words="negative", maps=True
    ),
    "gives-a-map-too-large": Case(
        body="return maps_of(np.ones((1 << 12, 5000), np.float32), box)", maps=True, code="bad-answer", words="5000",
    ),
    "changes-its-film": Case(body="self.film.stored[:] = 0", code="model-failed", words="read-only"),
    "changes-its-film-behind": Case(
        body="""
        for path in Path("/dev/shm").iterdir():
            path.open("r+b").write(bytes(4096))""", code="model-failed", words="Read-only file system",
    ),
    "fills-the-disk": Case(
        body="""
        with open("big", "wb") as big:
            while True: big.write(bytes(1 << 24))""", code="model-failed", words="Error",
    ),
}  # fmt: skip
"""Detectors of one plugin, whose process goes on."""

AT_IMPORT = {
    "raises-at-import": ("raise RuntimeError('no licence found')", "import-failed", "no licence found"),
    "exits-at-import": ("import os; os._exit(3)", "listing-died", "exit code 3"),
    "segfaults-at-import": ("import ctypes; ctypes.string_at(0)", "listing-died", "ended the process"),
    "hangs-at-import": ("import time; time.sleep(1000)", "listing-time-limit", "time limit"),
    "allocates-at-import": (
        "import numpy as np\nkept = [np.ones(1 << 21) for _ in range(1280)]", "listing-memory-limit", "memory",
    ),
    "floods-at-import": (
        "import os\nwhile True:\n    for h in range(3, 9):\n        try: os.write(h, bytes(65536))\n"
        "        except OSError: pass",
        "bad-listing", "more than can be listed",
    ),
    "forges-its-listing": (
        "import os\nfor h in range(3, 9):\n    try: os.write(h, b'{\"@DIST@\": {\"plugins\": [{\"name\": \"other\"}],"
        " \"failures\": []}}')\n    except OSError: pass\nos._exit(0)",
        "bad-listing", "its metadata does not",
    ),
}  # fmt: skip


def install(root: Path, name: str, source: str) -> Path:
    """A folder of its own with the distribution ``hostile-NAME``; returns the folder."""
    site = root / name
    site.mkdir(parents=True)
    module = f"hostile_{name}".replace("-", "_").replace(".", "_")
    entry = f"[cxrdesk.plugins]\n{name} = {module}\n"
    unpack(wheel(root, f"hostile-{name}", {f"{module}.py": source}, entry), site)
    return site


def source_of(cases: dict[str, Case], **constants: object) -> str:
    """A module with a detector for each case."""
    told = "".join(f"{key} = {value!r}\n" for key, value in constants.items())
    made = [HEAD, told]
    for number, (name, case) in enumerate(cases.items()):
        method = "mislead(self, box)" if case.maps else "misbehave(self, inputs)"
        made.append(
            f"class Hostile{number}(Hostile):\n    spec = replace(Hostile.spec, id={id_of(name)!r})\n\n"
            f"    def {method}:\n        {case.body}\n"
        )
    return "\n\n".join([*made, TAIL])


def id_of(name: str) -> str:
    """The detector's id."""
    return name.replace(".", "-")
