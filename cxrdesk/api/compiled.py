"""Networks of torch compiled once for the CPU, where ONNX Runtime is installed (the extra ``fast``).

A graph is kept in the folder that the host names and is used for scores only if it reproduces the bundle's golden
vectors. It belongs to exact weights, bundle, versions and processor family; whatever fails, torch computes. Nothing is
downloaded or sent: ONNX Runtime's events, which only its Windows builds have, are switched off.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.bundle import Bundle
from cxrdesk.api.heads import class_maps, pooled_linear

if TYPE_CHECKING:
    import torch

FORMAT = 2
"""Raised whenever graphs are made in another way."""
OPSET = 17
GRAPH, ABOUT, TRIES = "graph.onnx", "about.json", "tries"
MOST_TRIES = 2
"""How often compiling may be begun without an end, since what takes too long is ended from outside."""
MAPS_TOLERANCE = 1e-3
"""Most by which class activation maps may miss the logits that they sum up to."""


class RefusedError(Exception):
    """Why a graph is not used, in words."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A compiled network.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
    maps : bool
        Whether it also gives the class activation maps of all findings.
    name : str
        What computes, for cards and reports.
    """

    session: Any
    maps: bool
    name: str

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """The answer to a batch (n, channels, rows, cols); where there are maps, these too (n, findings, h, w)."""
        return [np.asarray(value) for value in self.session.run(None, {"batch": batch})]


def adopted(model: Any, folder: Path, layer: torch.nn.Module | None) -> Graph:
    """The graph of a loaded torch model, made and tried if there is none yet; its ``graph`` is set.

    Parameters
    ----------
    model : TorchClassifier or TorchSegmenter
    layer : torch.nn.Module, optional
        Whose activations class activation maps would be made of.

    Raises
    ------
    RefusedError
        With the reason; the same one again until something that the graph belongs to changes.
    """
    try:
        versions = [f"{name} {version(name)}" for name in ("torch", "onnx", "onnxruntime")]
    except PackageNotFoundError as error:
        raise RefusedError(f"{error.name} is not installed") from None
    if model.spec.bundle is None:
        raise RefusedError("it has no golden vectors")
    bundle = Bundle(model.spec.bundle)
    machine = [platform.machine(), platform.processor()]
    belongs = [FORMAT, bundle.manifest, type(model).__qualname__, layer is not None, versions, machine]
    key = hashlib.sha256(json.dumps(belongs, sort_keys=True).encode()).hexdigest()
    place = folder / f"{bundle.weights_sha256[:16]}-{key[:16]}"
    about = _about(place)
    if about is None:
        return _made(model, bundle, place, layer)
    if about["refused"]:
        raise RefusedError(about["refused"])
    try:
        data = (place / GRAPH).read_bytes()
    except OSError as error:
        raise RefusedError("its file cannot be read") from error
    if hashlib.sha256(data).hexdigest() != about["graph_sha256"]:
        return _made(model, bundle, place, layer)
    return Graph(session=_session(data), maps=about["maps"], name=_name())


def _about(place: Path) -> dict[str, Any] | None:
    """What is known of a graph; None where there is none, or none that is understood."""
    try:
        found = json.loads((place / ABOUT).read_bytes())
        return {"refused": str(found["refused"]), "maps": bool(found["maps"]), "graph_sha256": found["graph_sha256"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _made(model: Any, bundle: Bundle, place: Path, layer: torch.nn.Module | None) -> Graph:
    about: dict[str, Any] = {"refused": "", "maps": False, "graph_sha256": ""}
    data = b""
    _begin(place)
    try:
        graph, data = _compiled(model, bundle, layer)
        about |= {"maps": graph.maps, "graph_sha256": hashlib.sha256(data).hexdigest()}
        if problems := _tried(model, bundle, graph):
            about["refused"] = problems[0]
    except Exception as error:  # noqa: BLE001 - whatever an exporter meets in a stranger's network; torch still computes
        about["refused"] = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    try:
        for name, content in ((GRAPH, b"" if about["refused"] else data), (ABOUT, json.dumps(about).encode())):
            (place / f"{name}.{os.getpid()}").write_bytes(content)
            (place / f"{name}.{os.getpid()}").replace(place / name)
        (place / TRIES).unlink(missing_ok=True)
    except OSError as error:
        raise RefusedError("its folder cannot be written") from error
    if about["refused"]:
        raise RefusedError(about["refused"])
    return graph


def _begin(place: Path) -> None:
    """Count a beginning.

    Raises
    ------
    RefusedError
        If there were too many.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        with (place / TRIES).open("a+b") as file:
            file.write(b".")
            tries = file.tell()
    except OSError as error:
        raise RefusedError("its folder cannot be written") from error
    if tries > MOST_TRIES:
        raise RefusedError(f"it did not end in time, {MOST_TRIES} times")


def _compiled(model: Any, bundle: Bundle, layer: torch.nn.Module | None) -> tuple[Graph, bytes]:
    """The network as an ONNX graph over any number of films."""
    import torch

    example = torch.from_numpy(np.stack([bundle.golden()[f"tensor_{i}"] for i in range(2)]))
    network = _with_maps(model.model, layer, example) if layer is not None else None
    names = ["answer", "maps"] if network is not None else ["answer"]
    with warnings.catch_warnings(), torch.no_grad(), tempfile.TemporaryDirectory() as folder:
        # By tracing: the newer exporter took 37 s where this one takes 3, and gives no faster graph.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model.model if network is None else network.eval(),
            (example,),
            str(Path(folder) / GRAPH),
            dynamo=False,
            opset_version=OPSET,
            input_names=["batch"],
            output_names=names,
            dynamic_axes={name: {0: "films"} for name in ["batch", *names]},
        )
        data = (Path(folder) / GRAPH).read_bytes()
    return Graph(session=_session(data), maps=network is not None, name=_name()), data


def _with_maps(model: torch.nn.Module, layer: torch.nn.Module, example: torch.Tensor) -> torch.nn.Module | None:
    """The network with its class activation maps beside the logits; None where they would not be exact."""
    import torch

    class WithMaps(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = model
            self.linear: Any = None

        def forward(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            seen: list[torch.Tensor] = []
            hook = layer.register_forward_hook(lambda module, given, out: seen.append(out.clone()))
            try:
                logits = self.network(batch)
            finally:
                hook.remove()
            return logits, seen[0] if self.linear is None else class_maps(self.linear, seen[0])

    made = WithMaps()
    with torch.no_grad():
        logits, activations = made(example)
    made.linear = pooled_linear(model, activations, logits)
    return made if made.linear is not None else None


def _tried(model: Any, bundle: Bundle, graph: Graph) -> Sequence[str]:
    """What the graph does not reproduce."""
    from cxrdesk.api.golden import verify

    context = model.context
    model.graph, model.context = graph, replace(context, explaining=lambda: False)
    try:
        problems = verify(model, bundle)
        if model.graph is None:  # its runtime failed, and torch gave the answer
            problems = [f"its runtime failed on a golden film: {model._refused}"]
    finally:
        model.graph, model.context = None, context
    if graph.maps and not problems:
        golden = bundle.golden()
        logits, maps = graph.run(np.stack([golden["tensor_0"], golden["tensor_1"]]))
        offsets = logits - maps.sum(axis=(2, 3))
        if not np.ptp(offsets, axis=0).max() <= MAPS_TOLERANCE:
            problems.append("saliency: the maps do not sum up to the logits")
    return problems


def _session(data: bytes) -> Any:
    import onnxruntime
    import torch

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # A spinning thread stalls whenever another process uses its core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _name() -> str:
    return f"ONNX Runtime {version('onnxruntime')}"
