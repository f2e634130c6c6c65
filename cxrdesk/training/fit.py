"""One way to train: Lightning with averaged weights, early stopping, checkpoints and resumption."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from torch.utils.data import DataLoader

from cxrdesk.imaging.errors import UserError
from cxrdesk.training.augment import Geometry
from cxrdesk.training.callbacks import Curve, Seeds, Told
from cxrdesk.training.data import Drawing, Epochs, Fixed
from cxrdesk.training.modules import Fit


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long and where to train.

    Parameters
    ----------
    epochs, batch : int
    device : str
        ``"auto"``, or one of torch's names: ``"cpu"``, ``"cuda"``, ``"mps"``.
    average : float
        Decay of the exponential moving average of the weights; the average is what is kept.
    patience : int or None
        With tuning films, stop after this many epochs without a smaller loss on them, and keep the best epoch's
        weights; None trains to the end and keeps the last.
    """

    epochs: int
    batch: int = 32
    device: str = "auto"
    average: float = 0.998
    seed: int = 0
    patience: int | None = None


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
    trains : tuple of str
        Beginnings of the names of the parameters that are learnt; none for all.
    """

    name: str
    geometry: Geometry
    strength: float
    draws: int
    epochs: int
    rate: float
    trains: tuple[str, ...] = ()


def fit_stages(
    module: Fit,
    stages: Sequence[Stage],
    draws: Callable[[Stage], Drawing],
    plan: Plan,
    out: Path,
    tune: Fixed | None = None,
) -> None:
    """Train `module` in place by one stage after the other, each in a folder of its own under `out`.

    Parameters
    ----------
    draws : callable
        What a stage draws from.
    plan : Plan
        Its number of epochs is that of each stage.
    tune : Fixed or None
        Films for early stopping.
    """
    for stage in stages:
        module.rate = stage.rate
        module.train_only(*stage.trains)
        fit(module, draws(stage), replace(plan, epochs=stage.epochs), out / stage.name, tune)


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
            # Not every training has tuning films.
            warnings.filterwarnings("ignore", message="You defined a `validation_step` but have no")
            # A run that goes on finds its own checkpoints.
            warnings.filterwarnings("ignore", message="Checkpoint directory .* exists and is not empty")
            # Lightning 2.6 still uses what torch 2.12 and later call deprecated.
            warnings.filterwarnings("ignore", message=".*LeafSpec.* is deprecated", category=FutureWarning)
            yield
    finally:
        for logger, level in told.items():
            logger.setLevel(level)


def fit(module: Fit, draws: Drawing, plan: Plan, out: Path, tune: Fixed | None = None) -> None:
    """Train `module` in place; its network ends with the averaged weights.

    The state after each epoch is in ``out/checkpoints``; a run that was cut off goes on from there and ends with the
    weights that it would have had. ``out/loss.csv`` holds the losses of each epoch.

    Raises
    ------
    UserError
        If an epoch holds fewer draws than a batch (``"too-few-draws"``), or the loss is no number any more
        (``"diverged"``).
    """
    if len(draws) < plan.batch:
        raise UserError("too-few-draws", f"an epoch of {len(draws)} draws does not fill one batch of {plan.batch}")
    out.mkdir(parents=True, exist_ok=True)
    with _quiet():
        _fit(module, draws, plan, out, tune)


def precision(device: str) -> Literal["16-mixed", "bf16-mixed", "32-true"]:
    """Lightning's name of the arithmetic: half precision where the device multiplies in it, single elsewhere."""
    if device != "cpu" and torch.cuda.is_available():
        return "16-mixed"
    # Elsewhere bfloat16 is emulated, and slower than single precision.
    if device == "cpu" or not torch.backends.mps.is_available():
        known = torch.cpu.get_capabilities()
        return "bf16-mixed" if known.get("avx512_bf16") or known.get("amx_bf16") else "32-true"
    return "32-true"


def _fit(module: Fit, draws: Drawing, plan: Plan, out: Path, tune: Fixed | None) -> None:
    lightning.seed_everything(plan.seed, verbose=False)
    folder = out / "checkpoints"
    keep: dict[str, Any] = {"dirpath": folder, "enable_version_counter": False}
    callbacks: list[Callback] = [
        EMAWeightAveraging(decay=plan.average),
        Seeds(plan.seed),
        Curve(out / "loss.csv"),
        Told(out.name),
    ]
    stops = tune is not None and plan.patience is not None
    if stops:
        callbacks += [EarlyStopping("tune_loss", patience=plan.patience or 0, check_finite=False)]
        callbacks += [ModelCheckpoint(filename="best", monitor="tune_loss", **keep)]
    # After the epoch is done with, so that what is resumed knows of its best.
    callbacks += [ModelCheckpoint(filename="last", save_on_train_epoch_end=True, **keep)]
    trainer = lightning.Trainer(
        max_epochs=plan.epochs,
        accelerator={"cuda": "gpu"}.get(plan.device, plan.device),
        devices=1,
        precision=precision(plan.device),
        callbacks=callbacks,
        enable_progress_bar=False,
        log_every_n_steps=len(draws) // plan.batch,
        logger=False,
        gradient_clip_val=1.0,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    # An earlier stage may have left parts as in use; what is frozen is put so at each epoch's start.
    module.train()
    module.network.to(memory_format=torch.channels_last)
    loader = DataLoader(draws, batch_size=plan.batch, sampler=Epochs(len(draws)), drop_last=True, num_workers=0)
    beside = None if tune is None else DataLoader(tune, batch_size=plan.batch, num_workers=0)
    last = folder / "last.ckpt"
    # weights_only: a checkpoint is read without running any code that it might hold.
    resumed = str(last) if last.is_file() else None
    # Lightning does not remember that it stopped early, and would train on.
    ended = folder / "ended"
    try:
        if not ended.is_file():
            trainer.fit(module, loader, beside, ckpt_path=resumed, weights_only=True)
    except SystemExit:
        # What Lightning makes of Ctrl-C.
        if trainer.interrupted:
            raise KeyboardInterrupt from None
        raise
    ended.touch()
    best = folder / "best.ckpt" if stops else last
    # The checkpoint holds the averaged weights, also where this run found nothing left to do.
    state = torch.load(best, map_location="cpu", weights_only=True)["state_dict"]
    if not all(torch.isfinite(value).all() for value in state.values()):
        raise UserError("diverged", f"the loss of {out.name} grew beyond all bounds; train at a smaller rate")
    module.load_state_dict(state)
