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

from cxrdesk.api import Calibration, DetectorSpec, Evidence, FilmScope, OperatingPoint, Saliency
from cxrdesk.api.bundle import Bundle, write_bundle
from cxrdesk.api.golden import record
from cxrdesk.discovery.loader import load_registry
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.evaluation.calibration import overlap, platt, temperature
from cxrdesk.evaluation.choices import thresholds
from cxrdesk.evaluation.datasets import Row, kermany
from cxrdesk.evaluation.run import Scored, film_of, score
from cxrdesk.evaluation.tables import DetectorTable, detector_films
from cxrdesk.imaging.errors import UserError
from cxrdesk.inference.pipeline import FilmAnalysis
from cxrdesk.inference.result import Status
from cxrdesk.inference.runners import LocalRunner
from cxrdesk.training.bundles import golden_films, half_precision, provenance, sha256
from cxrdesk.training.fit import Stage
from cxrdesk_pneumonia.model import PneumoniaModel
from cxrdesk_pneumonia.parts import INPUT, PARTS, STAGES, Part, train_part

FINDING = "pneumonia"
REFERENCE_PERCENTILE = 99.0
CHOSEN = {
    "balanced": "largest mean of sensitivity and specificity",
    "sensitive": "sensitivity surely (97.5 %) at least 95 %",
    "specific": "specificity surely (97.5 %) at least 95 %",
}


def train(data: Path, out: Path, *, device: str = "auto", stages: tuple[Stage, ...] = STAGES) -> Path:
    """Train, calibrate, choose, measure; write ``out/bundle`` and the folds' bundles; goes on where it stopped."""
    segmenter = next(
        (p for p in load_registry().plugins if any(s.spec.structure == "lungs" for s in p.segmenters)), None
    )
    if segmenter is None:
        raise UserError("no-segmenter", "the recipe needs a plugin that outlines the lungs; install cxrdesk-lungmask")
    rows = kermany(data)
    networks = {part.name: train_part(part, rows, out / part.name, device=device, stages=stages) for part in PARTS}
    bench = Bench(segmenter, device)
    specs = {part.name: _calibrated(part, networks[part.name], rows, out, bench) for part in PARTS}
    chosen = _thresholds(specs, rows, bench)
    draws = sum(stage.draws * stage.epochs for stage in stages)
    for part in PARTS:
        _measured(part, specs[part.name], chosen, data, rows, out, bench, draws)
    return _folder(out, PARTS[0])


def _folder(out: Path, part: Part) -> Path:
    return out / "bundle" if not part.left_out else out / part.name / "bundle"


class Bench:
    """Runs a bundle's network as the viewer would, with the installed segmenter."""

    def __init__(self, segmenter: Plugin, device: str) -> None:
        self.segmenter, self.device = segmenter, device

    @property
    def segmenter_sha256(self) -> str:
        """Of the weights whose outlines the networks are given."""
        return self.segmenter.segmenters[0].spec.weights_sha256

    def registry(self, spec: DetectorSpec) -> Registry:
        """The segmenter and a detector with this spec."""
        model = type("Pneumonia", (PneumoniaModel,), {"spec": spec})
        own = Plugin(name=FINDING, distribution="cxrdesk-pneumonia", version=spec.version, detectors=(model,))
        return Registry([self.segmenter, own])

    def score(self, spec: DetectorSpec, rows: list[Row]) -> list[Scored]:
        """Films that the gate let through, scored."""
        scored = score(self.registry(spec), spec, FINDING, rows, device=self.device)
        return [item for item in scored if item.raw is not None]


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
    tune = bench.score(spec, [r for r in rows if r.split == "tune" and r.family not in part.left_out])
    labels, raw = _labels(tune), np.array([item.raw for item in tune])
    told = f"tune split, {len(tune)} films of families that the network was trained on"
    fits = [temperature(labels, raw, told)]
    if overlap(labels, raw):
        fits.append(platt(labels, raw, told))
    best = min(fits, key=lambda c: _log_loss(labels, raw, c))
    return replace(spec, calibration={FINDING: best}, prevalence={FINDING: float(labels.mean())})


def _log_loss(labels: Any, raw: Any, calibration: Calibration) -> float:
    p = np.array([calibration.apply(value) for value in raw])
    return float(-np.mean(labels * np.log(p) + (1 - labels) * np.log1p(-p)))


def _thresholds(specs: dict[str, DetectorSpec], rows: list[Row], bench: Bench) -> dict[str, float]:
    """Chosen on the tuning films of left-out families, scored by the networks that never saw those families."""
    scored = []
    for part in PARTS:
        if part.left_out:
            scored += bench.score(
                specs[part.name], [r for r in rows if r.split == "tune" and r.family in part.left_out]
            )
    return thresholds(_labels(scored), np.array([item.probability for item in scored]))


def _measured(
    part: Part,
    spec: DetectorSpec,
    chosen: dict[str, float],
    data: Path,
    rows: list[Row],
    out: Path,
    bench: Bench,
    draws: int,
) -> None:
    """The part's bundle with figures, saliency reference and golden vectors."""
    folder = _folder(out, part)
    weights = Bundle(folder).weights()
    reference = _reference(spec, rows, bench) if not part.left_out else {}
    spec = replace(spec, saliency=replace(spec.saliency, reference=reference))
    manifest = {"evaluation": {"left_out": sorted(part.left_out)}}
    # A first table at the chosen thresholds, from a spec whose operating points carry no figures yet.
    bare = replace(
        spec, operating_points=tuple(_point(spec, name, value, None, bench) for name, value in chosen.items())
    )
    (table,) = detector_films(bench.registry(bare), bare, manifest, data, device=bench.device)
    points = tuple(_point(spec, name, value, table, bench) for name, value in chosen.items())
    golden = _golden(replace(spec, operating_points=points), bench)
    write_bundle(
        folder,
        replace(spec, operating_points=points),
        weights,
        golden,
        evaluation=manifest["evaluation"] | {"table": table.to_json()},
        training=provenance("cxrdesk train pneumonia", part=part.name, draws=draws, seed=0),
    )


def _point(
    spec: DetectorSpec, name: str, threshold: float, table: DetectorTable | None, bench: Bench
) -> OperatingPoint:
    from cxrdesk.api import Estimate

    unknown = Estimate(value=0.0, low=0.0, high=1.0, n=1)
    found = table.points[name] if table else None
    return OperatingPoint(
        name=name,
        finding=FINDING,
        threshold=threshold,
        aim=f"{CHOSEN[name]} on tuning films of families that the network scoring them never saw",
        sensitivity=found.sensitivity if found else unknown,
        specificity=found.specificity if found else unknown,
        measured_on=f"{table.films}, {found.films} films of the training source" if table and found else "",
        weights_sha256=spec.weights_sha256,
        preprocessing_sha256=spec.input.digest(bench.segmenter_sha256),
    )


def _reference(spec: DetectorSpec, rows: list[Row], bench: Bench) -> dict[str, float]:
    """99th percentile of the map values over the tuning split's positives."""
    registry = bench.registry(spec)
    runner = LocalRunner(registry, device=bench.device)
    values = []
    for row in rows:
        if row.split == "tune" and row.labels[FINDING]:
            result = FilmAnalysis(film_of(row), registry, runner).detect(spec)
            if result.status is Status.DONE:
                values += [item.map.values.ravel() for item in result.findings[0].saliency]
    runner.close()
    reference = float(np.percentile(np.concatenate(values), REFERENCE_PERCENTILE)) if values else 0.0
    if reference <= 0:
        raise UserError("no-saliency", "no tuning film with pneumonia gives a saliency map; train for longer")
    return {FINDING: reference}


def _golden(spec: DetectorSpec, bench: Bench) -> dict[str, Any]:
    from cxrdesk.api.golden import golden_film

    segmenter = bench.segmenter.segmenters[0]()
    segmenter.load()
    films = golden_films()
    masks = [{"lungs": segmenter.segment(segmenter.prepare(golden_film(film)))} for film in films]
    model = bench.registry(spec).model("pneumonia")()
    model.load()
    golden = record(model, films, masks)
    model.unload()
    return golden
