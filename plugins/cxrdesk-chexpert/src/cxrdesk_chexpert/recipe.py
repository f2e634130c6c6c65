"""Trains the CheXpert detector and writes its bundle: ``cxrdesk train chexpert --data DIR --out DIR``.

It learns from simulated studies, a frontal and a lateral film of each adult, with the five findings. Some slight
findings are labelled uncertain in training, as reports do, and count by a named policy. Features start from
``--backbone-weights``, or from an auxiliary task over the real films in ``--data``. Whoever owns labelled films gives a
folder with a ``labels.csv`` that has the five columns, or CheXpert as ``cxrdesk data prepare`` lays it out, and
backbone weights. ``cxrdesk train chexpert-nih`` trains on the frontal films of the NIH sample.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from cxrdesk.api import DetectorSpec, Evidence, FilmScope, InputSpec, Saliency
from cxrdesk.evaluation.datasets import Row, chexpert, nih
from cxrdesk.imaging.phantom.batch import Order
from cxrdesk.training.augment import Geometry
from cxrdesk.training.backbones import Auxiliary, backbone, with_boxes
from cxrdesk.training.bundles import eight_bits
from cxrdesk.training.data import required
from cxrdesk.training.finish import Bench
from cxrdesk.training.fit import Stage
from cxrdesk.training.simulated import Amount, Films, Task, by_split, films_for, train_detector
from cxrdesk_chexpert.model import ChexpertModel
from cxrdesk_chexpert.network import ARCHITECTURE, FINDINGS, headed

SPEC = DetectorSpec(
    id="chexpert",
    version="0.1.0",
    name="CheXpert findings",
    looks_for="Looks for atelectasis, cardiomegaly, consolidation, edema and pleural effusion in adults, on a frontal"
    " film, a lateral film, or the mean of both.",
    scope=FilmScope(
        views=("chest-frontal", "chest-ap", "chest-pa", "chest-lateral"), age_years=(18.0, 120.0), films=(1, 2)
    ),
    input=InputSpec(size=(160, 160)),
    findings=FINDINGS,
    saliency=Saliency(method="Grad-CAM (Selvaraju et al. 2017) before the maps of logits, not scaled per film"),
    trained_on="adult studies simulated by cxrdesk phantom, with and without the five findings; no real film of them",
    licence="Apache-2.0",
)
ORDERS = tuple(
    Order(
        kinds=(frontal, "chest-lateral"),
        findings=tuple((name, None) for name in FINDINGS),
        prevalence=0.3,
        variant="varied",
    )
    for frontal in ("chest-pa", "chest-ap")
)
POLICY = {"consolidation": "ignore"} | dict.fromkeys(("atelectasis", "cardiomegaly", "edema", "effusion"), "soft-ones")
"""Uncertain labels; see `cxrdesk.training.uncertain`."""
SLIGHT, DOUBTED = 0.5, 0.3
"""A simulated finding under this severity is labelled uncertain with this probability."""
GEOMETRY = Geometry(rotation_degrees=8.0, scale=0.06, aspect=0.08, shift=0.04, flip=0.0)
HEAD = ("narrow", "join", "maps", "scale", "shift")
AMOUNT = Amount(
    patients={"train": 2400, "tune": 400, "report": 400},
    stages=(
        Stage(name="head", geometry=GEOMETRY, strength=0.7, draws=1600, epochs=1, rate=2e-3, trains=HEAD),
        Stage(name="whole", geometry=GEOMETRY, strength=0.6, draws=3200, epochs=20, rate=1e-3),
    ),
    patience=5,
)

NIH_AMOUNT = replace(AMOUNT, patients={}, stages=(replace(AMOUNT.stages[1], draws=1200, rate=5e-4),))


def train(
    data: Path | None,
    out: Path,
    *,
    device: str = "auto",
    backbone_weights: Path | None = None,
    amount: Amount = AMOUNT,
    auxiliary: Auxiliary | None = None,
) -> Path:
    """Train, measure, write ``out/bundle``; goes on where an earlier run stopped."""
    bench = Bench(model=ChexpertModel, distribution="cxrdesk-chexpert", device=device)
    task = Task(name="chexpert", spec=SPEC, orders=ORDERS, bench=bench, policy=POLICY, storage=eight_bits)
    if data is not None and (data / "chexpert" / "labels.csv").is_file():
        films, evidence = by_split([mentioned(row) for row in chexpert(data)]), Evidence.INTERNAL
        task = replace(task, source="CheXpert (Irvin et al. 2019), labels by text mining")
    else:
        films, evidence = films_for(task, data, out, amount)
    if evidence is Evidence.SYNTHETIC:
        films = {**films, "train": doubted(films["train"], out / "films" / "train")}
    return _trained(task, films, evidence, data, out, amount, backbone_weights, auxiliary)


def train_nih(
    data: Path | None,
    out: Path,
    *,
    device: str = "auto",
    backbone_weights: Path | None = None,
    amount: Amount = NIH_AMOUNT,
    auxiliary: Auxiliary | None = None,
) -> Path:
    """As `train`, on the NIH sample's frontal films, without those that saliency is audited on."""
    data = required(data)
    bench = Bench(model=ChexpertModel, distribution="cxrdesk-chexpert", device=device)
    task = Task(
        name="chexpert-nih",
        spec=SPEC,
        orders=ORDERS,
        bench=bench,
        policy=POLICY,
        storage=eight_bits,
        source="a sample of NIH ChestX-ray14, frontal films of adults, labels by text mining",
    )
    audited = with_boxes(data)
    rows = [
        replace(row, labels={name: row.labels[name] for name in FINDINGS if name in row.labels})
        for row in nih(data)
        if row.path.name not in audited
    ]
    return _trained(task, by_split(rows), Evidence.INTERNAL, data, out, amount, backbone_weights, auxiliary)


def _trained(
    task: Task,
    films: Films,
    evidence: Evidence,
    data: Path | None,
    out: Path,
    amount: Amount,
    backbone_weights: Path | None,
    auxiliary: Auxiliary | None,
) -> Path:
    device = task.bench.device

    def network() -> tuple[torch.nn.Module, str]:
        start = backbone(
            ARCHITECTURE, out / "backbone", data=data, weights=backbone_weights, device=device, task=auxiliary
        )
        return headed(start.network), start.started_from

    return train_detector(task, network, films, evidence, out, amount)


def mentioned(row: Row) -> Row:
    """The five labels of a CheXpert film; what its report does not mention is absent, as Irvin et al. take it."""
    labels = {name: row.labels.get(name, 0) for name in FINDINGS if name not in row.uncertain}
    return replace(row, labels=labels, uncertain=row.uncertain & set(FINDINGS))


def doubted(rows: Sequence[Row], folder: Path) -> list[Row]:
    """Simulated films of which some slight findings are labelled uncertain, by a seed."""
    rng = np.random.default_rng(7)
    severities: dict[Path, dict[str, float]] = {}
    for truth in sorted(folder.glob("*/truth.json")):
        for film in json.loads(truth.read_text(encoding="utf-8"))["films"]:
            severities[truth.parent / film["file"]] = {item["name"]: item["severity"] for item in film["findings"]}
    made = []
    for row in rows:
        slight = {name for name, severity in severities[row.path].items() if severity < SLIGHT}
        unsure = frozenset(name for name in sorted(slight) if rng.random() < DOUBTED)
        labels = {name: value for name, value in row.labels.items() if name not in unsure}
        made.append(replace(row, labels=labels, uncertain=unsure))
    return made
