"""Draws a loaded model's weights anew."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from cxrdesk.api.bundle import Bundle
from cxrdesk.api.onnxkit import OnnxModel
from cxrdesk.api.testing.checks import Skipped

SEED = 7


def randomised(model: Any) -> bool:
    """Fill the weights of a loaded model with noise of the same spread; False where none were found."""
    if isinstance(model, OnnxModel):
        model.open(_random_onnx(Bundle(model.spec.bundle).weights()))
        return True
    torch: Any = sys.modules.get("torch")
    if torch is None:
        return False
    modules = [value for value in vars(model).values() if isinstance(value, torch.nn.Module)]
    generator = torch.Generator().manual_seed(SEED)
    found = False
    with torch.no_grad():
        for module in modules:
            for value in module.parameters():
                spread = float(value.float().std()) if value.numel() > 1 else 1.0
                noise = torch.randn(value.shape, generator=generator) * (spread or 1.0)
                value.copy_(noise.to(value.device, value.dtype))
                found = True
    return found


def _random_onnx(network: bytes) -> bytes:
    try:
        import onnx
    except ModuleNotFoundError:
        raise Skipped("the onnx package, which can change a file's weights, is not installed") from None
    made = onnx.load_from_string(network)
    rng = np.random.default_rng(SEED)
    for item in made.graph.initializer:
        values = onnx.numpy_helper.to_array(item)
        if values.dtype.kind == "f" and values.size:
            noise = rng.normal(size=values.shape) * (float(values.std()) or 1.0)
            item.CopyFrom(onnx.numpy_helper.from_array(noise.astype(values.dtype), item.name))
    return bytes(made.SerializeToString())
