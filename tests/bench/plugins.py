"""Plugins: listing fifty, what a child costs beside one process, and how soon a killed child is back."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from cxrdesk.api.detector import Mask
from cxrdesk.discovery.listing import list_plugins
from cxrdesk.discovery.loader import load_registry
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.inference.models import Models
from cxrdesk.inference.pixels import Shelf
from cxrdesk.inference.process import Child
from tests.bench.analysis import SIDE, large_film
from tests.bench.report import Line, spread
from tests.wheels import PLUGINS, plugin_wheel, unpack, wheel

COUNT, LISTINGS = 50, 15
LISTING_BAR_MS = 50.0
RUNS = 40
OVERHEAD_BAR_MS = 5.0
STARTS = 7
START_BAR = 1.5


def run() -> Iterator[Line]:
    """Every line with sandboxes as this machine allows them."""
    with tempfile.TemporaryDirectory() as name:
        yield listing(Path(name))
        yield overhead(Path(name))
    yield restart()


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def listing(root: Path) -> Line:
    """Fifty strangers that were listed before, each in a folder of its own, against none."""
    source = (PLUGINS / "example" / "cxrdesk_example.py").read_text()
    sites = []
    for number in range(COUNT):
        site = root / f"site-{number}"
        site.mkdir()
        module = f"stranger_{number}"
        text = source.replace("example-brightness", f"stranger-{number}")
        entry = f"[cxrdesk.plugins]\n{module} = {module}\n"
        unpack(wheel(site, f"cxrdesk-stranger-{number}", {f"{module}.py": text}, entry), site)
        sites.append(site)
    cache, none = root / "listing.json", root / "none.json"

    def fifty() -> None:
        assert len(list_plugins(sites=sites, cache=cache).plugins) >= COUNT

    def without() -> None:
        list_plugins(cache=none)

    first = _timed(fifty)
    without()
    pairs = [(_timed(fifty), _timed(without)) for _ in range(LISTINGS)]
    return Line(
        what=f"listing {COUNT} more plugins that were listed before",
        value=statistics.median(a - b for a, b in pairs) * 1e3,
        bar=LISTING_BAR_MS,
        unit="ms",
        told=f"with them {spread([a for a, _ in pairs])}, without {spread([b for _, b in pairs])};"
        f" the very first time, a process each, {first:.1f} s",
    )


def overhead(root: Path) -> Line:
    """A film that is shared already, a detector that does next to nothing, in the child and in this process."""
    site = root / "example"
    site.mkdir()
    unpack(plugin_wheel(root, "example"), site)
    with _on_path(site):
        registry = load_registry({"cxrdesk-example"})
        spec, film, models = registry.detectors[0], large_film(), Models(registry, device="cpu")
        shelf = Shelf(1)
        child = Child(("cxrdesk-example",), device="cpu", site=site, shelf=shelf)

        def here(seen: Radiograph) -> float:
            return _timed(lambda: models.detect(spec.id, [seen], [{}]))

        def there(seen: Radiograph) -> float:
            with shelf.lent([seen]):  # shared before the clock starts
                return _timed(lambda: child.detect(spec, [seen], [{}]))

        here(film), there(film)
        # Films that neither has seen: what is kept of one must not help.
        pairs = []
        for _ in range(RUNS):
            fresh = [replace(film, stored=film.stored) for _ in range(2)]
            pairs.append((there(fresh[0]), here(fresh[1])))
        again = [there(fresh[0]) - here(fresh[1]) for _ in range(RUNS)]
        child.close()
        shelf.close()
        models.close()
    return Line(
        what=f"a child's answer beside one process's, film of {SIDE} x {SIDE} in shared memory",
        value=statistics.median(a - b for a, b in pairs) * 1e3,
        bar=OVERHEAD_BAR_MS,
        unit="ms",
        told=f"in the child {spread([a for a, _ in pairs])}, here {spread([b for _, b in pairs])};"
        f" for a film that both have seen {spread(again)}",
    )


BARE = """
import sys
import torch
from pathlib import Path
import safetensors.torch
safetensors.torch.load_file(sys.argv[1])
"""


def restart() -> Line:
    """The pneumonia detector's child from its end to its model loaded, against Python, torch and its weights."""
    registry = list_plugins({"cxrdesk-pneumonia"})
    spec = registry.detectors[0]
    assert spec.bundle is not None
    weights = str(spec.bundle / "model.safetensors")
    child = Child(("cxrdesk-pneumonia",), device="cpu")
    film = large_film()

    def ours() -> float:
        child.kill()
        marks: dict[str, float] = {}
        start = time.perf_counter()
        # Loading ends where scoring begins.
        child.detect(spec, [film], [_lungs()], lambda stage: marks.setdefault(stage, time.perf_counter()))
        return marks["scoring"] - start

    def bare() -> float:
        return _timed(lambda: subprocess.run([sys.executable, "-c", BARE, weights], check=True, env=dict(os.environ)))

    ours(), bare()
    pairs = [(ours(), bare()) for _ in range(STARTS)]
    child.close()
    return Line(
        what="a killed child until its model is loaded / bare Python with torch and the same weights",
        value=statistics.median(a / b for a, b in pairs),
        bar=START_BAR,
        unit="x",
        told=f"ours {spread([a for a, _ in pairs], 's', 1.0)}, bare {spread([b for _, b in pairs], 's', 1.0)}",
    )


def _lungs() -> dict[str, Mask]:
    return {"lungs": Mask(structure="lungs", values=np.ones((64, 64), np.float32))}


@contextmanager
def _on_path(site: Path) -> Iterator[None]:
    sys.path.append(str(site))
    try:
        yield
    finally:
        sys.path.remove(str(site))
