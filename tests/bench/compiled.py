"""A DenseNet-121's score and maps on the CPU: compiled against torch as it is, and maps against the score alone."""

from __future__ import annotations

import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from cxrdesk.api import Context, DetectorSpec, Evidence, FilmScope, InputSpec, ModelInput, Saliency
from cxrdesk.api.bundle import write_bundle
from cxrdesk.api.golden import record
from cxrdesk.api.terms import FINDINGS
from cxrdesk.api.torchkit import TorchClassifier
from tests.bench.report import Line, spread

RUNS = 30
SIDE = 224
SCORE_BAR, MAPS_BAR = 0.55, 1.1
LABELS = tuple(FINDINGS)[:14]


class _Dense(TorchClassifier):
    """Pooling and a linear layer behind the named layer."""

    def build(self):
        import timm
        import torch

        torch.manual_seed(0)
        return timm.create_model("densenet121", pretrained=False, in_chans=1, num_classes=len(LABELS))

    def cam_layer(self, model):
        return model.features.norm5


class _Deeper(_Dense):
    """A dense block lies behind the named layer."""

    def cam_layer(self, model):
        return model.features.denseblock3


def _bundle(folder: Path) -> DetectorSpec:
    import safetensors.torch
    import torch

    rng = np.random.default_rng(0)
    network = _Dense().build().train()
    with torch.no_grad():
        # Its layers have seen numbers of this size, so that scores are neither 0 nor 1.
        network(torch.from_numpy(rng.normal(size=(4, 1, SIDE, SIDE)).astype(np.float32)))
    weights = safetensors.torch.save(network.state_dict())
    spec = DetectorSpec(
        id="bench",
        version="1",
        name="Bench",
        looks_for="nothing",
        scope=FilmScope(views=("chest-frontal",)),
        input=InputSpec(size=(SIDE, SIDE)),
        evidence=Evidence.SYNTHETIC,
        weights_sha256=hashlib.sha256(weights).hexdigest(),
        findings=LABELS,
        saliency=Saliency(method="as the network allows"),
    )
    path = write_bundle(folder, spec, weights, {})
    model = _loaded(_Dense, DetectorSpec.from_bundle(path))
    films = [rng.integers(0, 255, (256, 256)).astype(np.uint8) for _ in range(5)]
    write_bundle(path, spec, weights, record(model, films, [{} for _ in films]))
    model.unload()
    return DetectorSpec.from_bundle(path)


def _loaded(kind: type[TorchClassifier], spec: DetectorSpec, compiled: Path | None = None) -> TorchClassifier:
    model = type(kind.__name__, (kind,), {"spec": spec})(context=Context(compiled=compiled))
    model.load()
    model.compile()
    return model


def _interleaved(**calls: Callable[[], object]) -> dict[str, list[float]]:
    """Times of calls that take turns, so that what else the machine does falls on all of them."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call(), call()
    for _ in range(RUNS):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return times


def _ratio(times: dict[str, list[float]], one: str, other: str) -> float:
    return statistics.median(a / b for a, b in zip(times[one], times[other], strict=True))


def run() -> Iterator[Line]:
    """One film in one thread, as a viewer on two cores computes."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        spec = _bundle(Path(folder) / "bundle")
        start = time.perf_counter()
        fast = _loaded(_Dense, spec, Path(folder) / "compiled")
        compiling_s = time.perf_counter() - start
        bare = _loaded(_Dense, replace(spec, saliency=None), Path(folder) / "compiled")
        plain, deeper = _loaded(_Dense, spec), _loaded(_Deeper, spec)
    inputs = [ModelInput(tensor=np.random.default_rng(1).normal(size=(1, SIDE, SIDE)).astype(np.float32))]
    batch = plain.batch(inputs)
    silent = plain.build().eval()

    def eager() -> None:
        with torch.inference_mode():
            silent(batch)

    def explained(model: TorchClassifier) -> None:
        model.predict(inputs)
        for finding in LABELS:
            model.explain(inputs, finding)

    times = _interleaved(
        eager=eager,
        fast=lambda: bare.predict(inputs),
        fast_maps=lambda: explained(fast),
        plain=lambda: plain.predict(inputs),
        plain_maps=lambda: explained(plain),
        deeper=lambda: explained(deeper),
    )
    engine = bare.engine
    torch.set_num_threads(threads)
    yield Line(
        what=f"score of a compiled DenseNet-121, {SIDE} px, one film / eager forward",
        value=_ratio(times, "fast", "eager"),
        bar=SCORE_BAR,
        unit="x",
        told=f"{engine}: {spread(times['fast'])}, eager {spread(times['eager'])}; compiled and tried in"
        f" {compiling_s:.1f} s, once",
    )
    yield Line(
        what=f"score and {len(LABELS)} maps, pooling and linear head, compiled / compiled score alone",
        value=_ratio(times, "fast_maps", "fast"),
        bar=MAPS_BAR,
        unit="x",
        told=f"with maps {spread(times['fast_maps'])}",
    )
    yield Line(
        what=f"score and {len(LABELS)} maps, pooling and linear head, torch / eager forward",
        value=_ratio(times, "plain_maps", "eager"),
        bar=MAPS_BAR,
        unit="x",
        told=f"with maps {spread(times['plain_maps'])}, score {spread(times['plain'])}",
    )
    yield Line(
        what=f"score and {len(LABELS)} maps, a dense block behind the layer, torch / 1 + {len(LABELS)} eager forwards",
        value=_ratio(times, "deeper", "eager") / (1 + len(LABELS)),
        bar=1.0,
        unit="x",
        told=f"one forward and {len(LABELS)} short backward passes: {spread(times['deeper'])}",
    )
    assert engine.startswith("ONNX Runtime"), engine
    assert engine == fast.engine, fast.engine
    for model in (fast, bare, plain, deeper):
        model.unload()
