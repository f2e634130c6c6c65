"""Trains the croup detector and writes its bundle: ``cxrdesk train croup --out DIR``.

Films of croup are not published, so it learns from simulated AP films of necks with and without a narrowed subglottic
airway. Whoever owns films of croup gives ``--data``, a folder with a ``labels.csv`` that has the column
``subglottic_narrowing``.
"""

from __future__ import annotations

from pathlib import Path

import torch

from cxrdesk.api import DetectorSpec, FilmScope, InputSpec, Saliency
from cxrdesk.imaging.phantom.batch import Order
from cxrdesk.training.augment import Geometry
from cxrdesk.training.finish import Bench
from cxrdesk.training.fit import Stage
from cxrdesk.training.simulated import Amount, Task, films_for, train_detector
from cxrdesk_croup.model import CroupModel
from cxrdesk_croup.network import SIDE, build

FINDING = "subglottic_narrowing"
SPEC = DetectorSpec(
    id="croup",
    version="0.1.0",
    name="Croup signs",
    looks_for="Looks for an airway narrowed below the glottis (steeple sign) in children from 6 months to 3 years.",
    scope=FilmScope(views=("neck-ap",), age_years=(0.5, 3.0)),
    input=InputSpec(size=(SIDE, SIDE)),
    findings=(FINDING,),
    saliency=Saliency(
        method="occlusion (Zeiler and Fergus 2014) by windows of air, as the fall of the log odds, not scaled per film"
    ),
    trained_on="necks simulated by cxrdesk phantom, with and without subglottic narrowing; no real film of croup",
    licence="Apache-2.0",
)
ORDERS = (Order(kinds=("neck-ap",), findings=((FINDING, None),), prevalence=0.5),)
AMOUNT = Amount(
    patients={"train": 1600, "tune": 400, "report": 500},
    stages=(
        Stage(
            name="whole",
            geometry=Geometry(rotation_degrees=5.0, scale=0.08, aspect=0.08, shift=0.04, flip=0.5),
            strength=0.35,
            draws=6400,
            epochs=24,
            rate=3e-3,
        ),
    ),
    batch=32,
    patience=5,
    average=0.98,
)


def train(data: Path | None, out: Path, *, device: str = "auto", amount: Amount = AMOUNT) -> Path:
    """Train, measure, write ``out/bundle``; goes on where an earlier run stopped."""
    bench = Bench(model=CroupModel, distribution="cxrdesk-croup", device=device)
    task = Task(name="croup", spec=SPEC, orders=ORDERS, bench=bench, policy={})
    films, evidence = films_for(task, data, out, amount)

    def network() -> tuple[torch.nn.Module, str]:
        return build(), "random weights"

    return train_detector(task, network, films, evidence, out, amount)
