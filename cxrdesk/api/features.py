"""What one layer of a network put out last, and how a logit would change with it; for saliency maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, kw_only=True, eq=False)
class Features:
    """A layer's output.

    Parameters
    ----------
    activations : tensor
        What followed was computed from; (n, channels, h, w) where the layer keeps a picture's grid.
    leaf : tensor or None
        Where the graph of the logits starts; None if no graph was kept.
    """

    activations: torch.Tensor
    leaf: torch.Tensor | None

    def gradients(self, value: torch.Tensor) -> torch.Tensor:
        """How a number that was computed from the layer changes with it, in the layer's shape; the graph stays."""
        import torch

        assert self.leaf is not None
        (found,) = torch.autograd.grad(value, self.leaf, retain_graph=True)
        return found


class Watched:
    """A layer that is looked at from now on.

    Where gradients are kept the graph starts at this layer: nothing below it is kept, and the backward pass is as short
    as it can be.
    """

    def __init__(self, layer: torch.nn.Module) -> None:
        self.layer = layer
        self._last: Features | None = None
        self._handle = layer.register_forward_hook(self._seen)

    @property
    def last(self) -> Features:
        """Of the last forward; LookupError if there was none, or if it did not come through the layer."""
        if self._last is None:
            raise LookupError("the network's forward pass did not come through the layer that its maps weight")
        return self._last

    def clear(self) -> None:
        """Forget the last forward."""
        self._last = None

    def release(self) -> None:
        """Leave the layer alone."""
        self.clear()
        self._handle.remove()

    def _seen(self, module: Any, given: Any, out: torch.Tensor) -> torch.Tensor | None:
        import torch

        if not torch.is_grad_enabled():
            self._last = Features(activations=out.detach(), leaf=None)
            return None
        leaf = out.detach().requires_grad_(True)
        # Cloned, since a leaf of the graph could not be changed in place by what follows the layer; what follows and
        # the activations share memory, so that they are those that the logits came from.
        made = leaf.clone()
        self._last = Features(activations=made.detach(), leaf=leaf)
        return made
