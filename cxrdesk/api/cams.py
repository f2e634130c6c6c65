"""Two methods that the grad-cam package lacks, or has in a form that costs too much.

`cxrdesk.api.saliency.cam` joins each class with the package's ``BaseCAM``, so that torch is imported only then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.saliency import NOT_APPLICABLE, SCORE_CAM_CHANNELS
from cxrdesk.imaging.errors import UserError

if TYPE_CHECKING:
    import torch

_BATCH = 32


class ClassActivationMap:
    """Zhou et al. 2016: each channel counts with its weight in the linear layer behind the pooling.

    Only of networks whose logits are that linear layer of the mean of the named layer's channels, which is computed
    and compared, since a network does not say how it is built.
    """

    model: torch.nn.Module
    outputs: torch.Tensor

    def get_cam_weights(
        self, input_tensor: Any, target_layer: Any, targets: Any, activations: NDArray[np.float32], grads: Any
    ) -> NDArray[np.float32]:
        """The linear layer's weights, float32 (n, channels).

        Raises
        ------
        UserError
            ``"method-not-applicable"``.
        """
        import torch

        linear = [module for module in self.model.modules() if isinstance(module, torch.nn.Linear)]
        logits = self.outputs.detach().float().cpu().numpy()
        if linear and linear[-1].weight.shape == (logits.shape[1], activations.shape[1]):
            weight = linear[-1].weight.detach().float().cpu().numpy()
            bias = linear[-1].bias
            offset = 0.0 if bias is None else bias.detach().float().cpu().numpy()
            pooled = activations.mean(axis=(2, 3)) @ weight.T + offset
            if np.allclose(pooled, logits, rtol=1e-3, atol=1e-3):
                return np.stack([weight[target.category] for target in targets])
        text = "the logits are no linear layer of the mean of this layer's channels, so it has no class activation map"
        raise UserError(NOT_APPLICABLE, text)


class StrongestScoreCam:
    """Wang et al. 2020, by the strongest channels alone: each costs a forward pass.

    A channel counts with the softmax, over the channels taken, of the logit of the film seen through it. With as many
    `channels` as the layer has it is the grad-cam package's own Score-CAM.
    """

    model: torch.nn.Module
    channels = SCORE_CAM_CHANNELS

    def get_cam_weights(
        self,
        input_tensor: torch.Tensor,
        target_layer: Any,
        targets: Any,
        activations: NDArray[np.float32],
        grads: Any,
    ) -> NDArray[np.float32]:
        """Weights float32 (n, channels), 0 for those that are not taken."""
        weights = np.zeros(activations.shape[:2], np.float32)
        for i, (film, target) in enumerate(zip(input_tensor, targets, strict=True)):
            strongest = np.argsort(-activations[i].mean(axis=(1, 2)), kind="stable")[: self.channels]
            weights[i, strongest] = self._shares(film, target, activations[i, strongest])
        return weights

    def _shares(self, film: torch.Tensor, target: Any, activations: NDArray[np.float32]) -> NDArray[np.float32]:
        import torch

        scores = []
        with torch.no_grad():
            for start in range(0, len(activations), _BATCH):
                part = torch.from_numpy(activations[start : start + _BATCH, None]).to(film.device)
                seen = torch.nn.functional.interpolate(part, film.shape[-2:], mode="bilinear", align_corners=True)
                low, high = seen.amin((2, 3), keepdim=True), seen.amax((2, 3), keepdim=True)
                outputs = self.model(film[None] * ((seen - low) / (high - low + 1e-8)))
                scores += [target(output) for output in outputs]
            return np.asarray(torch.softmax(torch.stack(scores).float(), dim=0).cpu().numpy())
