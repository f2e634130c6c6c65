"""Study: whether the sequence head of the asthma classifier earns its place.

InceptionV3 with the described LSTM head, trained as one, stands beside InceptionV3, DenseNet-121 and ResNet-50 with
plain heads; and one InceptionV3 carries several heads of each kind at once, so that they are compared on the very same
features. Films of asthma are not published: simulated chests with and without hyperinflation stand for them, reported
on under a setting of the simulator that nothing was learnt from too; children's films with and without pneumonia, with
patients and with families of films left out, are the stand-in with real films. The description starts from ImageNet,
of which no weights are here, so every network starts from random ones and its first, frozen stage falls away.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cxrdesk.evaluation.calibration import chosen
from cxrdesk.evaluation.choices import thresholds
from cxrdesk.imaging.phantom.batch import Order
from cxrdesk.training.augment import Geometry, appearance, warp
from reproductions.asthma_told import calibrated, compared
from reproductions.cells import HALF, cell
from reproductions.films import FOLDS, Films, Fold, Split, paediatric
from reproductions.heads import HEADS, LAYERS, SIDE, Headed, plain
from reproductions.learning import Learning, learn, one_cycle, scores
from reproductions.phantoms import Sets, drawn
from reproductions.pointing import looked, pointed
from reproductions.runs import Run, Scored, file_of, kept
from reproductions.shipped import pneumonia_scores, shipped_threshold, simulated_scores

FINDING = "hyperinflation"
SEEDS = 1
COPIES = 3
"""Heads of each kind over the same features; they differ in what they start from."""
PASSES = 5600
"""Films shown in one training, whole epochs, about."""
SPECIFIC = 0.9
"""Specificity that a threshold is sure of; the smallest fold has too few films without the finding for 0.95."""
POINTED = 120
"""Films on which saliency is asked where it points."""
GEOMETRY = Geometry(rotation_degrees=5.0, scale=0.05, aspect=0.08, shift=0.03, flip=0.0)
_STRENGTH = 0.4


def changed(film: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A film changed conservatively: small moves, no mirroring, mild changes of tone."""
    size = (film.shape[0], film.shape[1])
    moved = warp(film, GEOMETRY.draw(rng, size, size), size)
    return np.asarray(appearance(moved, rng, _STRENGTH) * 255 + 0.5, np.uint8)


HOW = Learning(
    epochs=1,
    batch=16,
    optimiser=partial(torch.optim.AdamW, lr=1e-3, weight_decay=0.05),
    weighted=True,
    change=changed,
    channels=1,
    schedule=one_cycle,
)
"""Epochs are set by `PASSES`."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A network and the names of its logits.

    Parameters
    ----------
    layer : str
        That saliency is asked of.
    """

    build: Callable[[], torch.nn.Module]
    layer: str
    logits: tuple[str, ...] = ("alone",)


SEQUENCE, PLAIN, TOGETHER = "as described, InceptionV3-LSTM", "InceptionV3, plain head", "InceptionV3, heads together"
HEADS_TOGETHER = tuple(HEADS) * COPIES
_INCEPTION = LAYERS["inception_v3"]
KINDS = {
    SEQUENCE: Kind(build=partial(Headed, ("steps",)), layer=_INCEPTION),
    PLAIN: Kind(build=partial(Headed, ("plain",)), layer=_INCEPTION),
    "DenseNet-121, plain head": Kind(build=partial(plain, "densenet121"), layer=LAYERS["densenet121"]),
    "ResNet-50, plain head": Kind(build=partial(plain, "resnet50"), layer=LAYERS["resnet50"]),
    TOGETHER: Kind(build=partial(Headed, HEADS_TOGETHER), layer=_INCEPTION, logits=HEADS_TOGETHER),
}
ALONE = tuple(name for name, kind in KINDS.items() if kind.logits == ("alone",))


def _orders(seed: int, variant: str) -> list[Order]:
    kinds: tuple[Any, ...] = ("chest-pa", "child-ap")
    about: dict[str, Any] = {"findings": ((FINDING, None),), "prevalence": 0.5, "variant": variant, "size": 192}
    return [Order(kinds=(kind,), seed=seed + k, **about) for k, kind in enumerate(kinds)]


SETS: dict[str, tuple[Sequence[Order], int]] = {
    "train": (_orders(6201, "varied"), 1600),
    "tune": (_orders(6211, "varied"), 400),
    "same": (_orders(6221, "varied"), 400),
    "strong": (_orders(6231, "strong"), 500),
}
"""Name to orders and patients. ``strong`` is the external set: nothing is learnt from that setting of the simulator."""
REPORT = ("same", "strong")
PHANTOMS = Sets(name="phantoms", report=frozenset(REPORT))


def study(data: Path | None, out: Path, *, seeds: int = SEEDS) -> dict[str, Any]:
    """Every network on simulated films and on every fold of children's films, as JSON types."""
    children = paediatric(data, SIDE)
    chests = drawn(SETS, out, FINDING, SIDE)
    tasks: list[tuple[Split, Films]] = [(PHANTOMS, chests), *((fold, children) for fold in FOLDS)]
    # Seed after seed, so that what was cut off has told something about each task.
    found: dict[str, dict[str, list[dict[str, Any]]]] = {split.name: {name: [] for name in KINDS} for split, _ in tasks}
    for seed, (split, films), name in itertools.product(range(seeds), tasks, KINDS):
        found[split.name][name].append(_trained(out, name, split, films, seed))
    # What is told needs no pixels.
    chests, children = (replace(films, pixels=films.pixels[:, :1, :1]) for films in (chests, children))
    report = PHANTOMS.parts(chests)[2]
    shipped = simulated_scores("asthma", FINDING, report, out)
    told: dict[str, Any] = {
        "started_from": "random weights; no ImageNet weights are here",
        "evidence": {"phantoms": "simulated films; says nothing about a patient", "folds": "a stand-in: pneumonia"},
        "phantoms": {},
        "folds": {},
    }
    for family in REPORT:
        of = report.families(frozenset({family}))
        told["phantoms"][family] = _task(PHANTOMS, chests, found["phantoms"], of) | {
            "shipped": cell(_runs(PHANTOMS, chests, found["phantoms"][SEQUENCE], of, 0), [HALF] * seeds, shipped[of])
        }
    told["phantoms"]["saliency"] = {name: looked(found["phantoms"][name], report) for name in ALONE}
    for fold in FOLDS:
        own = _shipped(fold, children, found[fold.name][SEQUENCE], out)
        told["folds"][fold.name] = _task(fold, children, found[fold.name], None) | {"shipped": own}
    return told


def _trained(out: Path, name: str, split: Split, films: Films, seed: int) -> dict[str, Any]:
    """Scores (n, logits) of a network's tuning and report films, and where it looked on simulated ones."""
    kind, named = KINDS[name], (name, split.name, f"seed {seed}")

    def made() -> dict[str, NDArray[Any]]:
        train, tune, report = split.parts(films)
        several = replace(train, labels=np.repeat(train.labels[:, np.newaxis], len(kind.logits), axis=1))
        torch.manual_seed(seed)
        network = kind.build()
        learn(network, several, replace(HOW, epochs=max(1, round(PASSES / len(train.labels)))), seed, ", ".join(named))
        told = {key: scores(network, part, 1).reshape(-1, len(kind.logits)) for key, part in _both(tune, report)}
        if split is PHANTOMS and name in ALONE:
            strong = np.flatnonzero(report.families(frozenset({"strong"})) & (report.labels == 1))[:POINTED]
            asked = np.isin(np.arange(len(report.labels)), strong)
            where = pointed(network, kind.layer, report.of(asked), FINDING)
            told |= where | {"film": np.flatnonzero(asked)[where["film"]]}
        return told

    return kept(file_of(out, *named), made)


def _both(tune: Films, report: Films) -> tuple[tuple[str, Films], tuple[str, Films]]:
    return ("tune", tune), ("report", report)


def _runs(
    split: Split, films: Films, found: Sequence[Mapping[str, Any]], of: NDArray[np.bool_] | None, logit: int
) -> list[Run]:
    """Runs of one logit, a seed each, on the report films that are meant."""
    _, tune, report = split.parts(films)
    runs = []
    for one in found:
        scored = {
            key: Scored(labels=part.labels, probabilities=one[key][:, logit], patients=part.patients)
            for key, part in _both(tune, report)
        }
        chosen_of = scored["report"] if of is None else scored["report"].of(of)
        runs.append(Run(tune=scored["tune"], report=chosen_of, seconds_s=float(one["seconds_s"])))
    return runs


def _task(
    split: Split, films: Films, found: Mapping[str, Sequence[Mapping[str, Any]]], of: NDArray[np.bool_] | None
) -> dict[str, Any]:
    alone = {name: _runs(split, films, found[name], of, 0) for name in ALONE}
    together: dict[str, list[Run]] = {name: [] for name in HEADS}
    for logit, name in enumerate(HEADS_TOGETHER):
        together[name] += _runs(split, films, found[TOGETHER], of, logit)
    return {
        "alone": {name: _figures(runs, films, split) for name, runs in alone.items()},
        "same_features": {name: _figures(runs, films, split) for name, runs in together.items()},
        "sequence_less": {
            "trained alone": {
                name: compared(alone[SEQUENCE], runs) for name, runs in alone.items() if name != SEQUENCE
            },
            "on the same features": {
                f"{first} less {second}": compared(together[first], together[second])
                for first, second in (
                    ("steps", "plain"),
                    ("steps", "projected"),
                    ("projected", "plain"),
                    ("cells", "plain"),
                )
            },
        },
    }


def _figures(runs: list[Run], films: Films, split: Split) -> dict[str, Any]:
    """At 0.5, at the threshold chosen for specificity, and how well probabilities hold before and after calibration."""
    specific = [thresholds(one.tune.labels, one.tune.probabilities, share=SPECIFIC)["specific"] for one in runs]
    kinds = [chosen(one.tune.labels, one.tune.probabilities, one.tune.patients, split.name) for one in runs]
    return cell(runs, [HALF] * len(runs), None) | {
        "for_specificity": cell(runs, specific, None),
        "calibration": calibrated(runs, kinds),
    }


def _shipped(fold: Fold, films: Films, found: Sequence[Mapping[str, Any]], out: Path) -> dict[str, Any]:
    """The shipped pneumonia detector beside the network as described."""
    runs = _runs(fold, films, found, None, 0)
    scored = pneumonia_scores(fold, fold.parts(films)[2], out)
    return cell(runs, [HALF] * len(runs), scored, shipped_threshold(fold))
