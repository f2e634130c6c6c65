"""The three networks of the recipe: the shipped one, and two that never saw one family of films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from cxrdesk.evaluation.datasets import Row
from cxrdesk.imaging.preprocess import InputSpec, mask_box
from cxrdesk.training.augment import Geometry
from cxrdesk.training.data import Draws, Example, read_films
from cxrdesk.training.fit import Plan, Stage, fit_stages
from cxrdesk.training.masks import drawn_mask
from cxrdesk.training.modules import ClassFit
from cxrdesk_pneumonia.network import build

INPUT = InputSpec(size=(128, 128), region="lungs", margin=0.06, percentiles=(2.0, 98.0))
"""The lungs' bounding box, stretched: borders, markers and the film's aspect ratio stay outside."""

BATCH = 32
STAGES = (
    Stage(
        name="strong",
        geometry=Geometry(rotation_degrees=10.0, scale=0.10, aspect=0.25, shift=0.05, flip=0.5),
        strength=1.0,
        draws=3600,
        epochs=24,
        rate=1.5e-3,
    ),
    # What was learned under strong change sharpens once the films look more like themselves again.
    Stage(
        name="mild",
        geometry=Geometry(rotation_degrees=6.0, scale=0.06, aspect=0.15, shift=0.03, flip=0.5),
        strength=0.5,
        draws=3600,
        epochs=6,
        rate=8e-4,
    ),
    # The last change is as small as films of one hospital differ.
    Stage(
        name="fine",
        geometry=Geometry(rotation_degrees=5.0, scale=0.05, aspect=0.12, shift=0.025, flip=0.5),
        strength=0.3,
        draws=3600,
        epochs=12,
        rate=8e-4,
    ),
)


@dataclass(frozen=True)
class Part:
    """One training: the families that it must not see."""

    name: str
    left_out: frozenset[str]


PARTS = (
    Part("main", frozenset()),
    Part("fold-im", frozenset({"IM", "person0"})),
    Part("fold-normal2", frozenset({"NORMAL2-IM", "person1"})),
)


def train_part(
    part: Part, rows: list[Row], out: Path, *, device: str, stages: Sequence[Stage] = STAGES
) -> torch.nn.Module:
    """Train one network on its share of the training split, or take up what an earlier run finished.

    The lungs' boxes come from the annotators' outlines and are moved at random, as the segmenter's would be;
    a film without an outline is left out of training. Both classes are drawn equally often.
    """
    used = [r for r in rows if r.split == "train" and r.mask and r.family not in part.left_out]
    examples = []
    for row, film in read_films(used):
        box = mask_box(drawn_mask(row, film.shape).astype("float32") / 255).grown(INPUT.margin)
        examples.append(Example(film=film, box=box, labels=(float(row.labels["pneumonia"]),)))
    share = sum(e.labels[0] for e in examples) / len(examples)
    weights = [0.5 / share if e.labels[0] else 0.5 / (1 - share) for e in examples]

    def draws(stage: Stage) -> Draws:
        return Draws(examples, INPUT, weights, stage.draws, seed=0, geometry=stage.geometry, strength=stage.strength)

    torch.manual_seed(0)
    module = ClassFit(build(), decay=0.05)
    fit_stages(module, stages, draws, Plan(epochs=0, batch=BATCH, device=device), out)
    return module.network.cpu()
