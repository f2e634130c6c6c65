"""Detectors trained on simulated films, or on real ones by whoever owns them: one way for all such recipes.

Three sets are simulated: ``train`` and ``tune`` under the order's randomisation, ``report`` under the strong one, from
other seeds, so that what is quoted shows that the finding was learnt and not the simulator's habits. A folder with a
``labels.csv`` of the detector's findings takes their place: its patients are split, and the evidence is then internal.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from cxrdesk.api import DetectorSpec, Evidence
from cxrdesk.api.mismatch import other_outputs
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.labelled import is_labelled, labelled
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.phantom.batch import Order, produce, recorded
from cxrdesk.imaging.preprocess import WHOLE_FILM
from cxrdesk.training.bundles import eight_bits, half_precision, provenance, sha256, storage_difference
from cxrdesk.training.data import Draws, Example, Fixed, LeftOut, as_it_is, read_films
from cxrdesk.training.finish import Bench, finish
from cxrdesk.training.fit import Plan, Stage, fit_stages
from cxrdesk.training.located import Located, LocatedDraws, LocatedFit, LocatedFixed, places_of
from cxrdesk.training.measured import OWN_FILMS, SIMULATED_FILMS, is_simulated
from cxrdesk.training.modules import ClassFit
from cxrdesk.training.telling import telling
from cxrdesk.training.uncertain import training_labels

SPLITS = ("train", "tune", "report")
SEEDS = {"train": 101, "tune": 102, "report": 103}
STORAGE_FILMS = 64
"""Tuning films on which stored weights are compared with those that were trained."""
GOLDEN_SEED, GOLDEN_FILMS, GOLDEN_SIZE = 104, 6, 192

Films = Mapping[str, Sequence[Row]]


@dataclass(frozen=True, kw_only=True)
class Amount:
    """How much is simulated and trained.

    Parameters
    ----------
    patients : mapping
        Name of a set of `SPLITS` to its number of patients.
    size : int
        Columns of the simulated films.
    stages : tuple of Stage
    patience : int
        Epochs without a better loss on the tuning films after which a stage ends.
    average : float
        Decay of the moving average of the weights.
    """

    patients: Mapping[str, int]
    stages: tuple[Stage, ...]
    size: int = 256
    batch: int = 16
    patience: int = 3
    average: float = 0.9


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a recipe trains.

    Parameters
    ----------
    spec : DetectorSpec
        Without weights and what is measured with them.
    orders : tuple of Order
        The simulated films, an equal number of patients each, under the randomisation of training; seed and size are
        set here.
    policy : mapping
        Finding to what an uncertain label counts for; see `cxrdesk.training.uncertain`.
    storage : callable
        From a network to its safetensors file.
    source : str
        What the films are where they are real; the spec's own words are for simulated ones.
    """

    name: str
    spec: DetectorSpec
    orders: tuple[Order, ...]
    bench: Bench
    policy: Mapping[str, str]
    storage: Callable[[torch.nn.Module], bytes] = half_precision
    source: str = OWN_FILMS


def films_for(task: Task, data: Path | None, out: Path, amount: Amount) -> tuple[Films, Evidence]:
    """The three sets, those of `data` where it is a labelled folder, simulated under ``out/films`` otherwise.

    A labelled folder that holds a simulated film gives synthetic evidence, whoever made it.

    Raises
    ------
    UserError
        ``"no-labels"``, if a labelled folder has none of a finding.
    """
    if data is None or not is_labelled(data):
        return {name: simulated(task.orders, name, out / "films" / name, amount) for name in SPLITS}, Evidence.SYNTHETIC
    rows = list(labelled(data).values())
    known = {finding for row in rows for finding in row.labels}
    if lacking := [finding for finding in task.spec.findings if finding not in known]:
        raise UserError("no-labels", f"{data / 'labels.csv'} has no labels of {lacking[0]}; add the column")
    return by_split(rows), Evidence.SYNTHETIC if any(map(is_simulated, rows)) else Evidence.INTERNAL


def by_split(rows: Sequence[Row]) -> Films:
    """Films of each split, by patient."""
    return {name: [row for row in rows if row.split == name] for name in SPLITS}


def simulated(orders: Sequence[Order], name: str, folder: Path, amount: Amount) -> list[Row]:
    """One set of simulated films, made where it is not there yet."""
    rows: list[Row] = []
    for k, order in enumerate(orders):
        # Every order has patients of its own.
        wanted = replace(order, seed=SEEDS[name] + 10 * k, variant=variant(order, name), size=amount.size)
        part = folder / str(k)
        if not is_labelled(part):
            # What an interrupted run left is no set; the table is written last.
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            count = amount.patients[name] // len(orders)
            made = produce(wanted, count, part, formats=("png",), workers=os.cpu_count() or 1)
            text = f"simulating {name} films, {k + 1} of {len(orders)}"
            console = Console(stderr=True)
            written = recorded(made, wanted, part)
            if not console.is_terminal:
                console.print(f"{text}: {count} patients", soft_wrap=True, highlight=False)
            for _ in track(written, text, count * len(order.kinds), console=console, disable=not console.is_terminal):
                pass
        rows += labelled(part).values()
    return rows


def variant(order: Order, name: str) -> str:
    """Randomisation of a set: the order's own for what is trained and tuned on, the strong one for what is quoted."""
    return "strong" if name == "report" else order.variant


def refuse_shared_patients(films: Films) -> None:
    """Refuse sets that share a patient (``"leaking-patient"``)."""
    seen: dict[tuple[str, str], str] = {}
    for name, rows in films.items():
        for row in rows:
            key = (row.dataset, row.patient)
            if seen.setdefault(key, name) != name:
                text = f"the film {row.path.name} of the {name} films is of a patient of the {seen[key]} films"
                raise UserError("leaking-patient", f"{text}; every patient belongs to one of them")


def train_detector(
    task: Task,
    network: Callable[[], tuple[torch.nn.Module, str]],
    films: Films,
    evidence: Evidence,
    out: Path,
    amount: Amount,
) -> Path:
    """Train, calibrate, measure, write ``out/bundle``; goes on where an earlier run stopped.

    Parameters
    ----------
    network : callable
        Gives the network that training starts with, and the words for where its weights come from.
    """
    refuse_shared_patients(films)
    spec, left_out = task.spec, list[LeftOut]()
    torch.manual_seed(0)
    built, started_from = network()
    # A network that says where a finding is learns that too.
    locates = hasattr(built, "located")

    def example(row: Row, film: NDArray[np.uint8]) -> Example:
        labels = training_labels(row, spec.findings, task.policy)
        told: Any = {"film": film, "box": WHOLE_FILM, "labels": labels}
        rows, cols = film.shape
        return Located(**told, **places_of(row, labels, spec.findings, (rows, cols))) if locates else Example(**told)

    def read(name: str) -> list[Example]:
        with telling(f"reading {name} films") as progress:
            return [example(row, film) for row, film in read_films(films[name], left_out, progress)]

    examples, tuning = read("train"), read("tune")
    fed = getattr(task.bench.model, "channelled", as_it_is)
    weights = balanced([example.labels for example in examples])

    def draws(stage: Stage) -> Draws:
        kind = LocatedDraws if locates else Draws
        drawn: dict[str, Any] = {"geometry": stage.geometry, "strength": stage.strength, "fed": fed}
        return kind(examples, spec.input, weights, stage.draws, seed=0, **drawn)

    module = (LocatedFit if locates else ClassFit)(built, decay=0.05)
    plan = Plan(
        epochs=0, batch=amount.batch, device=task.bench.device, average=amount.average, patience=amount.patience
    )
    fixed = (LocatedFixed if locates else Fixed)(tuning, spec.input, fed)
    _check_outputs(built, fixed, spec.findings)
    fit_stages(module, amount.stages, draws, plan, out, fixed)
    stored = task.storage(module.network.cpu())
    some = torch.stack([fixed[k][0] for k in range(min(len(fixed), STORAGE_FILMS))])
    trained_on = spec.trained_on if evidence is Evidence.SYNTHETIC else task.source
    spec = replace(spec, weights_sha256=sha256(stored), evidence=evidence, trained_on=trained_on)
    training = provenance(
        f"cxrdesk train {task.name}",
        started_from=started_from,
        films={name: len(rows) for name, rows in films.items()},
        left_out=len(left_out),
        storage="int8, one scale a channel" if task.storage is eight_bits else "fp16",
        storage_changes_a_probability_by=storage_difference(module.network, stored, some),
        seed=0,
    )
    made_here = all(row.path.is_relative_to(out) for rows in films.values() for row in rows)
    words = _words(task, evidence, made_here)
    golden = golden_pictures(task.orders[0])
    folder = out / "bundle"
    sets: dict[str, Any] = {"tune": films["tune"], "report": films["report"], "told": words}
    finish(task.bench, spec, stored, folder, golden=golden, training=training, **sets)
    return folder


def _check_outputs(network: torch.nn.Module, films: Fixed, findings: Sequence[str]) -> None:
    """Refuse a network that does not give a logit for each finding (``"other-outputs"``), before hours are spent."""
    with torch.no_grad():
        shape = network.eval()(films[0][0][None]).shape
    if shape != (1, len(findings)):
        raise other_outputs(shape, findings)


def balanced(labels: Sequence[tuple[float, ...]]) -> list[float]:
    """Weights of films by which the first finding is drawn as often present as absent, the others as they come."""
    first = np.array([known[0] for known in labels])
    present = np.nan_to_num(first, nan=0.0) >= 0.5
    if not 0 < present.sum() < len(present):
        raise UserError("one-class", f"training needs films with the finding and without; {present.sum()} have it")
    return [float(0.5 / present.sum() if one else 0.5 / (~present).sum()) for one in present]


def golden_pictures(order: Order) -> list[NDArray[np.uint8]]:
    """Films for golden vectors, small, with and without findings; they may be published."""
    order = replace(order, seed=GOLDEN_SEED, variant="mild", size=GOLDEN_SIZE, kinds=order.kinds[:1], prevalence=0.5)
    return [row.thumbnail for row in produce(order, GOLDEN_FILMS, thumbnail=GOLDEN_SIZE)]


def _words(task: Task, evidence: Evidence, made_here: bool) -> dict[str, str]:
    if evidence is not Evidence.SYNTHETIC or not made_here:
        source = SIMULATED_FILMS if evidence is Evidence.SYNTHETIC else task.source
        return {"tune": f"tuning split, {source}", "report": f"report split, {source}"}
    told = {
        name: f"simulated films (seed {SEEDS[name]}, {variant(task.orders[0], name)} randomisation)" for name in SPLITS
    }
    return {"tune": told["tune"], "report": f"held-out {told['report']}"}
