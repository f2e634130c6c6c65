"""Trains the pneumonia detector and writes its bundle: ``cxrdesk train pneumonia --data DIR --out DIR``.

Three networks are trained: the shipped one on the whole training split, and two folds that each leave out one family
of normal films and a third of the others, as a stand-in for another source. Each is calibrated on the tuning films of
the families that it knows. The thresholds are chosen on the tuning films that the folds' networks never saw the
families of; every figure quoted is measured on films that nothing was chosen on.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from cxrdesk.api import DetectorSpec, Evidence, FilmScope, Saliency
from cxrdesk.api.bundle import Bundle, write_bundle
from cxrdesk.api.making import golden_films
from cxrdesk.discovery.loader import load_registry
from cxrdesk.evaluation.calibration import chosen
from cxrdesk.evaluation.choices import thresholds
from cxrdesk.evaluation.datasets import Row, kermany
from cxrdesk.evaluation.run import Scored, of_finding
from cxrdesk.evaluation.tables import detector_films
from cxrdesk.imaging.errors import UserError
from cxrdesk.training.bundles import half_precision, provenance, sha256
from cxrdesk.training.data import required
from cxrdesk.training.finish import AIMS, Bench
from cxrdesk.training.fit import Stage
from cxrdesk_pneumonia.model import PneumoniaModel
from cxrdesk_pneumonia.parts import INPUT, PARTS, STAGES, Part, train_part

FINDING = "pneumonia"
AIM = {name: f"{aim} on tuning films of families that the network scoring them never saw" for name, aim in AIMS.items()}


def train(data: Path | None, out: Path, *, device: str = "auto", stages: tuple[Stage, ...] = STAGES) -> Path:
    """Train, calibrate, choose, measure; write ``out/bundle`` and the folds' bundles; goes on where it stopped."""
    data = required(data)
    segmenter = next(
        (p for p in load_registry().plugins if any(s.spec.structure == "lungs" for s in p.segmenters)), None
    )
    if segmenter is None:
        raise UserError("no-segmenter", "the recipe needs a plugin that outlines the lungs; install cxrdesk-lungmask")
    rows = kermany(data)
    networks = {part.name: train_part(part, rows, out / part.name, device=device, stages=stages) for part in PARTS}
    bench = Bench(model=PneumoniaModel, distribution="cxrdesk-pneumonia", device=device, segmenters=(segmenter,))
    specs = {part.name: _calibrated(part, networks[part.name], rows, out, bench) for part in PARTS}
    values = _thresholds(specs, rows, bench)
    draws = sum(stage.draws * stage.epochs for stage in stages)
    for part in PARTS:
        _measured(part, specs[part.name], values, data, rows, out, bench, draws)
    return _folder(out, PARTS[0])


def _folder(out: Path, part: Part) -> Path:
    return out / "bundle" if not part.left_out else out / part.name / "bundle"


def _scored(bench: Bench, spec: DetectorSpec, rows: list[Row]) -> list[Scored]:
    """Films that the gate let through, scored."""
    return [of_finding(item, FINDING) for item in bench.answers(spec, rows) if item.status == "done"]


def _labels(scored: list[Scored]) -> Any:
    return np.array([item.row.labels[FINDING] for item in scored])


def _calibrated(part: Part, network: torch.nn.Module, rows: list[Row], out: Path, bench: Bench) -> DetectorSpec:
    """The part's spec without operating points, its bundle on disk, calibrated on the families that it knows."""
    weights = half_precision(network)
    spec = DetectorSpec(
        id="pneumonia",
        version="0.1.0",
        name="Pneumonia (paediatric)",
        looks_for="Looks for signs of pneumonia in children from 1 to under 6 years.",
        scope=FilmScope(views=("chest-frontal", "chest-ap", "chest-pa"), age_years=(1.0, 6.0)),
        input=INPUT,
        requires=("lungs",),
        findings=(FINDING,),
        evidence=Evidence.INTERNAL,
        weights_sha256=sha256(weights),
        saliency=Saliency(method="HiResCAM (Draelos and Carin 2020) at layer 3, not scaled per film"),
        trained_on="Kermany, Zhang, Goldbaum 2018 (CC BY 4.0): children of 1 to 5 years at one centre, frontal (AP)",
        licence="Apache-2.0",
    )
    folder = _folder(out, part)
    write_bundle(folder, spec, weights, {})
    spec = replace(spec, bundle=folder)
    tune = _scored(bench, spec, [r for r in rows if r.split == "tune" and r.family not in part.left_out])
    labels, raw = _labels(tune), np.array([item.raw for item in tune])
    told = f"tune split, {len(tune)} films of families that the network was trained on"
    best = chosen(labels, raw, [item.row.patient for item in tune], told)
    return replace(spec, calibration={FINDING: best}, prevalence={FINDING: float(labels.mean())})


def _thresholds(specs: dict[str, DetectorSpec], rows: list[Row], bench: Bench) -> dict[str, float]:
    """Chosen on the tuning films of left-out families, scored by the networks that never saw those families."""
    scored = []
    for part in PARTS:
        if part.left_out:
            scored += _scored(
                bench, specs[part.name], [r for r in rows if r.split == "tune" and r.family in part.left_out]
            )
    return thresholds(_labels(scored), np.array([item.probability for item in scored]))


def _measured(
    part: Part,
    spec: DetectorSpec,
    values: dict[str, float],
    data: Path,
    rows: list[Row],
    out: Path,
    bench: Bench,
    draws: int,
) -> None:
    """The part's bundle with figures, saliency reference and golden vectors."""
    folder = _folder(out, part)
    weights = Bundle(folder).weights()
    positives = [row for row in rows if row.split == "tune" and row.labels[FINDING]]
    reference = bench.reference(spec, positives) if not part.left_out else {}
    spec = replace(spec, saliency=replace(spec.saliency, reference=reference))
    manifest = {"evaluation": {"left_out": sorted(part.left_out)}}
    # A first table at the chosen thresholds, from a spec whose operating points carry no figures yet.
    bare = replace(
        spec, operating_points=tuple(bench.point(spec, name, FINDING, v, AIM[name], None) for name, v in values.items())
    )
    (table,) = detector_films(bench.registry(bare), bare, manifest, data, device=bench.device)
    points = tuple(bench.point(spec, name, FINDING, v, AIM[name], table) for name, v in values.items())
    golden = bench.golden(replace(spec, operating_points=points), golden_films())
    write_bundle(
        folder,
        replace(spec, operating_points=points),
        weights,
        golden,
        evaluation=manifest["evaluation"] | {"table": table.to_json()},
        training=provenance("cxrdesk train pneumonia", part=part.name, draws=draws, seed=0),
    )
