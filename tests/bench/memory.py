"""Memory of the window: 500 films opened in a row, and the peak for one film over the idle application."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.bench import decode
from tests.bench.report import Line

FILMS = 500
EARLY = 50
GROWTH_BAR, PEAK_BAR = 1.1, 3.0
SIDE = 3000

PEAK = """
import resource, sys
from pathlib import Path
from cxrdesk import app as application
from cxrdesk.demo import wait
from cxrdesk.studies.settings import LoadedSettings, Settings
from tests.bench.memory import resident_mb
desk = application.Desk(application._application(), LoadedSettings(settings=Settings()), None)
desk.start_inference = lambda: None
desk.start([])
desk._starter.stop()
# Decoders are loaded with the first film; a small one brings them in before.
desk.reading.open([Path(sys.argv[1])])
wait(lambda: desk.reading.shown is not None, 60)
desk.reading.close_all()
desk.app.processEvents()
idle = resident_mb()
Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
desk.reading.open([Path(sys.argv[2])])
wait(lambda: desk.reading.shown is not None, 60)
for _ in range(20):
    desk.window.film.drag_window(3, 2)
    desk.app.processEvents()
peak = int(next(line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line).split()[1])
print(idle, peak / 1024)
desk.window.close()
desk.shutdown()
"""


def resident_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _write(folder: Path, count: int, side: int) -> list[Path]:
    """Films as 16-bit TIFF files, each with values of its own, which are drawn from a few rows of noise."""
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 4096, (64, side), dtype=np.uint16)
    paths = []
    for number in range(count):
        pixels = np.roll(np.tile(noise, (-(-side // 64), 1))[:side], number * 7, axis=1) + np.uint16(number)
        paths.append(folder / f"{number:03}.tif")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def _many() -> Iterator[Line]:
    from cxrdesk import app as application
    from cxrdesk.demo import wait
    from cxrdesk.studies.settings import LoadedSettings, Settings

    desk = application.Desk(application._application(), LoadedSettings(settings=Settings()), None)
    desk.start_inference = lambda: None  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        # 50 of them fill the memory for decoded films several times over; each path is opened ten times.
        paths = _write(Path(folder), 50, SIDE)
        desk.start([])
        desk._starter.stop()
        seen = []
        for number in range(FILMS):
            path = paths[number % len(paths)]
            desk.reading.open([path])
            key = str(path.resolve())
            wait(lambda key=key: desk.reading.shown is not None and desk.reading.shown.key == key, 60)
            desk.app.processEvents()
            if number + 1 in (EARLY, FILMS):
                gc.collect()
                seen.append(resident_mb())
        desk.window.close()
        desk.shutdown()
    yield Line(
        what=f"memory after {FILMS} films of {SIDE} x {SIDE}, 16 bit / after {EARLY}",
        value=seen[1] / seen[0],
        bar=GROWTH_BAR,
        unit="x",
        told=f"{seen[0]:.0f} MB after {EARLY}, {seen[1]:.0f} MB after {FILMS}",
    )


def _formats(folder: Path) -> Iterator[tuple[str, Path, Path]]:
    """Name, a small and a large film in each format."""
    small, large = folder / "small", folder / "large"
    small.mkdir(), large.mkdir()
    (small_tiff,), (large_tiff,) = _write(small, 1, 64), _write(large, 1, SIDE)
    yield "TIFF", small_tiff, large_tiff
    for path, other in ((small_tiff, small / "film.png"), (large_tiff, large / "film.png")):
        Image.fromarray(np.asarray(Image.open(path))).save(other, compress_level=1)
    yield "PNG", small / "film.png", large / "film.png"
    for name in decode.encoders():
        # A small film of the same syntax brings its decoder in.
        yield name, decode.write(small, name, side=64), decode.write(large, name, side=SIDE)


def _one() -> Iterator[Line]:
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    with tempfile.TemporaryDirectory() as folder:
        for name, *paths in _formats(Path(folder)):
            done = subprocess.run(
                [sys.executable, "-c", PEAK, *map(str, paths)], capture_output=True, text=True, check=True, env=env
            )
            idle, peak = (float(word) for word in done.stdout.split()[-2:])
            bits = 8 if name == "JPEG baseline" else 16
            decoded = SIDE * SIDE * bits / 8 / 2**20
            yield Line(
                what=f"peak memory for one film of {SIDE} x {SIDE}, {bits} bit, {name}, over the idle application "
                "/ its decoded pixels",
                value=(peak - idle) / decoded,
                bar=PEAK_BAR,
                unit="x",
                told=f"idle {idle:.0f} MB, peak {peak:.0f} MB, decoded {decoded:.0f} MB",
            )


def run() -> Iterator[Line]:
    """One film of each format in a process of its own, then many in this one; Linux alone tells both."""
    yield from _one()
    yield from _many()
