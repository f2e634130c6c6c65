"""How a recipe ends: weights in half precision, golden vectors from simulated films."""

from __future__ import annotations

import copy
import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray

from cxrdesk.api.torchkit import SCALE, single_precision
from cxrdesk.imaging.phantom import Opacity, adult, child, simulate

GOLDEN_SHAPE = (256, 256)
"""Small, so that golden vectors stay below 1 MB."""


def half_precision(network: torch.nn.Module) -> bytes:
    """A safetensors file with floating-point weights in 16 bits; they are computed with in 32."""
    state = {
        key: (value.half() if value.is_floating_point() else value).contiguous()
        for key, value in network.state_dict().items()
    }
    return safetensors.torch.save(state)


def eight_bits(network: torch.nn.Module) -> bytes:
    """A safetensors file with the weights of layers in 8 bits, one scale for each output channel, the rest in 32.

    Notes
    -----
    Symmetric: the largest weight of a channel becomes 127. See `cxrdesk.api.torchkit.single_precision`.
    """
    state = {}
    for key, value in network.state_dict().items():
        if not value.is_floating_point() or value.ndim < 2:
            state[key] = value.contiguous()
            continue
        scale = value.abs().flatten(1).amax(dim=1).clamp(min=1e-12) / 127
        steps = torch.round(value / scale.reshape(-1, *[1] * (value.ndim - 1)))
        state[key] = steps.to(torch.int8).contiguous()
        state[key + SCALE] = scale.contiguous()
    return safetensors.torch.save(state)


def storage_difference(network: torch.nn.Module, stored: bytes, films: torch.Tensor) -> float:
    """Largest change of a probability on `films` (n, 1, rows, cols) from computing with stored weights."""
    network.eval()
    again = copy.deepcopy(network)
    again.load_state_dict(single_precision(safetensors.torch.load(stored)))
    with torch.inference_mode():
        changes = torch.sigmoid(again(films)) - torch.sigmoid(network(films))
    return float(changes.abs().max())


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def golden_films() -> list[NDArray[np.uint8]]:
    """Six simulated films, 8 bits: children and adults, with and without an opacity; they may be published."""
    made = [child(seed=11), child(seed=12, opacity=Opacity()), child(seed=13, opacity=Opacity(side="left"))]
    made += [adult(seed=14), adult(seed=15, opacity=Opacity()), adult(seed=16)]
    films = []
    for parameters in made:
        film = simulate(_small(parameters)).radiograph
        lo, hi = film.value_range
        films.append(np.clip((film.pixels - lo) * (255 / (hi - lo)), 0, 255).astype(np.uint8))
    return films


def _small(parameters: Any) -> Any:
    from dataclasses import replace

    return replace(parameters, shape=GOLDEN_SHAPE)


def provenance(recipe: str, **told: Any) -> dict[str, Any]:
    """How the weights came about, for the bundle; ``started_from`` is random weights unless it is told."""
    return {
        "recipe": recipe,
        "finished": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("torch", "timm", "lightning", "cxrdesk")},
        "started_from": "random weights",
        **told,
    }
