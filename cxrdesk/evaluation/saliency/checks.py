"""Measures one map of a film, and asks the detector again: about changed films, and with changed weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api.detector import Detector, ModelInput, SaliencyMap
from cxrdesk.evaluation.saliency import measures
from cxrdesk.evaluation.saliency.found import Alike, Changed, Seen
from cxrdesk.evaluation.saliency.methods import faults, randomised
from cxrdesk.inference.result import DetectorResult


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """A map of a film whose true region is known.

    Parameters
    ----------
    region : str
        Key that the true region was drawn under.
    truth : ndarray of bool, shape (rows, cols)
        The true region, over the whole film.
    inputs : sequence of ModelInput
        What the detector was given; the map is of ``inputs[map.film]``.
    """

    patient: str
    region: str
    truth: NDArray[np.bool_]
    inputs: Sequence[ModelInput]
    map: SaliencyMap
    lung_share: float | None
    probability: float


def measured(shown: Shown, detector: Detector | None) -> Seen:
    """One map against the true region, and against the score where there is a detector to ask."""
    values = measures.on_film(shown.map.values, shown.map.box, shown.truth.shape)
    return Seen(
        patient=shown.patient,
        region=shown.region,
        area=float(shown.truth.mean()),
        probability=shown.probability,
        miss=measures.miss(values, shown.truth),
        energy=measures.energy(values, shown.truth),
        overlap=measures.overlap(values, shown.truth),
        empty=not shown.map.values.any(),
        lungs=shown.lung_share,
        perturbed=None if detector is None else _perturbed(shown, detector),
    )


def _perturbed(shown: Shown, detector: Detector) -> measures.Perturbed:
    place = shown.map.film
    own = shown.inputs[place]

    def score(tensor: NDArray[Any]) -> float:
        inputs = list(shown.inputs)
        inputs[place] = ModelInput(tensor=tensor, box=own.box)
        with faults(detector.spec.id):
            return detector.predict(inputs).probabilities[shown.map.finding]

    return measures.deletion_insertion(score, own.tensor, shown.map.values)


def alike(result: DetectorResult, patient: str) -> Iterator[Alike]:
    """Every two findings' maps of each film."""
    maps = {(f.finding, made.map.film): made.map.values for f in result.findings for made in f.saliency}
    for first, second in combinations([found.finding for found in result.findings], 2):
        for film in range(len(result.films)):
            a, b = maps.get((first, film)), maps.get((second, film))
            if a is not None and b is not None and a.shape == b.shape:
                yield Alike(patient=patient, first=first, second=second, correlation=measures.correlation(a, b))


def changed(detector: Any, shown: Mapping[str, Sequence[Shown]]) -> dict[str, list[Changed]]:
    """Maps while the detector's weights are drawn anew, part after part, against those of the trained network.

    The detector is of no use afterwards.

    Parameters
    ----------
    detector : TorchClassifier
        Loaded.
    shown : mapping
        By finding.
    """
    made: dict[str, list[Changed]] = {finding: [] for finding in shown}
    for stage in randomised(detector.model):
        for finding, films in shown.items():
            for item in films:
                # Anew: the detector may hold the answer of the weights that it had.
                with faults(detector.spec.id):
                    detector.predict(item.inputs)
                    maps = detector.explain(item.inputs, finding)
                now = next(other.values for other in maps if other.film == item.map.film)
                made[finding].append(
                    Changed(
                        patient=item.patient,
                        stage=stage,
                        rank_correlation=measures.rank_correlation(item.map.values, now),
                        similarity=measures.similarity(item.map.values, now),
                    )
                )
    return made
