"""Start to first painted film, against the start of a bare QMainWindow that paints a label."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.bench.report import Line, spread

RUNS = 9
BAR = 2.0

BARE = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication(sys.argv)
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event)
        print(time.time(), flush=True)
        QTimer.singleShot(0, app.quit)
window = Window()
window.resize(1366, 768)
window.show()
app.exec()
"""

OURS = """
import sys, time
from cxrdesk.cli import quick
quick.import_window(with_reader=True)
from cxrdesk import app as application
from cxrdesk.imaging.resources import resource
from cxrdesk.studies.settings import LoadedSettings, Settings
qt = application._application()
desk = application.Desk(qt, LoadedSettings(settings=Settings()), None)
def painted(key):
    print(time.time(), flush=True)
    desk.window.close()
    desk.shutdown()
    qt.quit()
desk.window.film.painted.connect(painted)
desk.start([resource("samples/adult/chest-pa.dcm")])
qt.exec()
"""


def _once(script: str) -> float:
    # An installed program has its byte code.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    start = time.time()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=env)
    return float(done.stdout.split()[0]) - start


def run() -> Iterator[Line]:
    """Alternate the two; the ratio is the median over pairs."""
    _once(BARE), _once(OURS)  # files into the disk's cache
    bare, ours = [], []
    for _ in range(RUNS):
        bare.append(_once(BARE))
        ours.append(_once(OURS))
    ratio = statistics.median(o / b for o, b in zip(ours, bare, strict=True))
    yield Line(
        what="start to first painted film / bare QMainWindow",
        value=ratio,
        bar=BAR,
        unit="x",
        told=f"ours {spread(ours)}, bare {spread(bare)}",
    )
