"""What happens around a training's epochs: seeds, the loss curve, and how long it will still take."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cxrdesk.training.telling import span


class Seeds(Callback):
    """Seeds dropout by the epoch, so that a run which was cut off ends with the weights that it would have had."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_batch_start(self, trainer: lightning.Trainer, module: Any, batch: Any, index: int) -> None:
        """Seed before the first step."""
        if index == 0:
            torch.manual_seed(self.seed + trainer.current_epoch)


class Curve(Callback):
    """Keeps the losses of each epoch, those before an interruption too; Lightning's own CSV log begins anew."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Write one line."""
        told = {key: float(trainer.callback_metrics[key]) for key in ("loss", "tune_loss") if _has(trainer, key)}
        head = ",".join(["epoch", *told])
        lines = self.path.read_text(encoding="utf-8").splitlines() if self.path.is_file() else [head]
        line = ",".join([str(trainer.current_epoch), *map(repr, told.values())])
        # An epoch that was cut off before its checkpoint is written again.
        self.path.write_text("\n".join([*lines[: trainer.current_epoch + 1], line, ""]), encoding="utf-8")


class Told(Callback):
    """Says how far the training is and how long it will still take: a bar in a terminal, a line an epoch elsewhere."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.console = Console(stderr=True)
        self._bar: Progress | None = None

    def on_train_start(self, trainer: lightning.Trainer, module: Any) -> None:
        """Begin; time counts from here, also after an interruption."""
        self._began, self._first = time.monotonic(), trainer.global_step
        self._steps = int(trainer.estimated_stepping_batches)
        if self.console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self.console)
            self._bar.start()
            self._task = self._bar.add_task(self.name, total=self._steps, completed=self._first)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(self._task, completed=trainer.global_step)

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Tell losses and what is left."""
        epoch = f"{self.name}: epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
        names = {"loss": "loss", "tune_loss": "on tuning films"}
        told = [f"{text} {float(trainer.callback_metrics[k]):.4f}" for k, text in names.items() if _has(trainer, k)]
        line = f"{epoch}, {', '.join(told)}"
        if self._bar is not None:
            self._bar.update(self._task, description=line)
            return
        done = trainer.global_step - self._first
        left_s = (time.monotonic() - self._began) / max(done, 1) * (self._steps - trainer.global_step)
        self.console.print(f"{line}, about {span(left_s)} left", soft_wrap=True, highlight=False)

    def on_train_end(self, trainer: lightning.Trainer, module: Any) -> None:
        """Take the bar down."""
        self._close()

    def on_exception(self, trainer: lightning.Trainer, module: Any, error: BaseException) -> None:
        """Take the bar down before anything else is said."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


def _has(trainer: lightning.Trainer, key: str) -> bool:
    return key in trainer.callback_metrics
