"""Study: what an uncertain label should count for, on simulated studies whose truth is known.

Policies are those of Irvin et al. 2019 (U-Ignore, U-Zeros, U-Ones, U-SelfTrained) and the randomised flipping of
arXiv 2504.09033, of which its abstract says no more than the name. Our reading of that: before each epoch every
uncertain label is drawn anew, present with probability one half.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray

from cxrdesk.imaging.errors import UserError
from cxrdesk.training.augment import Geometry, warp
from reproductions.chexpert_films import FINDINGS, UNSURE, Doubt, by_study, publish, read, simulated, told_rates
from reproductions.films import Films
from reproductions.learning import Learning, Policy, learn, one_cycle, scores
from reproductions.runs import file_of, kept
from reproductions.seeds import difference, mean_areas, spread

SIDE = 80
SEEDS = 3
TRAIN, REPORT = 900, 400
"""Studies of a frontal and a lateral film."""
SEVERITY = 0.8
"""Clear findings, so that what is learnt hangs on the labels and not on what a small film shows."""
FLIP = 0.5
IGNORE, SELF_TRAINED = "U-Ignore", "U-SelfTrained"
DOUBTS = {
    "doubt leans to present": Doubt(wrong=0.05, of_present=0.5, of_absent=0.1),
    "doubt leans to absent": Doubt(wrong=0.05, of_present=0.2, of_absent=0.25),
}
STARTED_FROM = "random weights; no ImageNet weights are here"
KNOWN = "every label known"
_GEOMETRY = Geometry(rotation_degrees=8.0, scale=0.06, aspect=0.08, shift=0.04, flip=0.0)
_LABELS_SEED = 11


def replaced(by: float, labels: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Uncertain labels count for one value."""
    return np.where(labels == UNSURE, by, labels)


def flipped(labels: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Uncertain labels are drawn, present with probability `FLIP`."""
    return np.where(labels == UNSURE, (rng.random(labels.shape) < FLIP).astype(np.float64), labels)


def estimated(by: NDArray[np.float64], labels: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Uncertain labels count for what another network thinks of these films, shape (n, findings)."""
    return np.where(labels == UNSURE, by, labels)


POLICIES: dict[str, Policy | None] = {
    IGNORE: partial(replaced, np.nan),
    "U-Zeros": partial(replaced, 0.0),
    "U-Ones": partial(replaced, 1.0),
    SELF_TRAINED: None,
    "randomised flipping": flipped,
}
"""The self-trained one needs a network that ignores uncertain labels first."""


def moved(film: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A film as if the patient stood a little otherwise."""
    size = (film.shape[0], film.shape[1])
    return warp(film, _GEOMETRY.draw(rng, size, size), size)


HOW = Learning(
    epochs=10,
    batch=32,
    optimiser=partial(torch.optim.AdamW, lr=2e-3, weight_decay=0.02),
    change=moved,
    channels=1,
    schedule=one_cycle,
)
build = partial(timm.create_model, "resnet18", pretrained=False, in_chans=1, num_classes=len(FINDINGS))


def study(data: Path | None, out: Path, *, seeds: int = SEEDS) -> dict[str, Any]:
    """Every policy under each kind of doubt, and what could be had if every label were known.

    Where `data` holds CheXpert as ``cxrdesk data prepare`` lays it out, the policies are compared on that too.
    """
    studies = simulated(out, TRAIN + REPORT, SIDE, severity=SEVERITY)
    told: dict[str, Any] = {
        "evidence": "simulated films; says nothing about a patient",
        "started_from": STARTED_FROM,
        "side": SIDE,
        "findings": FINDINGS,
        "simulation_seconds": round(studies.seconds_s),
        "doubts": {},
    }
    for name, doubt in (*DOUBTS.items(), (KNOWN, Doubt())):
        labels = doubt.told(studies.truth[:TRAIN], np.random.default_rng(_LABELS_SEED))
        films = read(publish(studies, labels, TRAIN, out.parent / "films" / name), SIDE)
        policies = (IGNORE,) if name == KNOWN else tuple(POLICIES)
        found = _compared(out, name, films, policies, seeds)
        told["doubts"][name] = {"labels": told_rates(studies.truth[:TRAIN], labels), **found}
    if data is not None and (data / "chexpert" / "labels.csv").is_file():
        films = read(data, SIDE)
        if not films.families(frozenset({"valid"})).any():
            raise UserError("no-films", "chexpert holds no film of valid.csv to report on; prepare it with that table")
        told["chexpert"] = _compared(out, "CheXpert", films, tuple(POLICIES), seeds)
    elif data is not None:
        print(f"{data} holds no prepared CheXpert: simulated studies alone are compared", file=sys.stderr)
    return told


def _compared(out: Path, name: str, films: Films, policies: tuple[str, ...], seeds: int) -> dict[str, Any]:
    train, report = (films.of(films.families(frozenset({family}))) for family in ("train", "valid"))
    runs = {
        policy: [_run(out, name, policy, train, report, seed) for seed in range(seeds)]
        for policy in sorted(policies, key=lambda policy: policy == SELF_TRAINED)
    }
    answers = {policy: by_study(report, np.stack([one["report"] for one in made])) for policy, made in runs.items()}
    labels, _, patients = answers[IGNORE]
    figures = {
        policy: {
            "auc": spread(lambda i, s=means: mean_areas(labels[i], s[:, i]), patients),
            "by_finding": {
                finding: round(float(mean_areas(labels[:, [k]], means[:, :, [k]]).mean()), 4)
                for k, finding in enumerate(FINDINGS)
            },
            "against_ignore": difference(labels, means, answers[IGNORE][1], patients),
            "seconds": round(sum(float(one["seconds_s"]) for one in runs[policy]) / seeds),
        }
        for policy, (_, means, _) in answers.items()
    }
    told: dict[str, Any] = {
        "studies": {"train": len({(r.patient, r.study) for r in train.rows}), "report": len(labels)}
    }
    ranked = sorted(figures, key=lambda policy: -figures[policy]["auc"]["value"])
    if len(ranked) > 1:
        first, second = ranked[:2]
        over = difference(labels, answers[first][1], answers[second][1], patients)
        told |= {"best": first, "next": second, "best_over_next": over}
    return told | {"policies": {policy: figures[policy] for policy in policies}}


def _run(out: Path, name: str, policy: str, train: Films, report: Films, seed: int) -> dict[str, Any]:
    """Scores of the report films; of the network that ignores uncertain labels those of the training films too."""

    def made() -> dict[str, NDArray[np.float64]]:
        rule = POLICIES[policy]
        if rule is None:
            rule = partial(estimated, _run(out, name, IGNORE, train, report, seed)["train"])
        torch.manual_seed(seed)
        network = build()
        learn(network, train, replace(HOW, policy=rule), seed, f"{name}, {policy}, seed {seed}")
        found = {"report": scores(network, report, 1)}
        return found | ({"train": scores(network, train, 1)} if policy == IGNORE else {})

    return kept(file_of(out, name, policy, f"seed {seed}"), made)
