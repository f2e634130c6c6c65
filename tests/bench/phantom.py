"""How fast phantoms are computed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from cxrdesk.imaging.phantom.batch import Order, produce
from tests.bench.report import Line

FILMS = 160
CORES = 2
BAR_MS = 50.0
"""20 films a second."""


def run() -> Iterator[Line]:
    """Compute films of 512 x 512 of four kinds, half of them with a finding, in two processes; none is written."""
    order = Order(
        kinds=("chest-pa", "child-ap", "chest-lateral", "neck-ap"),
        findings=(("effusion", None), ("opacity", None), ("subglottic_narrowing", None)),
        prevalence=0.3,
        size=512,
    )
    rows = produce(order, FILMS // len(order.kinds), workers=CORES)
    # The first films wait for the processes to start and import.
    for _ in range(FILMS // 4):
        next(rows)
    start, load = time.perf_counter(), os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    count = sum(1 for _ in rows)
    seconds = time.perf_counter() - start
    # What a film costs a core, whoever else uses the machine.
    cpu = time.process_time()
    alone = sum(1 for _ in produce(order, 6))
    cpu = (time.process_time() - cpu) / alone
    yield Line(
        what=f"phantom of 512 x 512, {CORES} processes",
        value=1e3 * seconds / count,
        bar=BAR_MS,
        unit="ms",
        told=f"{count / seconds:.1f} films a second over {count} films, load {load:.1f} before;"
        f" {1e3 * cpu:.0f} ms of one core a film alone",
    )
