"""What is imported when: the first film before anything heavy, torch never."""

from __future__ import annotations

import json
import subprocess
import sys

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
    assert "cxrdesk.discovery.loader" in late
    for never in ("torch", "torchvision", "lightning", "sklearn", "matplotlib"):
        assert never not in late, never
