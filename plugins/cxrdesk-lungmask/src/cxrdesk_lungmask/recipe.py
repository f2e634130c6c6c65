"""Trains the lung segmenter and writes its bundle: ``cxrdesk train lungmask --data DIR --out DIR``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from cxrdesk.api import Evidence, FilmScope, InputSpec, SegmenterSpec
from cxrdesk.api.bundle import write_bundle
from cxrdesk.api.golden import record
from cxrdesk.api.making import golden_films
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.evaluation.datasets import adult_lungs, kermany
from cxrdesk.evaluation.tables import segmenter_table
from cxrdesk.imaging.preprocess import WHOLE_FILM
from cxrdesk.training.augment import Geometry
from cxrdesk.training.bundles import half_precision, provenance, sha256
from cxrdesk.training.data import Draws, Example, read_films, required
from cxrdesk.training.fit import Plan, Stage, fit_stages
from cxrdesk.training.masks import drawn_mask
from cxrdesk.training.modules import MaskFit
from cxrdesk_lungmask.model import LungMaskModel
from cxrdesk_lungmask.network import build

INPUT = InputSpec(size=(160, 160))
ADULT_SHARE = 0.35
"""Share of draws from the few adult films whose licence allows training."""
BATCH = 16


STAGES = (
    Stage(
        name="strong",
        geometry=Geometry(rotation_degrees=10.0, scale=0.15, aspect=0.2, shift=0.06),
        strength=1.0,
        draws=3840,
        epochs=11,
        rate=3e-3,
    ),
    # Outlines sharpen once the films look more like themselves again.
    Stage(
        name="mild",
        geometry=Geometry(rotation_degrees=5.0, scale=0.06, aspect=0.1, shift=0.03),
        strength=0.5,
        draws=3840,
        epochs=8,
        rate=2e-3,
    ),
    # Last the annotators' own habits at apex and diaphragm, on films nearly as they are.
    Stage(
        name="fine",
        geometry=Geometry(rotation_degrees=2.0, scale=0.02, aspect=0.03, shift=0.01),
        strength=0.25,
        draws=3840,
        epochs=6,
        rate=1e-3,
    ),
)


def train(data: Path | None, out: Path, *, device: str = "auto", stages: tuple[Stage, ...] = STAGES) -> Path:
    """Train, measure on the report split, write ``out/bundle``; goes on where an earlier run stopped."""
    data = required(data)
    torch.manual_seed(0)
    module = MaskFit(build())
    plan = Plan(epochs=0, batch=BATCH, device=device)
    fit_stages(module, stages, lambda stage: _draws(data, stage), plan, out)
    return _bundle(module.network.cpu(), data, out / "bundle", device, stages)


def _draws(data: Path, stage: Stage) -> Draws:
    children = [row for row in kermany(data) if row.mask and row.split == "train"]
    adults = [row for row in adult_lungs(data) if row.trainable and row.split == "train"]
    examples, weights = [], []
    for rows, share in ((children, 1 - ADULT_SHARE), (adults, ADULT_SHARE)):
        for row, film in read_films(rows):
            examples.append(Example(film=film, box=WHOLE_FILM, mask=drawn_mask(row, film.shape)))
            weights.append(share / len(rows))
    return Draws(examples, INPUT, weights, stage.draws, seed=0, geometry=stage.geometry, strength=stage.strength)


def _bundle(network: torch.nn.Module, data: Path, folder: Path, device: str, stages: tuple[Stage, ...]) -> Path:
    weights = half_precision(network)
    spec = SegmenterSpec(
        id="lungmask",
        version="0.1.0",
        name="Lung outlines",
        looks_for="Outlines both lungs, with the part behind the heart.",
        scope=FilmScope(views=("chest-frontal", "chest-ap", "chest-pa"), stated_view=False),
        input=INPUT,
        structure="lungs",
        evidence=Evidence.INTERNAL,
        weights_sha256=sha256(weights),
        trained_on="Films of Kermany 2018 and CC BY films of covid-chestxray-dataset, outlines by V7 Labs (CC BY 4.0)",
        licence="Apache-2.0",
    )
    # Written once without figures, since the figures are measured on what the viewer would load.
    write_bundle(folder, spec, weights, {})
    model = type("LungMask", (LungMaskModel,), {"spec": SegmenterSpec.from_bundle(folder)})
    registry = Registry([Plugin(name="lungmask", distribution="cxrdesk-lungmask", version="", segmenters=(model,))])
    measured = segmenter_table(registry, model.spec, data, device=device)
    loaded = model()
    loaded.load()
    films = golden_films()
    golden = record(loaded, films, [{} for _ in films])
    return write_bundle(
        folder,
        replace(spec, dice=measured.dice),
        weights,
        golden,
        evaluation={"split": "report", "table": measured.to_json()},
        training=provenance("cxrdesk train lungmask", draws=sum(s.draws * s.epochs for s in stages), seed=0),
    )
