"""One way to train: Lightning with averaged weights, checkpoints and resumption."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EMAWeightAveraging, ModelCheckpoint, RichProgressBar
from torch.utils.data import DataLoader

from cxrdesk.imaging.errors import UserError
from cxrdesk.training.augment import Geometry
from cxrdesk.training.data import Drawing, Epochs
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


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One of several trainings that follow each other: how much films are changed, for how long, how fast.

    Parameters
    ----------
    strength : float
        Of the change in appearance; see `cxrdesk.training.augment.appearance`.
    draws : int
        In one epoch.
    rate : float
        Largest learning rate.
    """

    name: str
    geometry: Geometry
    strength: float
    draws: int
    epochs: int
    rate: float


def fit_stages(
    module: Fit, stages: Sequence[Stage], draws: Callable[[Stage], Drawing], plan: Plan, out: Path
) -> None:
    """Train `module` in place by one stage after the other, each in a folder of its own under `out`.

    Parameters
    ----------
    draws : callable
        What a stage draws from.
    plan : Plan
        Its number of epochs is that of each stage.
    """
    for stage in stages:
        module.rate = stage.rate
        fit(module, draws(stage), replace(plan, epochs=stage.epochs), out / stage.name)


class _Seeds(Callback):
    """Seeds dropout by the epoch, so that a run which was cut off ends with the weights that it would have had."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: lightning.Trainer, module: Any, batch: Any, index: int) -> None:
        if index == 0:
            torch.manual_seed(self.seed + trainer.current_epoch)


class _Curve(Callback):
    """Keeps the loss of each epoch, those before an interruption too; Lightning's own CSV log begins anew."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: Any) -> None:
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else ["epoch,loss"]
        told = f"{trainer.current_epoch},{float(trainer.callback_metrics['loss'])!r}"
        # An epoch that was cut off before its checkpoint is written again.
        self.path.write_text("\n".join([*lines[: trainer.current_epoch + 1], told, ""]), encoding="utf-8")


@contextmanager
def _quiet() -> Iterator[None]:
    """Lightning without its advice: which accelerators there are, and which of its products could be installed."""
    told = {logger: logger.level for logger in map(logging.getLogger, ("lightning.pytorch", "lightning.fabric"))}
    for logger in told:
        logger.setLevel(logging.WARNING)
    try:
        with warnings.catch_warnings():
            # Draws cost less than the steps that they feed; workers would each hold all films.
            warnings.filterwarnings("ignore", message=".*does not have many workers")
            # A run that goes on finds its own checkpoints.
            warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")
            # Lightning 2.6 still uses what torch 2.12 and later call deprecated.
            warnings.filterwarnings("ignore", message=".*LeafSpec.* is deprecated", category=FutureWarning)
            yield
    finally:
        for logger, level in told.items():
            logger.setLevel(level)


def fit(module: Fit, draws: Drawing, plan: Plan, out: Path) -> None:
    """Train `module` in place; its network ends with the averaged weights.

    The state after each epoch is in ``out/checkpoints``; a run that was cut off goes on from there.
    ``out/loss.csv`` holds the loss of each epoch.

    Raises
    ------
    UserError
        If an epoch holds fewer draws than a batch (``"too-few-draws"``).
    """
    if len(draws) < plan.batch:
        raise UserError("too-few-draws", f"an epoch of {len(draws)} draws does not fill one batch of {plan.batch}")
    out.mkdir(parents=True, exist_ok=True)
    with _quiet():
        _fit(module, draws, plan, out)


def _fit(module: Fit, draws: Drawing, plan: Plan, out: Path) -> None:
    watched = sys.stdout.isatty()
    lightning.seed_everything(plan.seed, verbose=False)
    checkpoints = ModelCheckpoint(dirpath=out / "checkpoints", filename="last", enable_version_counter=False)
    trainer = lightning.Trainer(
        max_epochs=plan.epochs,
        accelerator=plan.device,
        devices=1,
        precision="16-mixed" if torch.cuda.is_available() and plan.device in ("auto", "gpu") else "32-true",
        callbacks=[
            EMAWeightAveraging(decay=plan.average),
            checkpoints,
            _Seeds(plan.seed),
            _Curve(out / "loss.csv"),
            *([RichProgressBar()] if watched else []),
        ],
        enable_progress_bar=watched,
        log_every_n_steps=len(draws) // plan.batch,
        logger=False,
        gradient_clip_val=1.0,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    module.network.to(memory_format=torch.channels_last)
    loader = DataLoader(draws, batch_size=plan.batch, sampler=Epochs(len(draws)), drop_last=True, num_workers=0)
    last = out / "checkpoints" / "last.ckpt"
    # weights_only: a checkpoint is read without running any code that it might hold.
    trainer.fit(module, loader, ckpt_path=str(last) if last.is_file() else None, weights_only=True)
    # The checkpoint holds the averaged weights, also where this run found nothing left to do.
    module.load_state_dict(torch.load(last, map_location="cpu", weights_only=True)["state_dict"])
