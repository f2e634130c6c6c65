"""One way to train: Lightning with averaged weights, checkpoints and resumption."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import EMAWeightAveraging, ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import CSVLogger
from torch.utils.data import DataLoader

from cxrdesk.training.data import Draws
from cxrdesk.training.modules import Fit


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long and where to train.

    Parameters
    ----------
    epochs, batch : int
    device : str
        Lightning's accelerator: ``"auto"``, ``"cpu"``, ``"gpu"``, ``"mps"``.
    average : float
        Decay of the exponential moving average of the weights; the average is what is kept.
    """

    epochs: int
    batch: int = 32
    device: str = "auto"
    average: float = 0.998
    seed: int = 0


def fit(module: Fit, draws: Draws, plan: Plan, out: Path) -> None:
    """Train `module` in place; its network ends with the averaged weights.

    The state after each epoch is in ``out/checkpoints``; a run that was cut off goes on from there.
    ``out/log/metrics.csv`` holds the loss of each epoch.
    """
    lightning.seed_everything(plan.seed, verbose=False)
    checkpoints = ModelCheckpoint(dirpath=out / "checkpoints", filename="last", enable_version_counter=False)
    trainer = lightning.Trainer(
        max_epochs=plan.epochs,
        accelerator=plan.device,
        devices=1,
        precision="16-mixed" if torch.cuda.is_available() and plan.device in ("auto", "gpu") else "32-true",
        callbacks=[EMAWeightAveraging(decay=plan.average), checkpoints, RichProgressBar()],
        logger=CSVLogger(out, name="log", version=""),
        gradient_clip_val=1.0,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    module.network.to(memory_format=torch.channels_last)
    loader = DataLoader(draws, batch_size=plan.batch, shuffle=False, drop_last=True, num_workers=0)
    last = out / "checkpoints" / "last.ckpt"
    # weights_only: a checkpoint is read without running any code that it might hold.
    trainer.fit(module, loader, ckpt_path=str(last) if last.is_file() else None, weights_only=True)
    # The checkpoint holds the averaged weights, also where this run found nothing left to do.
    module.load_state_dict(torch.load(last, map_location="cpu", weights_only=True)["state_dict"])
