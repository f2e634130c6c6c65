"""What is imported when: the first film before anything heavy, torch never."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
from PySide6.QtCore import QTimer
from cxrdesk.cli import quick
quick.import_window(with_reader=True)
from cxrdesk import app as application
from cxrdesk.imaging.resources import resource
from cxrdesk.studies.settings import LoadedSettings, Settings
qt = application._application()
desk = application.Desk(qt, LoadedSettings(settings=Settings()), None)
told = {}
def roots():
    rooms = {name for name in sys.modules if name.startswith(("cxrdesk.", "pydicom.", "numpy."))}
    return sorted(rooms | {name.partition(".")[0] for name in sys.modules})
def painted(key):
    told["painted"] = roots()
def look():
    if desk.worker is not None:
        told["ready"] = roots()
        desk.window.close()
        qt.quit()
desk.window.film.painted.connect(painted)
timer = QTimer()
timer.timeout.connect(look)
timer.start(20)
desk.start([resource("samples/adult/chest-pa.dcm")])
qt.exec()
desk.shutdown()
print(json.dumps(told))
"""


def test_the_first_film_is_painted_before_anything_heavy_and_torch_never_comes(
    plain_environment: dict[str, str],
) -> None:
    environment = plain_environment | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, timeout=120, check=True
    )
    told = json.loads(done.stdout)
    early, late = set(told["painted"]), set(told["ready"])
    assert "pydicom" in early  # the film was really read
    for heavy in ("torch", "scipy", "jsonschema", "pluggy", "safetensors", "multiprocessing", "importlib_metadata",
                  "typer", "click", "rich", "PIL", "gdcm", "openjpeg", "tqdm"):  # fmt: skip
        assert heavy not in early, heavy
    for part in ("pydicom.sr", "numpy.ma"):
        assert part not in early, part
    for room in ("cxrdesk.api", "cxrdesk.discovery", "cxrdesk.inference", "cxrdesk.reports", "cxrdesk.ui.dialogs"):
        assert room not in early, room
    assert "cxrdesk.discovery.listing" in late
    for never in ("torch", "torchvision", "lightning", "sklearn", "matplotlib"):
        assert never not in late, never


SLOW = """
import sys, time
from PySide6.QtCore import QTimer
from cxrdesk import app as application
from cxrdesk.discovery import listing as plugins
from cxrdesk.discovery.registry import Registry
from cxrdesk.studies.settings import LoadedSettings, Settings

def slow(only=(), told=None, **given):
    global listing
    if only:
        return Registry([])
    told("cxrdesk-slow")
    listing = True
    time.sleep(float(sys.argv[1]))
    listing = False
    return Registry([])

listing, beats = False, 0
plugins.list_plugins = slow
application._PATIENCE_MS = int(sys.argv[3])
told = []
qt = application._application()
desk = application.Desk(qt, LoadedSettings(settings=Settings()), None)

def beat():
    global beats
    beats += listing
    if beats == 20:
        # Imports of the window's own while plugins are listed.
        import PySide6.QtTest
    if beats == 40 and sys.argv[2] == "close" or desk.worker is not None and beats >= 40:
        desk.window.close()
        qt.quit()

timer = QTimer()
timer.timeout.connect(beat)
timer.start(10)
desk.messages.posted.connect(lambda message: told.append(message.text) if "cxrdesk-slow" in message.text else None)
desk.start([])
qt.exec()
desk.shutdown()
print(beats, desk.worker is not None, len(told))
"""


@pytest.mark.parametrize(
    ("seconds", "end", "patience_ms", "worker", "told"),
    [
        ("2", "wait", "60000", True, 0),
        ("3600", "close", "60000", False, 0),
        ("3600", "wait", "100", True, 1),  # the bundled ones run without it
        ("1", "wait", "100", True, 1),  # and it joins them later
    ],
)
def test_a_plugin_that_is_slow_to_import_holds_up_nothing(
    plain_environment: dict[str, str], seconds: str, end: str, patience_ms: str, worker: bool, told: int
) -> None:
    environment = plain_environment | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", SLOW, seconds, end, patience_ms],
        capture_output=True, text=True, env=environment, timeout=120, check=True,
    )  # fmt: skip
    beats, started, messages = done.stdout.split()
    assert int(beats) >= 40
    assert (started, messages) == (str(worker), str(told))
    assert done.stderr == ""
