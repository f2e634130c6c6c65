"""Trains the asthma detector and writes its bundle: ``cxrdesk train asthma --data DIR --out DIR``.

Films of asthma are not published, so it learns from simulated films with and without hyperinflation, flattened
diaphragms and thick bronchial walls. Features start from ``--backbone-weights``, or from an auxiliary task over the
real films in ``--data``. First only what follows the features learns, then the features' last blocks as well. Whoever
owns films of asthma gives a folder with a ``labels.csv`` that has the column ``hyperinflation``, and backbone weights.
"""

from __future__ import annotations

from pathlib import Path

import torch

from cxrdesk.api import DetectorSpec, FilmScope, InputSpec, Saliency
from cxrdesk.imaging.phantom.batch import Order
from cxrdesk.training.augment import Geometry
from cxrdesk.training.backbones import Auxiliary, backbone
from cxrdesk.training.bundles import eight_bits
from cxrdesk.training.finish import Bench
from cxrdesk.training.fit import Stage
from cxrdesk.training.simulated import Amount, Task, films_for, train_detector
from cxrdesk_asthma.model import AsthmaModel
from cxrdesk_asthma.network import ARCHITECTURE, InceptionLSTM

FINDING = "hyperinflation"
SPEC = DetectorSpec(
    id="asthma",
    version="0.1.0",
    name="Asthma signs",
    looks_for="Looks for hyperinflated lungs with thick bronchial walls, signs that asthma may leave on a film.",
    scope=FilmScope(views=("chest-frontal", "chest-ap", "chest-pa"), age_years=(1.0, 120.0)),
    input=InputSpec(size=(160, 160)),
    findings=(FINDING,),
    saliency=Saliency(method="HiResCAM (Draelos and Carin 2020) at Mixed_6e, not scaled per film"),
    trained_on="films simulated by cxrdesk phantom, with and without hyperinflation; no real film of asthma",
    licence="Apache-2.0",
)
ORDERS = tuple(
    Order(kinds=(kind,), findings=((FINDING, None),), prevalence=0.5, variant="varied")
    for kind in ("chest-pa", "child-ap")
)
GEOMETRY = Geometry(rotation_degrees=8.0, scale=0.06, aspect=0.08, shift=0.04, flip=0.0)
HEAD = ("project", "lstm", "head", "auxiliary")
LATER = ("features.Mixed", *HEAD)
AMOUNT = Amount(
    patients={"train": 4000, "tune": 600, "report": 500},
    stages=(
        Stage(name="head", geometry=GEOMETRY, strength=0.7, draws=3200, epochs=1, rate=2e-3, trains=HEAD),
        Stage(name="fine", geometry=GEOMETRY, strength=0.7, draws=4000, epochs=14, rate=1e-3, trains=LATER),
    ),
    patience=5,
)


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
    bench = Bench(model=AsthmaModel, distribution="cxrdesk-asthma", device=device)
    task = Task(name="asthma", spec=SPEC, orders=ORDERS, bench=bench, policy={}, storage=eight_bits)
    films, evidence = films_for(task, data, out, amount)

    def network() -> tuple[torch.nn.Module, str]:
        start = backbone(
            ARCHITECTURE, out / "backbone", data=data, weights=backbone_weights, device=device, task=auxiliary
        )
        return InceptionLSTM(start.network), start.started_from

    return train_detector(task, network, films, evidence, out, amount)
