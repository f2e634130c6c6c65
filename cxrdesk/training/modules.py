"""Lightning modules: one for classes, one for masks."""

from __future__ import annotations

from typing import Any

import lightning
import torch
from torch.nn import functional


class Fit(lightning.LightningModule):
    """What both share: AdamW under a one-cycle learning rate, over all of the network or named parts of it.

    Parameters
    ----------
    network : torch.nn.Module
        From (n, 1, rows, cols) to logits.
    rate : float
        Largest learning rate.
    decay : float
        Weight decay.
    """

    def __init__(self, network: torch.nn.Module, *, rate: float = 2e-3, decay: float = 0.02) -> None:
        super().__init__()
        self.network, self.rate, self.decay = network, rate, decay
        self.trains: tuple[str, ...] = ()

    def train_only(self, *parts: str) -> None:
        """Learn the parameters whose names begin so, and leave all others, their running means too; none for all."""
        names = [name for name, _ in self.network.named_parameters()]
        if unknown := [part for part in parts if not any(name.startswith(part) for name in names)]:
            raise ValueError(f"the network has no parameter that begins with {unknown[0]!r}")
        self.trains = parts
        for name, parameter in self.network.named_parameters():
            parameter.requires_grad_(not parts or name.startswith(parts))

    def on_train_epoch_start(self) -> None:
        """Normalisation within what is left alone keeps its running means."""
        if not self.trains:
            return
        for module in self.network.modules():
            own = list(module.parameters(recurse=False))
            if own and not any(parameter.requires_grad for parameter in own):
                module.eval()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits."""
        out: torch.Tensor = self.network(images.contiguous(memory_format=torch.channels_last))
        return out

    def loss(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Scalar loss of one batch."""
        return functional.binary_cross_entropy_with_logits(logits, target)

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> torch.Tensor:
        """Loss of one batch."""
        images, target = batch
        loss = self.loss(self(images), target)
        self.log("loss", loss, prog_bar=True, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[torch.Tensor, torch.Tensor], index: int) -> None:
        """Loss of one batch of tuning films, by the averaged weights."""
        images, target = batch
        self.log("tune_loss", self.loss(self(images), target), batch_size=len(images))

    def configure_optimizers(self) -> Any:
        """AdamW without decay on biases and normalisation, one cycle over all steps."""
        learnt = [p for p in self.parameters() if p.requires_grad]
        bare, full = [p for p in learnt if p.ndim <= 1], [p for p in learnt if p.ndim > 1]
        groups = [{"params": full, "weight_decay": self.decay}, {"params": bare, "weight_decay": 0.0}]
        optimizer = torch.optim.AdamW(groups, lr=self.rate)
        # The cycle needs a step to rise, one to fall and one to end; trial runs may be shorter.
        steps = max(int(self.trainer.estimated_stepping_batches), 3)
        rise = max(0.2, 2 / steps)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=self.rate, total_steps=steps, pct_start=rise)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class ClassFit(Fit):
    """One sigmoid for each finding; labels smoothed, since text-mined and clinical labels are noisy.

    A label of NaN is not known, and does not count; a label between 0 and 1 is uncertain.
    """

    def __init__(self, network: torch.nn.Module, *, smoothing: float = 0.02, **options: float) -> None:
        super().__init__(network, **options)
        self.smoothing = smoothing

    def loss(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Binary cross-entropy against labels moved by the smoothing towards 0.5, mean over those that are known."""
        known = torch.isfinite(target)
        soft = torch.where(known, target, 0.5) * (1 - 2 * self.smoothing) + self.smoothing
        each = functional.binary_cross_entropy_with_logits(logits, soft, reduction="none")
        return (each * known).sum() / known.sum().clamp(min=1)


class MaskFit(Fit):
    """Binary cross-entropy plus soft Dice (Milletari et al. 2016, arXiv 1606.04797)."""

    def loss(self, logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Sum of the two terms."""
        share = torch.sigmoid(logits)
        both = (share * target).sum(dim=(1, 2, 3))
        sizes = share.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3))
        dice = 1.0 - (2.0 * both + 1.0) / (sizes + 1.0)
        return functional.binary_cross_entropy_with_logits(logits, target) + dice.mean()
