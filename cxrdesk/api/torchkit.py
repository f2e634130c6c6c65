"""Helpers for detectors and segmenters written in torch. torch is imported when a model loads, never before."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api import saliency
from cxrdesk.api.bundle import Bundle
from cxrdesk.api.detector import Context, Detector, Mask, ModelInput, Prediction, SaliencyMap, Segmenter
from cxrdesk.api.perturbation import LogOdds, Perturbation

if TYPE_CHECKING:
    import torch


class _TorchModel:
    """Builds the network and fills it from the bundle."""

    model: torch.nn.Module
    context: Context
    spec: Any

    @abstractmethod
    def build(self) -> torch.nn.Module:
        """The network without weights; torch may be imported here."""

    def load(self) -> None:
        """Build, read the verified weights, move to the device."""
        import safetensors.torch
        import torch

        model = self.build()
        if self.spec.bundle is not None:
            model.load_state_dict(single_precision(safetensors.torch.load(Bundle(self.spec.bundle).weights())))
        self.model = model.eval().to(torch.device(self.context.device))

    def unload(self) -> None:
        """Drop the network and the device's cache."""
        import torch

        del self.model
        if self.context.device == "cuda":
            torch.cuda.empty_cache()

    def batch(self, inputs: Sequence[ModelInput]) -> torch.Tensor:
        """Inputs as one tensor (n, channels, rows, cols) on the device."""
        import torch

        return torch.from_numpy(np.stack([item.tensor for item in inputs])).to(self.context.device)


SCALE = "#scale"
"""Ends the name of the tensor that holds what one step of an 8-bit tensor stands for."""


def single_precision(stored: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A state dictionary to compute with, from one that is stored in 8 or 16 bits.

    Parameters
    ----------
    stored : mapping
        Floating-point tensors of any precision; int8 tensors beside a float32 tensor of the same name and `SCALE`, by
        which each is multiplied along its first axis; other integers, which stay.
    """
    state = {}
    for name, value in stored.items():
        if name.endswith(SCALE):
            continue
        scale = stored.get(name + SCALE)
        if scale is not None:
            state[name] = value.float() * scale.reshape(-1, *[1] * (value.ndim - 1))
        else:
            state[name] = value.float() if value.is_floating_point() else value
    return state


class TorchClassifier(_TorchModel, Detector):
    """A detector around a network from (n, channels, rows, cols) to (n, findings) logits.

    Over several films the mean of the probabilities is the answer; override `predict` for another rule.
    Where the spec declares saliency, `cam_layer` names the layer; one forward then serves scores and maps.
    """

    mirrored = False
    """Whether each film is also seen as in a mirror, and the mean over both is the answer: twice the arithmetic."""

    cam_method = "hirescam"
    """How maps are made: a key of `cxrdesk.api.saliency.METHODS`. A bundle's reference values belong to one method."""

    perturbation: Perturbation | None = None
    """Where set, maps are made by it from scores alone, and `cam_layer` is not asked: for networks without features."""

    _last: tuple[Sequence[ModelInput], torch.Tensor, torch.Tensor] | None = None

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The layer whose activations the saliency maps weight: usually the last before pooling."""
        raise NotImplementedError(f"{type(self).__name__} declares saliency but names no layer")

    def load(self) -> None:
        """As for every torch model; hooks for saliency stay until `unload`."""
        super().load()
        self._cam: Any = None
        if self.spec.saliency is None or self.perturbation is not None:
            return
        self.model.requires_grad_(False)
        layer = self.cam_layer(self.model)
        # The graph starts here: nothing below the layer is kept, and the backward pass is as short as it can be.
        # Cloned, since a leaf of the graph could not be changed in place by what follows the layer.
        self._cut = layer.register_forward_hook(lambda module, given, out: out.detach().requires_grad_(True).clone())
        self._cam = saliency.cam(self.cam_method, self.model, layer)

    def unload(self) -> None:
        """Release hooks and network."""
        if self._cam is not None:
            self._cam.activations_and_grads.release()
            self._cut.remove()
        self._last = self._cam = None
        super().unload()

    def predict(self, inputs: Sequence[ModelInput]) -> Prediction:
        """Sigmoid of the logits, mean over films."""
        import torch

        batch = self.batch(inputs)
        if self.mirrored:
            batch = torch.cat([batch, batch.flip(-1)])
        if self._cam is None:
            with torch.inference_mode():
                logits = self.model(batch)
        else:
            with torch.enable_grad():
                logits = self._cam.activations_and_grads(batch)
            self._last = (inputs, batch, logits)
        means = torch.sigmoid(logits.detach().float()).mean(dim=0).cpu().double().tolist()
        return Prediction(probabilities=dict(zip(self.spec.findings, means, strict=True)))

    def explain(self, inputs: Sequence[ModelInput], finding: str) -> list[SaliencyMap]:
        """Maps of one finding, unscaled, from the same forward pass as `predict` where it was of these inputs.

        Notes
        -----
        By the grad-cam package. HiResCAM, used unless `cam_method` names another, counts each cell with its own
        gradient, where Grad-CAM spreads one weight over the whole channel and so may light up cells that the score does
        not rest on. The package's scaling of each map to 0..1 is left out, so that a film with nothing on it gives a
        weak map.
        """
        if self.perturbation is not None:
            return self.perturbation.maps(inputs, finding, self.log_odds(finding), self.context.check)
        import torch
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        if self._last is None or self._last[0] is not inputs:
            self.predict(inputs)
        assert self._last is not None
        _, batch, logits = self._last
        seen = self._cam.activations_and_grads
        seen.gradients = []
        index = self.spec.findings.index(finding)
        torch.autograd.backward(logits[:, index].sum(), retain_graph=True)
        layer, targets = self._cam.target_layers[0], [ClassifierOutputTarget(index)] * len(batch)
        activations, gradients = seen.activations[0].numpy(), seen.gradients[0].numpy()
        self._cam.outputs = logits
        raw = self._cam.get_cam_image(batch, layer, targets, activations, gradients, eigen_smooth=False)
        maps = np.maximum(raw, 0).astype(np.float32)
        if self.mirrored:
            maps = (maps[: len(inputs)] + maps[len(inputs) :, :, ::-1]) / 2
        return [
            SaliencyMap(finding=finding, values=values, box=item.box, film=i)
            for i, (values, item) in enumerate(zip(maps, inputs, strict=True))
        ]

    def log_odds(self, finding: str) -> LogOdds:
        """The network's logits of one finding, for `cxrdesk.api.perturbation`."""
        index = self.spec.findings.index(finding)

        def logits(tensors: NDArray[np.float32]) -> NDArray[np.float32]:
            import torch

            with torch.inference_mode():
                batch = torch.from_numpy(tensors).to(self.context.device)
                outputs = self.model(batch)
                if self.mirrored:
                    outputs = (outputs + self.model(batch.flip(-1))) / 2
            return np.asarray(outputs[:, index].float().cpu().numpy())

        return logits


class TorchSegmenter(_TorchModel, Segmenter):
    """A segmenter around a network from (1, channels, rows, cols) to (1, 1, rows, cols) logits."""

    def segment(self, model_input: ModelInput) -> Mask:
        """Sigmoid of the logits, then `clean`."""
        import torch

        with torch.inference_mode():
            logits = self.model(self.batch([model_input]))[0, 0].float()
        values = torch.sigmoid(logits).cpu().numpy()
        return Mask(structure=self.spec.structure, values=self.clean(values))

    def clean(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is done to the network's mask (float32 (h, w), 0..1) before it is used; nothing by default."""
        return values
