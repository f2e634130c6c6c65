"""Study: films of 224, 197 and 139 pixels a side, and ensembles over models, sizes and views.

One recipe at every size, with changed films and weight decay against fitting single films. Two networks on simulated
studies with every label known; the quicker one on the frontal films of the NIH sample, whose patients take turns in
being kept apart so that every film is scored by a network that never saw its patient. The simulated findings are
clear ones, as in the study of policies: of faint ones so few films teach too little to compare sizes by. Class
activation maps are asked where they point on simulated films of their own, whose findings' places are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations, product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import timm
import torch
from numpy.typing import NDArray

from cxrdesk.evaluation.datasets import Row, nih
from cxrdesk.imaging.phantom.batch import Order
from cxrdesk.training.backbones import with_boxes
from cxrdesk.training.data import required
from reproductions import chexpert_policies as policies
from reproductions.chexpert_films import FINDINGS, VIEWS, Doubt, by_study, of_view, publish, read, simulated
from reproductions.chexpert_policies import SEVERITY, STARTED_FROM
from reproductions.films import Films, stretched
from reproductions.learning import Learning, learn, scores
from reproductions.phantoms import drawn
from reproductions.pointing import looked, pointed
from reproductions.runs import file_of, kept
from reproductions.seeds import difference, mean_areas, paired, spread

SIZES = (224, 197, 139)
SEEDS = 1
TRAIN, REPORT = 500, 300
"""Simulated studies of a frontal and a lateral film."""
# Few films make few steps, unless each step sees fewer of them.
_optimiser = partial(torch.optim.AdamW, lr=1e-3, weight_decay=0.02)
HOW = replace(policies.HOW, epochs=10, batch=16, optimiser=_optimiser)
NIH_HOW = replace(HOW, epochs=8, batch=8)
TURNS = 3
"""Parts of the NIH patients; each is scored by networks that learnt from the others."""
FEWEST = 20
"""NIH films of a finding; of rarer ones an area says nothing."""
MODELS = {"densenet121": "features.norm5", "resnet18": "layer4"}
"""Network to its last layer: an average and one linear layer follow, so that its maps are class activation maps."""
MODEL, OTHER = MODELS
BOTH = "frontal and lateral"
_PLACED = Order(
    kinds=("chest-pa",),
    findings=tuple((name, SEVERITY) for name in FINDINGS),
    prevalence=0.4,
    variant="mild",
    size=256,
    seed=551,
)
PLACED: dict[str, tuple[Sequence[Order], int]] = {"placed": ([_PLACED], 120)}


def at_size(films: Films, side: int) -> Films:
    """The same films, smaller."""
    if films.pixels.shape[-1] == side:
        return films
    small = [cv2.resize(film, (side, side), interpolation=cv2.INTER_AREA) for film in films.pixels]
    return replace(films, pixels=np.stack(small))


def study(data: Path | None, out: Path, *, seeds: int = SEEDS) -> dict[str, Any]:
    """Sizes against each other on both kinds of films, ensembles on the simulated ones."""
    rows = nih(required(data))
    return {"started_from": STARTED_FROM, "simulated": _simulated(out, seeds), "nih": _nih(data, rows, out, seeds)}


def _simulated(out: Path, seeds: int) -> dict[str, Any]:
    studies = simulated(out, TRAIN + REPORT, max(SIZES), severity=SEVERITY)
    labels = Doubt().told(studies.truth[:TRAIN], np.random.default_rng(0))
    films = read(publish(studies, labels, TRAIN, out.parent / "films" / "sizes"), max(SIZES))
    train, report = (films.of(films.families(frozenset({family}))) for family in ("train", "valid"))
    placed = {name: drawn(PLACED, out, name, max(SIZES)) for name in FINDINGS}
    runs: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for seed in range(seeds):
        for model, side in product(MODELS, SIZES):
            made = partial(_scores, model, train, report, side, seed, HOW, f"simulated, {model}, {side}", placed)
            found = kept(file_of(out, "simulated", model, str(side), f"seed {seed}"), made)
            runs.setdefault((model, side), []).append(found)
    scored = {key: np.stack([one["report"] for one in made]) for key, made in runs.items()}
    truth, _, patients = by_study(report, scored[MODEL, SIZES[0]])
    together = {key: by_study(report, value)[1] for key, value in scored.items()}
    sides = {model: {side: together[model, side] for side in SIZES} for model in MODELS}
    small = {model: together[model, min(SIZES)] for model in MODELS}
    views = {name: _of_view(report, scored[MODEL, SIZES[0]], name == "lateral") for name in VIEWS}
    ensembles = {
        "models": small | {f"{MODEL} and {OTHER}": _mean(small)},
        "sizes": {str(side): value for side, value in sides[MODEL].items()} | {"all sizes": _mean(sides[MODEL])},
        "views": views | {BOTH: sides[MODEL][SIZES[0]]},
    }
    return {
        "studies": {"train": TRAIN, "report": len(truth)},
        "severity": SEVERITY,
        "findings": FINDINGS,
        "simulation_seconds": round(studies.seconds_s),
        "seconds": {f"{m}, {s}": round(float(np.mean([one["seconds_s"] for one in r]))) for (m, s), r in runs.items()},
        "networks": {model: _sizes(truth, sides[model], patients, FINDINGS) for model in MODELS},
        "class_maps": {
            model: {
                str(side): {name: looked(_of_finding(runs[model, side], name), films) for name, films in placed.items()}
                for side in SIZES
            }
            for model in MODELS
        },
        "ensembles": {name: _ensemble(truth, members, patients) for name, members in ensembles.items()},
    }


def _nih(data: Path, rows: Sequence[Row], out: Path, seeds: int) -> dict[str, Any]:
    """Scores of the networks of all turns make one area; that takes a little from every size alike."""
    counts = {name: sum(row.labels[name] for row in rows) for name in FINDINGS}
    findings = tuple(name for name in FINDINGS if counts[name] >= FEWEST)
    kept_rows, pixels = stretched(rows, max(SIZES))
    labels = np.array([[row.labels[name] for name in findings] for row in kept_rows], np.float64)
    films = Films(pixels=pixels, labels=labels, rows=kept_rows)
    # Films with boxes are for audits of saliency and are never learnt from.
    boxed = with_boxes(data)
    audited = np.array([row.path.name in boxed for row in kept_rows], dtype=bool)
    turns = turns_of(kept_rows)
    sides, seconds = {}, {}
    for side in SIZES:
        every, spent = np.zeros((seeds, *labels.shape)), []
        for seed in range(seeds):
            for turn in range(TURNS):
                train, report = films.of((turns != turn) & ~audited), films.of(turns == turn)
                made = partial(_scores, OTHER, train, report, side, seed, NIH_HOW, f"NIH, part {turn + 1}, {side}")
                found = kept(file_of(out, "nih", str(side), f"part {turn + 1}", f"seed {seed}"), made)
                every[seed, turns == turn] = found["report"]
                spent.append(float(found["seconds_s"]))
        sides[side], seconds[f"{OTHER}, {side}"] = every, round(float(np.mean(spent)))
    told = {"films": len(labels), "positives": {name: counts[name] for name in findings}, "seconds": seconds}
    return told | {"networks": {OTHER: _sizes(labels, sides, films.patients, findings)}}


def turns_of(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Which part each film belongs to; all of a patient's films to one."""
    patients = sorted({row.patient for row in rows})
    part = {patient: k % TURNS for k, patient in enumerate(np.random.default_rng(0).permutation(patients))}
    return np.array([part[row.patient] for row in rows])


def _scores(
    model: str,
    train: Films,
    report: Films,
    side: int,
    seed: int,
    how: Learning,
    told: str,
    placed: Mapping[str, Films] | None = None,
) -> dict[str, NDArray[np.float64]]:
    torch.manual_seed(seed)
    findings = train.labels.shape[1]
    network = timm.create_model(model, pretrained=False, in_chans=1, num_classes=findings)
    learn(network, at_size(train, side), how, seed, f"{told}, seed {seed}")
    found = {"report": scores(network, at_size(report, side), 1)}
    for name, films in (placed or {}).items():
        where = pointed(network, MODELS[model], at_size(films, side), name, FINDINGS.index(name))
        found |= {f"{name}: {key}": values for key, values in where.items()}
    return found


def _of_finding(runs: Sequence[Mapping[str, Any]], finding: str) -> list[dict[str, Any]]:
    """Of each run what `pointed` gave for a finding."""
    begin = f"{finding}: "
    return [{key.removeprefix(begin): one[key] for key in one if key.startswith(begin)} for one in runs]


def _sizes(
    labels: NDArray[np.float64], sides: dict[int, NDArray[np.float64]], patients: list[str], findings: Sequence[str]
) -> dict[str, Any]:
    """Mean area of each size, and each pair of sizes tested: over patients, and DeLong's test of each finding."""
    pairs = {}
    for first, second in combinations(SIZES, 2):
        a, b = (sides[side].mean(axis=0) for side in (first, second))
        tests = {name: paired(labels[:, k], a[:, k], b[:, k], patients)["p"] for k, name in enumerate(findings)}
        over = difference(labels, sides[first], sides[second], patients)
        pairs[f"{first} less {second}"] = over | {"delong_p": tests}
    return {"sizes": {str(side): _auc(labels, value, patients) for side, value in sides.items()}, "pairs": pairs}


def _of_view(films: Films, scored: NDArray[np.float64], lateral: bool) -> NDArray[np.float64]:
    """Scores of each study by its films of one view."""
    chosen = of_view(films.rows, lateral)
    return by_study(films.of(chosen), scored[:, chosen])[1]


def _mean(members: Mapping[Any, NDArray[np.float64]]) -> NDArray[np.float64]:
    return np.mean(list(members.values()), axis=0)


def _auc(labels: NDArray[np.float64], scored: NDArray[np.float64], patients: list[str]) -> dict[str, float]:
    return spread(lambda i: mean_areas(labels[i], scored[:, i]), patients)


def _ensemble(
    labels: NDArray[np.float64], members: dict[str, NDArray[np.float64]], patients: list[str]
) -> dict[str, Any]:
    """Each member's mean area, and how much the last one, which is the ensemble, has over each other."""
    *single, whole = members
    return {
        "auc": {name: _auc(labels, value, patients) for name, value in members.items()},
        "ensemble_less": {
            name: difference(labels, members[whole], members[name], patients) for name in single if name != whole
        },
    }
