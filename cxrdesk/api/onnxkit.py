"""Detectors and segmenters around an ONNX file. ONNX Runtime is imported when a model loads, never before.

ONNX Runtime comes with the extra ``onnx``. It computes on the CPU here, in as many threads as the host's environment
says; a film's answer is the same whichever device the host prefers.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import Context
from cxrdesk.api.filekit import FileClassifier, FileModel, FileSegmenter
from cxrdesk.imaging.errors import UserError

__all__ = ["OnnxClassifier", "OnnxSegmenter"]

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}
_SECOND_FILE = b"\x0a\x08location\x12"
"""How a tensor names the file beside the network's that holds its values (external_data of onnx.proto)."""


@dataclass(frozen=True, kw_only=True)
class Described:
    """What an ONNX file says of its network.

    Parameters
    ----------
    shape : tuple
        Of the input, (batch, channels, rows, cols); None where the file leaves it open.
    outputs : tuple
        Shape of the first output likewise.
    """

    shape: tuple[int | None, ...]
    outputs: tuple[int | None, ...]


def session(network: bytes) -> Any:
    """An ``onnxruntime.InferenceSession`` on the CPU, telemetry off.

    Raises
    ------
    UserError
        ``"missing-extra"`` without ONNX Runtime; ``"bad-network"`` for a file that is none, that keeps weights in a
        second file, or whose first input is no batch of pictures.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError:
        text = "ONNX files need onnxruntime, which is not installed; run: pip install 'cxrdesk[onnx]'"
        raise UserError("missing-extra", text) from None
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
    options.inter_op_num_threads = 1
    # A spinning thread stalls as soon as another program uses its core.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    # Weights beside the file are under no digest: they are looked for where there are none.
    with tempfile.TemporaryDirectory() as empty:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", empty)
        try:
            made = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise UserError("bad-network", _refusal(network, error, onnxruntime.__version__)) from error
    inputs = made.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _TYPES:
        told = ", ".join(f"{item.name} {item.type} {item.shape}" for item in inputs)
        text = f"an ONNX file with one input (batch, channels, rows, cols) of floats is needed; this has {told}"
        raise UserError("bad-network", text)
    return made


def _refusal(network: bytes, error: Exception, version: str) -> str:
    """Why a file was not opened, in our words: ONNX Runtime's own name its source files and folders."""
    text, said = "the ONNX file cannot be opened", str(error)
    if _SECOND_FILE in network:
        return f"{text}: its weights are in a second file; save one with torch.onnx.export(..., external_data=False)"
    if type(error).__name__ == "InvalidProtobuf":
        return f"{text}: it is no ONNX file, or not a whole one; export it anew"
    if "IR version" in said or "opset" in said.lower():
        return f"{text}: it is of a newer version than ONNX Runtime {version} knows; export it with a lower opset"
    if "not a registered function/op" in said or "No Op registered" in said:
        return f"{text}: ONNX Runtime {version} does not know one of its operators; export it with standard ones"
    return f"{text} by ONNX Runtime {version} ({type(error).__name__}); look at it with onnx.checker.check_model"


def described(network: bytes) -> Described:
    """Shapes of a network's input and first output; raises as `session`."""
    made = session(network)
    shape, outputs = (_sizes(item.shape) for item in (made.get_inputs()[0], made.get_outputs()[0]))
    return Described(shape=shape, outputs=outputs)


def _sizes(shape: list[Any]) -> tuple[int | None, ...]:
    return tuple(size if isinstance(size, int) and size > 0 else None for size in shape)


class OnnxModel(FileModel):
    """Runs an ONNX file; mixed into `OnnxClassifier` and `OnnxSegmenter`."""

    context: Context

    def open(self, network: bytes) -> None:
        """Start a session; from here on the context says that the CPU computes."""
        self.context = replace(self.context, device="cpu")
        self.session = session(network)
        given = self.session.get_inputs()[0]
        self._input, self._type = given.name, _TYPES[given.type]
        self._batch = _sizes(given.shape)[0]

    def run(self, tensors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The first output; inputs go one batch of the file's own size after the other where it fixes one."""
        size = self._batch or len(tensors)
        parts = []
        for first in range(0, len(tensors), size):
            some = tensors[first : first + size].astype(self._type)
            filled = np.concatenate([some, np.repeat(some[-1:], size - len(some), axis=0)])
            parts.append(self.session.run(None, {self._input: filled})[0][: len(some)])
        return np.concatenate(parts).astype(np.float32)

    def close(self) -> None:
        """End the session."""
        del self.session


class OnnxClassifier(OnnxModel, FileClassifier):
    """A detector around the bundle's ``model.onnx``."""


class OnnxSegmenter(OnnxModel, FileSegmenter):
    """A segmenter around the bundle's ``model.onnx``."""
