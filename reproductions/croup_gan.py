"""Study: the CNN-LSTM for croup with and without films of a GAN, on simulated necks.

Films of croup are not published. Simulated AP necks with and without a narrowed subglottic airway stand for them, so
that both classes are one view; the publication set necks against chests, and one variant does that too, to show what
such a set measures. The network as described is trained as described, at the rate meant and at the rate printed. What
generated films bring is asked of it and of the network that cxrdesk ships, beside changed films and as many more films
as the GAN makes, which are what the best GAN could bring.
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

from cxrdesk.imaging.phantom.batch import Order
from cxrdesk.training.augment import Geometry, appearance, warp
from reproductions import croup_network
from reproductions.cells import balanced, cell
from reproductions.croup_published import recomputed
from reproductions.dcgan import Rivalry
from reproductions.films import Films, Split
from reproductions.generated import Enlarged, generated, sheet, wanted
from reproductions.learning import Learning
from reproductions.phantoms import Sets, drawn
from reproductions.runs import Run, run
from reproductions.seeds import difference, paired
from reproductions.shipped import simulated_scores

FINDING = "subglottic_narrowing"
SEEDS = 5
SHARE = 0.5
"""Of the training films that are generated."""
HALF = 0.5
RIVALRY = Rivalry()


def _necks(seed: int, variant: str = "mild") -> Order:
    return Order(kinds=("neck-ap",), findings=((FINDING, None),), prevalence=0.5, variant=variant, size=192, seed=seed)


def _chests(seed: int) -> Order:
    """Children's, with nothing to see; a table of labels names a finding nonetheless."""
    return Order(kinds=("child-ap",), findings=(("hyperinflation", None),), prevalence=0.0, size=192, seed=seed)


SETS: dict[str, tuple[Sequence[Order], int]] = {
    "train": ([_necks(6301)], 320),
    "more": ([_necks(6302)], 320),
    "tune": ([_necks(6303)], 240),
    "same": ([_necks(6304)], 400),
    "strong": ([_necks(6305, "strong")], 400),
    "chests to train on": ([_chests(6306)], 160),
    "chests to choose on": ([_chests(6307)], 120),
    "chests to report": ([_chests(6308)], 200),
}
"""Name to orders and patients. ``same`` are films like those learnt from, ``strong`` those of a simulator setting that
nothing was learnt from."""
REPORT = ("same", "strong")
NECKS = Sets(name="necks", report=frozenset(REPORT))
TWICE = replace(NECKS, train=frozenset({"train", "more"}))


@dataclass(frozen=True, kw_only=True)
class AgainstChests:
    """Necks with croup against chests, as the publication sets them."""

    name: str = "necks against chests"

    def parts(self, films: Films) -> tuple[Films, Films, Films]:
        """Films to train on, to choose on and to report."""
        pairs = (("train", "chests to train on"), ("tune", "chests to choose on"), ("same", "chests to report"))
        train, tune, report = (
            films.of((films.families(frozenset({necks})) & (films.labels == 1)) | films.families(frozenset({chests})))
            for necks, chests in pairs
        )
        return train, tune, report


def changed(film: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """A film as another exposure might have made it, within what the shipped detector's recipe changes."""
    size = (film.shape[0], film.shape[1])
    geometry = Geometry(rotation_degrees=5.0, scale=0.08, aspect=0.08, shift=0.04, flip=0.5)
    moved = warp(film, geometry.draw(rng, size, size), size)
    return np.asarray(appearance(moved, rng, 0.35) * 255 + 0.5, np.uint8)


def rmsprop(rate: float) -> partial[torch.optim.RMSprop]:
    """With the decay and the epsilon of Keras."""
    return partial(torch.optim.RMSprop, lr=rate, alpha=0.9, eps=1e-7)


DESCRIBED = Learning(epochs=100, batch=8, optimiser=rmsprop(1e-4), channels=1, patience=15)
OURS = Learning(
    epochs=60,
    batch=16,
    optimiser=partial(torch.optim.AdamW, lr=2e-3, weight_decay=0.05),
    channels=1,
    patience=15,
)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to train.

    Parameters
    ----------
    share : float
        Of the training films that are generated.
    """

    build: Callable[[], torch.nn.Module]
    how: Learning
    split: Split = NECKS
    share: float = 0.0


_DESCRIBED, _SHIPPED = croup_network.as_described, croup_network.as_shipped
VARIANTS = {
    "as described": Variant(build=_DESCRIBED, how=DESCRIBED),
    "as described, with generated films": Variant(build=_DESCRIBED, how=DESCRIBED, share=SHARE),
    "as described, at the rate of 1e-6 that is printed": Variant(
        build=_DESCRIBED, how=replace(DESCRIBED, optimiser=rmsprop(1e-6))
    ),
    "as described, necks against chests": Variant(build=_DESCRIBED, how=DESCRIBED, split=AgainstChests()),
    "shipped network": Variant(build=_SHIPPED, how=OURS),
    "shipped network, a quarter generated": Variant(build=_SHIPPED, how=OURS, share=0.25),
    "shipped network, with generated films": Variant(build=_SHIPPED, how=OURS, share=SHARE),
    "shipped network, generated films alone": Variant(build=_SHIPPED, how=OURS, share=1.0),
    "shipped network, changed films": Variant(build=_SHIPPED, how=replace(OURS, change=changed)),
    "shipped network, twice the films": Variant(build=_SHIPPED, how=OURS, split=TWICE),
}


def study(data: Path | None, out: Path, *, seeds: int = SEEDS) -> dict[str, Any]:
    """Every variant for every seed; figures, differences, and the publication's own figures, as JSON types.

    Parameters
    ----------
    data : Path or None
        Not used: every film is simulated.
    """
    films = drawn(SETS, out, FINDING, croup_network.SIDE)
    runs: dict[str, list[Run]] = {name: [] for name in VARIANTS}
    for seed, (name, variant) in itertools.product(range(seeds), VARIANTS.items()):
        split = _enlarged(variant, films, out, seed) if variant.share else variant.split
        runs[name].append(run(out, name, variant.build, films, split, variant.how, seed))
    report = NECKS.parts(films)[2]
    shipped = simulated_scores("croup", FINDING, report, out)
    return {
        "evidence": "simulated films; says nothing about a patient",
        "started_from": "random weights; no ImageNet weights are here",
        "published": recomputed(),
        "films": {name: patients for name, (_, patients) in SETS.items()},
        "share_generated": {name: variant.share for name, variant in VARIANTS.items()},
        "cells": {
            family: {
                name: _cell(name, runs[name], films, family, shipped)
                for name, variant in VARIANTS.items()
                if not isinstance(variant.split, AgainstChests)
            }
            for family in REPORT
        },
        "necks_against_chests": _against_chests(runs),
        "differences": {family: _differences(runs, report, family) for family in REPORT},
    }


def _enlarged(variant: Variant, films: Films, out: Path, seed: int) -> Enlarged:
    # One generator for each class and seed serves all shares: it makes what the largest asks for.
    train = variant.split.parts(films)[0]
    most = max(wanted(len(train.labels), other.share) for other in VARIANTS.values() if other.share)
    made = generated(out, train, most, RIVALRY, seed)
    sheet(out / f"generated, seed {seed}.png", train, made)
    return Enlarged(split=variant.split, made=made, share=variant.share)


def _at(name: str, runs: Sequence[Run]) -> list[float]:
    return [HALF if name.startswith("as described") else balanced(one.tune) for one in runs]


def _cell(name: str, runs: Sequence[Run], films: Films, family: str, shipped: NDArray[np.float64]) -> dict[str, Any]:
    of = NECKS.parts(films)[2].families(frozenset({family}))
    return cell([replace(one, report=one.report.of(of)) for one in runs], _at(name, runs), shipped[of])


def _against_chests(runs: Mapping[str, list[Run]]) -> dict[str, Any]:
    """Of the variants that set necks against chests; the shipped detector refuses chests, and is not beside them."""
    return {
        name: cell(runs[name], _at(name, runs[name]), None)
        for name, variant in VARIANTS.items()
        if isinstance(variant.split, AgainstChests)
    }


def _differences(runs: Mapping[str, list[Run]], report: Films, family: str) -> dict[str, Any]:
    """Area of each variant less that of the one without its addition, seed by seed on the same films."""
    of = report.families(frozenset({family}))
    found = {}
    for name, variant in VARIANTS.items():
        other = name.partition(",")[0]
        if name == other or isinstance(variant.split, AgainstChests):
            continue
        first, second = (np.stack([one.report.of(of).probabilities for one in runs[key]]) for key in (name, other))
        told = runs[name][0].report.of(of)
        found[name] = {"than": other} | difference(told.labels, first, second, told.patients)
        found[name]["delong"] = [paired(told.labels, a, b, told.patients) for a, b in zip(first, second, strict=True)]
    return found
