"""Where a network's features start from: a file of weights, or a task of our own over the films at hand.

Nothing is downloaded, so nothing starts from ImageNet unless its weights are given as a file. Without one, a backbone
first learns an auxiliary task: to tell, on the training films of the paediatric and the adult data set at once, the
labels that their publishers give (pneumonia; fourteen text-mined findings), each film counting for the labels that it
has. No film of a tuning or report split is seen, and none with a box that saliency is audited against.
"""

from __future__ import annotations

import csv
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import timm
import torch

from cxrdesk.evaluation.datasets import Row, kermany, nih
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.preprocess import WHOLE_FILM, InputSpec
from cxrdesk.training.augment import Geometry
from cxrdesk.training.data import Draws, Example, read_films
from cxrdesk.training.fit import Plan, Stage, fit
from cxrdesk.training.modules import ClassFit

NIH_SHARE = 0.3
"""Share of draws from the few adult films, of which there are fewer."""
FILE = "backbone.safetensors"
STAGE = Stage(
    name="auxiliary",
    geometry=Geometry(rotation_degrees=10.0, scale=0.12, aspect=0.2, shift=0.05),
    strength=0.7,
    draws=3200,
    epochs=4,
    rate=1.5e-3,
)


@dataclass(frozen=True, kw_only=True)
class Auxiliary:
    """The auxiliary task.

    Parameters
    ----------
    size : int
        Rows and columns of the input.
    stage : Stage
    """

    size: int = 128
    batch: int = 32
    stage: Stage = STAGE


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """Features and where they come from.

    Parameters
    ----------
    network : torch.nn.Module
        From (n, 1, rows, cols) to (n, features).
    started_from : str
        For the model card: ``"no ImageNet start; ..."`` or the file's SHA-256.
    """

    network: torch.nn.Module
    started_from: str


def backbone(
    architecture: str,
    out: Path,
    *,
    data: Path | None,
    weights: Path | None = None,
    device: str = "auto",
    task: Auxiliary | None = None,
) -> Backbone:
    """A timm architecture for one grey channel, without its classifier, with features to start from.

    Parameters
    ----------
    data : Path or None
        Folder of the data sets for the auxiliary task.
    weights : Path or None
        A safetensors file of this architecture, for one or three channels, with or without a classifier; then there is
        no auxiliary task.

    Raises
    ------
    UserError
        ``"bad-weights"``; ``"usage"`` where there are neither weights nor data.
    """
    network = timm.create_model(architecture, pretrained=False, in_chans=1, num_classes=0)
    if weights is not None:
        load_features(network, weights)
        return Backbone(network=network, started_from=f"the weights in {weights.name}, given by the author")
    if data is None:
        text = "Training starts from an auxiliary task over real films; give --data DIR, or --backbone-weights FILE."
        raise UserError("usage", text)
    told = "no ImageNet start; an auxiliary task over the training splits of Kermany 2018 and of the NIH sample"
    kept = out / FILE
    if kept.is_file():
        load_features(network, kept)
        return Backbone(network=network, started_from=told)
    _pretrained(network, data, out, device, task or Auxiliary())
    partial = kept.with_suffix(".partial")
    safetensors.torch.save_file({k: v.contiguous() for k, v in network.state_dict().items()}, partial)
    partial.replace(kept)
    return Backbone(network=network, started_from=told)


def load_features(network: torch.nn.Module, path: Path) -> None:
    """Fill `network` from a safetensors file; what the file has beyond it, such as a classifier, is left.

    Raises
    ------
    UserError
        ``"bad-weights"``, if the file cannot be read or lacks something.
    """
    try:
        given = safetensors.torch.load_file(path)
    except (OSError, safetensors.SafetensorError) as error:
        text = f"{path} cannot be read as a safetensors file ({error}); other formats can run code and are not read"
        raise UserError("bad-weights", text) from None
    wanted = network.state_dict()
    missing = [name for name in wanted if name not in given and not name.endswith("num_batches_tracked")]
    if missing:
        text = f"{path} lacks {missing[0]} and {len(missing) - 1} others; it is of another architecture"
        raise UserError("bad-weights", text)
    state = {name: given.get(name, value) for name, value in wanted.items()}
    for name, value in state.items():
        if value.shape != wanted[name].shape and value.ndim == 4 and value.shape[1] == 3:
            # A grey film is the same in all three channels.
            state[name] = value.sum(dim=1, keepdim=True)
        if state[name].shape != wanted[name].shape:
            text = f"{name} in {path} is {tuple(value.shape)}, not {tuple(wanted[name].shape)}: another architecture"
            raise UserError("bad-weights", text)
    network.load_state_dict(state)


def _pretrained(network: torch.nn.Module, data: Path, out: Path, device: str, task: Auxiliary) -> None:
    children = [row for row in kermany(data) if row.split == "train"]
    audited = with_boxes(data)
    adults = [row for row in nih(data) if row.split == "train" and row.path.name not in audited]
    names = sorted({name for row in (*children, *adults) for name in row.labels})
    spec = InputSpec(size=(task.size, task.size))
    examples, weights = [], []
    for rows, share in ((children, 1 - NIH_SHARE), (adults, NIH_SHARE)):
        for row, film in read_films(rows):
            examples.append(Example(film=film, box=WHOLE_FILM, labels=_known(row, names)))
            weights.append(share / len(rows))
    stage = task.stage
    draws = Draws(examples, spec, weights, stage.draws, seed=0, geometry=stage.geometry, strength=stage.strength)
    torch.manual_seed(0)
    width: Any = network.num_features
    head = torch.nn.Linear(width, len(names))
    module = ClassFit(torch.nn.Sequential(OrderedDict(features=network, head=head)), rate=stage.rate, decay=0.05)
    fit(module, draws, Plan(epochs=stage.epochs, batch=task.batch, device=device), out)
    network.cpu()


def _known(row: Row, names: list[str]) -> tuple[float, ...]:
    return tuple(float(row.labels.get(name, float("nan"))) for name in names)


def with_boxes(data: Path) -> set[str]:
    """Names of films that saliency is audited on."""
    path = data / "nih" / "boxes.csv"
    if not path.is_file():
        return set()
    with path.open(newline="", encoding="utf-8") as file:
        return {item["file"] for item in csv.DictReader(file)}
