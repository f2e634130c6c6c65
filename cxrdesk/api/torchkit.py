"""Helpers for detectors and segmenters written in torch. torch is imported when a model loads, never before."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.bundle import Bundle
from cxrdesk.api.detector import Context, Detector, Mask, ModelInput, Prediction, SaliencyMap, Segmenter

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
            weights = safetensors.torch.load(Bundle(self.spec.bundle).weights())
            # Stored in half precision, computed in single.
            model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
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


class TorchClassifier(_TorchModel, Detector):
    """A detector around a network from (n, channels, rows, cols) to (n, findings) logits.

    Over several films the mean of the probabilities is the answer; override `predict` for another rule.
    """

    def predict(self, inputs: Sequence[ModelInput]) -> Prediction:
        """Sigmoid of the logits, mean over films."""
        import torch

        with torch.inference_mode():
            logits = self.model(self.batch(inputs)).float()
        means = torch.sigmoid(logits).mean(dim=0).cpu().double().tolist()
        return Prediction(probabilities=dict(zip(self.spec.findings, means, strict=True)))

    def cam_layer(self, model: torch.nn.Module) -> torch.nn.Module:
        """The layer whose activations the saliency maps weight: usually the last before pooling."""
        raise NotImplementedError(f"{type(self).__name__} declares saliency but names no layer")

    def explain(self, inputs: Sequence[ModelInput], finding: str) -> list[SaliencyMap]:
        """Grad-CAM of one finding, unscaled.

        Notes
        -----
        Selvaraju et al. 2017, arXiv 1610.02391, by the grad-cam package. Its own scaling of each map to 0..1 is left
        out, so that a film with nothing on it gives a weak map.
        """
        import torch
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        target = ClassifierOutputTarget(self.spec.findings.index(finding))
        frozen = [p for p in self.model.parameters() if p.requires_grad]
        for parameter in frozen:
            parameter.requires_grad_(False)
        try:
            with torch.enable_grad(), GradCAM(self.model, [self.cam_layer(self.model)]) as cam:
                maps = _raw_cam(cam, self.batch(inputs), target)
        finally:
            for parameter in frozen:
                parameter.requires_grad_(True)
        return [
            SaliencyMap(finding=finding, values=values, box=item.box, film=i)
            for i, (values, item) in enumerate(zip(maps, inputs, strict=True))
        ]


def _raw_cam(cam: Any, batch: torch.Tensor, target: Any) -> NDArray[np.float32]:
    """Weighted sum of activations, negative parts cut; float32 (n, h, w), not scaled per film."""
    outputs = cam.activations_and_grads(batch.requires_grad_(True))
    cam.model.zero_grad()
    sum(target(output) for output in outputs).backward()
    activations = cam.activations_and_grads.activations[0].cpu().numpy()
    gradients = cam.activations_and_grads.gradients[0].cpu().numpy()
    maps = cam.get_cam_image(batch, cam.target_layers[0], [target], activations, gradients)
    return np.maximum(maps, 0).astype(np.float32)


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
