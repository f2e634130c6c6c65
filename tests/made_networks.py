"""Small networks as files: ONNX written node by node, TorchScript traced."""

from __future__ import annotations

import io
import warnings

import numpy as np


def onnx_classifier(
    *, channels: int = 1, outputs: int = 1, batch: int | str = "n", side: int = 32, seed: int = 0, ends: str = ""
) -> bytes:
    """A convolution, ReLU, mean over the film and a linear layer; `ends` names a last node such as ``"Sigmoid"``."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    weights = {
        "kernel": rng.normal(0, 1, (6, channels, 3, 3)),
        "shift": rng.normal(0, 0.1, 6),
        "matrix": rng.normal(0, 2, (6, outputs)),
        "offset": rng.normal(0, 0.5, outputs),
    }
    nodes = [
        helper.make_node("Conv", ["film", "kernel", "shift"], ["c"], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("GlobalAveragePool", ["r"], ["p"]),
        helper.make_node("Flatten", ["p"], ["f"]),
        helper.make_node("Gemm", ["f", "matrix", "offset"], ["logits"]),
    ]
    last = "logits"
    if ends:
        nodes.append(helper.make_node(ends, ["logits"], ["out"]))
        last = "out"
    return _onnx(onnx, nodes, weights, (batch, channels, side, side), last, [batch, outputs], numpy_helper, TensorProto)


def onnx_segmenter(*, side: int = 32, outputs: int = 1) -> bytes:
    """A convolution that keeps the grid: bright is inside."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kernel = np.linspace(0.5, 1.5, outputs * 25).reshape(outputs, 1, 5, 5) / 5
    nodes = [helper.make_node("Conv", ["film", "kernel"], ["out"], pads=[2, 2, 2, 2])]
    shape = ("n", 1, side, side)
    return _onnx(onnx, nodes, {"kernel": kernel}, shape, "out", ["n", outputs, side, side], numpy_helper, TensorProto)


def _onnx(onnx, nodes, weights, shape, last, out_shape, numpy_helper, kinds) -> bytes:
    from onnx import helper

    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("film", kinds.FLOAT, list(shape))],
        [helper.make_tensor_value_info(last, kinds.FLOAT, out_shape)],
        [numpy_helper.from_array(np.asarray(value, np.float32), name) for name, value in weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return made.SerializeToString()


def torchscript(network, example) -> bytes:
    """A torch module traced to a TorchScript file."""
    import torch

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.jit.save(torch.jit.trace(network.eval(), example), buffer)
    return buffer.getvalue()
