"""How a bundle begins: a network's weights, a spec, and golden vectors on simulated films. Only recipes need it."""

from __future__ import annotations

import hashlib
import io
import pickle
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.bundle import ONNX, TORCHSCRIPT, WEIGHTS, being_written, write_bundle
from cxrdesk.api.detector import Detector, Mask, Segmenter
from cxrdesk.api.golden import Film, record
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.phantom import Opacity, adult, child, simulate

__all__ = [
    "ONNX",
    "TORCHSCRIPT",
    "WEIGHTS",
    "golden_films",
    "make_bundle",
    "read_network",
    "read_weights",
    "run_recipe",
]

GOLDEN_SHAPE = (256, 256)
"""Small, so that golden vectors stay below 1 MB."""


def make_bundle(
    model: type[Detector] | type[Segmenter],
    spec: Any,
    weights: bytes,
    folder: Path,
    *,
    weights_file: str = WEIGHTS,
    films: list[Film] | None = None,
    **told: Any,
) -> Path:
    """Write a bundle whose golden vectors are what the model says of films now; nothing is measured.

    Parameters
    ----------
    model : type
        Without a spec of its own, or with another.
    spec : DetectorSpec or SegmenterSpec
        What is declared; the digest of the weights is filled in.
    weights : bytes
        Content of the weights file.
    weights_file : str
        Its kind: one of `cxrdesk.api.bundle.WEIGHT_FILES`.
    films : list, optional
        Films that may be published, as `cxrdesk.api.golden.record` takes them; `golden_films` where not given.
    told : JSON types
        ``training`` and ``evaluation`` of the bundle.
    """
    shown = list(golden_films()) if films is None else films
    spec = replace(spec, weights_sha256=hashlib.sha256(weights).hexdigest(), bundle=None)
    with being_written(folder) as part:
        write_bundle(part, spec, weights, {}, weights_file=weights_file)
        made = type(model.__name__, (model,), {"spec": replace(spec, bundle=part)})()
        made.load()
        try:
            masks = [{key: Mask(structure=key, values=outline()) for key in spec.requires} for _ in shown]
            golden = record(made, shown, masks)
        finally:
            made.unload()
        write_bundle(part, spec, weights, golden, weights_file=weights_file, **told)
    return folder


def read_weights(file: Path) -> bytes:
    """The weights of a network as a safetensors file holds them.

    Parameters
    ----------
    file : Path
        A safetensors file, or what ``torch.save(network.state_dict(), file)`` wrote: nothing but tensors is read.

    Raises
    ------
    UserError
        ``"missing-file"``; ``"unsafe-weights"`` where the file holds more than tensors; ``"bad-weights"`` otherwise.
    """
    import safetensors.torch
    import torch

    data = read_network(file)
    with suppress(safetensors.SafetensorError):
        safetensors.torch.load(data)
        return data
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a TorchScript file is one; it is refused
            state = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        text = f"{file} holds more than weights, perhaps a whole network, and running that is not safe"
        raise UserError("unsafe-weights", f"{text}; write it by torch.save(network.state_dict(), FILE)") from None
    except (RuntimeError, EOFError, ValueError, KeyError):
        state = None
    if isinstance(state, dict) and isinstance(state.get("state_dict"), dict):
        state = state["state_dict"]  # as in a checkpoint of a training
    tensors = isinstance(state, dict) and state and all(isinstance(value, torch.Tensor) for value in state.values())
    if not tensors or not isinstance(state, dict):
        text = f"{file} holds no weights of a network: neither safetensors nor a state_dict by torch.save"
        raise UserError("bad-weights", f"{text}; write it by torch.save(network.state_dict(), FILE)")
    # Cloned, since weights that two layers share are refused by safetensors.
    return safetensors.torch.save({name: value.detach().clone().contiguous() for name, value in state.items()})


def read_network(file: Path) -> bytes:
    """Content of a file; raises UserError (``"missing-file"``)."""
    if not file.is_file():
        raise UserError("missing-file", f"{file} is no file; name the one that holds the network or its weights")
    return file.read_bytes()


def run_recipe(start: Callable[[Path | None], Path], *, needs: str = "") -> None:
    """What ``python -m PACKAGE.recipe [FILE]`` does: `start` with the file, and where the bundle is, or why it is not.

    Parameters
    ----------
    start : callable
        From the file that was named, or None, to the bundle's folder.
    needs : str
        What must be named, such as ``"net.onnx"``; empty where the recipe starts without a file too.
    """
    given, module = sys.argv[1:], getattr(sys.modules["__main__"], "__spec__", None)
    line = f"python -m {module.name if module is not None else 'PACKAGE.recipe'} {needs or '[FILE]'}"
    if len(given) > 1 or (needs and not given):
        sys.exit(f"name {'one file' if given else 'the file of the network'}: {line}")
    try:
        print(start(Path(given[0]) if given else None))
    except UserError as error:
        sys.exit(error.text)


def golden_films() -> list[NDArray[np.uint8]]:
    """Six simulated films, 8 bits: children and adults, with and without an opacity; they may be published."""
    made = [child(seed=11), child(seed=12, opacity=Opacity()), child(seed=13, opacity=Opacity(side="left"))]
    made += [adult(seed=14), adult(seed=15, opacity=Opacity()), adult(seed=16)]
    films = []
    for parameters in made:
        film = simulate(replace(parameters, shape=GOLDEN_SHAPE)).radiograph
        lo, hi = film.value_range
        films.append(np.clip((film.pixels - lo) * (255 / (hi - lo)), 0, 255).astype(np.uint8))
    return films


def outline(side: int = 64) -> NDArray[np.float32]:
    """Two ellipses beside each other, as lungs lie."""
    rows, cols = np.mgrid[0:side, 0:side] / (side - 1)
    inside = np.zeros((side, side), bool)
    for center in (0.3, 0.7):
        inside |= ((cols - center) / 0.15) ** 2 + ((rows - 0.5) / 0.35) ** 2 <= 1
    return inside.astype(np.float32)
