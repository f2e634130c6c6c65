"""How a recipe ends: weights in 16 or 8 bits, and where they come from."""

from __future__ import annotations

import copy
import hashlib
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import safetensors.torch
import torch

from cxrdesk.api.torchkit import SCALE, single_precision


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
