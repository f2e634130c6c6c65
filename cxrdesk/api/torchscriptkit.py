"""Detectors and segmenters around a TorchScript file. torch is imported when a model loads, never before.

A TorchScript file is a program: ``torch.jit.load`` of an unknown file may do anything that the plugin's own code may.
It is opened where that code runs, in the plugin's own process, and only if its SHA-256 is the bundle's; that says that
it is the file its author shipped, not that it is harmless. Prefer ONNX for files of unknown origin. torch calls
TorchScript deprecated, so that a future torch may no longer open it.
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.filekit import FileClassifier, FileModel, FileSegmenter
from cxrdesk.imaging.errors import UserError

if TYPE_CHECKING:
    import torch

__all__ = ["TorchScriptClassifier", "TorchScriptSegmenter"]


def script(network: bytes, device: str = "cpu") -> torch.nn.Module:
    """The network in a TorchScript file, ready to run; the file's code is trusted from here on.

    Raises
    ------
    UserError
        ``"bad-network"`` for a file that is none.
    """
    import torch

    jit: Any = torch.jit
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"`torch\.jit", category=FutureWarning)
        warnings.filterwarnings("ignore", message=r"`torch\.jit", category=DeprecationWarning)
        try:
            made = jit.load(io.BytesIO(network), map_location=device)
        except (RuntimeError, ValueError) as error:
            text = "the TorchScript file cannot be opened; write it with torch.jit.save"
            raise UserError("bad-network", f"{text} ({' '.join(str(error).split())[:200]})") from error
    module: torch.nn.Module = made.eval()
    return module


class TorchScriptModel(FileModel):
    """Runs a TorchScript file; mixed into `TorchScriptClassifier` and `TorchScriptSegmenter`."""

    model: torch.nn.Module

    def open(self, network: bytes) -> None:
        """Open the file on the context's device."""
        self.model = script(network, self.context.device)

    def run(self, tensors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The output, the first one where there are several."""
        import torch

        with torch.inference_mode():
            outputs = self.model(torch.from_numpy(tensors).to(self.context.device))
        first = outputs[0] if isinstance(outputs, (tuple, list)) else outputs
        return np.asarray(first.float().cpu().numpy())

    def close(self) -> None:
        """Drop the network and the device's cache."""
        import torch

        del self.model
        if self.context.device == "cuda":
            torch.cuda.empty_cache()


class TorchScriptClassifier(TorchScriptModel, FileClassifier):
    """A detector around the bundle's ``model.torchscript``."""


class TorchScriptSegmenter(TorchScriptModel, FileSegmenter):
    """A segmenter around the bundle's ``model.torchscript``."""
