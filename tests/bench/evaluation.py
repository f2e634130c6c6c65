"""An evaluation of the pneumonia detector against the bare forward passes that it needs."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.report import Line

FILMS, ROUNDS = 24, 5
BAR = 1 / 0.85


def run() -> Iterator[Line]:
    """Films read from disk, gate and lung mask included; the bare rate is of the two networks' passes alone."""
    import torch

    from cxrdesk.discovery.loader import load_registry
    from cxrdesk.evaluation.labelled import labelled
    from cxrdesk.evaluation.run import answers
    from cxrdesk.imaging.phantom.batch import Order, produce, recorded
    from cxrdesk.inference.runners import LocalRunner

    registry = load_registry()
    spec = next(spec for spec in registry.detectors if spec.id == "pneumonia")
    lungs = registry.segmenter_for("lungs")
    assert lungs is not None
    runner = LocalRunner(registry, device="cpu")
    models = [registry.model(one.id)() for one in (lungs, spec)]
    for model in models:
        model.load()
    lung_input = torch.zeros(1, 1, *lungs.input.size)
    class_input = torch.zeros(1 + models[1].mirrored, 1, *spec.input.size)

    def bare() -> float:
        start = time.perf_counter()
        with torch.inference_mode():
            for _ in range(FILMS):
                models[0].model(lung_input)
                models[1].model(class_input)
        return time.perf_counter() - start

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        order = Order(kinds=("child-ap",), findings=(("opacity", None),), prevalence=0.5, size=256, seed=5)
        for _ in recorded(produce(order, FILMS, folder, formats=("png",)), order, folder):
            pass
        rows = list(labelled(folder).values())

        def ours() -> float:
            marks: list[float] = []
            done = answers(registry, spec, rows, device="cpu", progress=lambda *_: marks.append(time.perf_counter()))
            assert sum(item.status == "done" for item in done) > FILMS // 2
            # The first film also loads the networks.
            return (marks[-1] - marks[1]) / (FILMS - 1) * FILMS

        ours(), bare()
        pairs = [(ours(), bare()) for _ in range(ROUNDS)]
    runner.close()
    ratio = statistics.median(a / b for a, b in pairs)
    rates = [FILMS / statistics.median(times) for times in zip(*pairs, strict=True)]
    yield Line(
        what="evaluating a film, reading, gate and lung mask included / bare forward passes",
        value=ratio,
        bar=BAR,
        unit="x",
        told=f"pneumonia: {rates[0]:.1f} films/s against {rates[1]:.1f}, {1 / ratio:.2f} of the bare rate",
    )
