"""How fast phantoms are computed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from cxrdesk.imaging.phantom.batch import Order, produce
from cxrdesk.imaging.phantom.randomise import Kind
from tests.bench.report import Line

FILMS = 160
CORES = 2
BAR_MS = 50.0
"""20 films a second."""


KINDS: dict[tuple[Kind, ...], tuple[str, ...]] = {
    ("chest-pa", "chest-lateral"): ("effusion", "opacity"),
    ("child-ap",): ("effusion", "opacity"),
    ("neck-ap",): ("subglottic_narrowing",),
}
"""Films of one person, and what they may show."""


def run() -> Iterator[Line]:
    """Compute films of 512 x 512 of four kinds, a third of them with a finding, in two processes; none is written."""
    count, seconds, cpu, alone = 0, 0.0, 0.0, 0
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    for kinds, findings in KINDS.items():
        order = Order(kinds=kinds, findings=tuple((name, None) for name in findings), prevalence=0.3, size=512)
        rows = produce(order, FILMS // 4, workers=CORES)
        # The first films wait for the processes to start and import.
        for _ in range(FILMS // 16):
            next(rows)
        start = time.perf_counter()
        count += sum(1 for _ in rows)
        seconds += time.perf_counter() - start
        # What a film costs a core, whoever else uses the machine.
        start = time.process_time()
        alone += sum(1 for _ in produce(order, 6))
        cpu += time.process_time() - start
    yield Line(
        what=f"phantom of 512 x 512, {CORES} processes",
        value=1e3 * seconds / count,
        bar=BAR_MS,
        unit="ms",
        told=f"{count / seconds:.1f} films a second over {count} films, load {load:.1f} before;"
        f" {1e3 * cpu / alone:.0f} ms of one core a film alone",
    )
