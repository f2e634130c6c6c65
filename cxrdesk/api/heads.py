"""Networks that end in pooling and one linear layer: there the class activation map is exact and costs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

EXACT_METHODS = ("hirescam", "gradcam")
"""Methods whose map of such a network is its class activation map, divided by the number of cells."""


def pooled_linear(model: torch.nn.Module, activations: torch.Tensor, logits: torch.Tensor) -> torch.nn.Linear | None:
    """The linear layer by which the logits come from the mean of each channel; None where there is none.

    A network does not say how it is built, so it is computed and compared.

    Parameters
    ----------
    activations : tensor, shape (n, channels, h, w)
    logits : tensor, shape (n, findings)
    """
    import torch

    if activations.ndim != 4:
        return None
    for module in reversed(list(model.modules())):
        if isinstance(module, torch.nn.Linear):
            fits = module.weight.shape == (logits.shape[1], activations.shape[1])
            if fits and is_head(module, activations, logits):
                return module
    return None


def is_head(linear: torch.nn.Linear, activations: torch.Tensor, logits: torch.Tensor) -> bool:
    """Whether the layer turns the channels' means into the logits."""
    import torch

    with torch.no_grad():
        expected = linear(activations.to(linear.weight).mean(dim=(2, 3)))
        return bool(torch.allclose(expected, logits.to(expected), rtol=1e-3, atol=1e-3))


def class_maps(linear: torch.nn.Linear, activations: torch.Tensor) -> torch.Tensor:
    """Class activation maps of all findings: (n, findings, h, w), which sum up to the logits without their offset.

    Zhou et al. 2016, arXiv 1512.04150. The gradient of a logit is the layer's weight divided by the number of cells,
    everywhere, so this is HiResCAM and Grad-CAM too, before what is below 0 is left out.
    """
    import torch

    cells = activations.shape[2] * activations.shape[3]
    with torch.no_grad():
        kernel = linear.weight.detach()[:, :, None, None] / cells
        return torch.nn.functional.conv2d(activations.to(kernel), kernel)
