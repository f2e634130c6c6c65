"""How a recipe of a detector ends: run as the viewer would, calibrated, its thresholds measured, written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api import Calibration, DetectorSpec, Estimate, OperatingPoint
from cxrdesk.api.bundle import WEIGHTS, being_written, write_bundle
from cxrdesk.api.detector import Detector, Segmenter
from cxrdesk.api.golden import golden_film, record
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.evaluation.calibration import both_classes, chosen
from cxrdesk.evaluation.choices import thresholds
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.run import Answer, answers, film_of, of_finding
from cxrdesk.evaluation.tables import DetectorTable, detector_table
from cxrdesk.imaging.errors import UserError
from cxrdesk.inference.pipeline import FilmAnalysis
from cxrdesk.inference.result import Status
from cxrdesk.inference.runners import LocalRunner
from cxrdesk.training.telling import telling

REFERENCE_PERCENTILE = 99.0
LEAST_AUC = 0.75
"""A finding whose area under the curve may be smaller, by its 95 % interval, gets no threshold: a score, not a call."""
FEWEST_FOR_CALIBRATION = 30
"""Tuning films of a finding; on fewer the curve follows single films, and the score stays as the network gave it."""
AIMS = {
    "balanced": "largest mean of sensitivity and specificity",
    "sensitive": "sensitivity surely (97.5 %) at least 95 %",
    "specific": "specificity surely (97.5 %) at least 95 %",
}
"""Name of an operating point to what its threshold was chosen for."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Runs a bundle's network as the viewer would, gate included.

    Parameters
    ----------
    model : type of Detector
        Without a spec.
    distribution : str
        That ships it.
    segmenters : tuple of Plugin
        That the detector's masks come from.
    """

    model: type[Detector]
    distribution: str
    device: str = "auto"
    segmenters: tuple[Plugin, ...] = ()

    def registry(self, spec: DetectorSpec) -> Registry:
        """The segmenters and a detector with this spec."""
        made = type(self.model.__name__, (self.model,), {"spec": spec})
        own = Plugin(name=spec.id, distribution=self.distribution, version=spec.version, detectors=(made,))
        return Registry([*self.segmenters, own])

    def answers(self, spec: DetectorSpec, rows: Sequence[Row], what: str = "films") -> list[Answer]:
        """What the detector says of films; those refused or failed too. `what` they are is told meanwhile."""
        with telling(f"scoring {what}") as progress:
            return answers(self.registry(spec), spec, rows, device=self.device, progress=progress)

    def segmenter(self, structure: str) -> type[Segmenter]:
        """The segmenter that outlines a structure.

        Raises
        ------
        UserError
            ``"no-segmenter"``
        """
        for plugin in self.segmenters:
            for model in plugin.segmenters:
                if isinstance(model, type) and model.spec.structure == structure:
                    return model
        raise UserError("no-segmenter", f"the recipe needs a plugin that outlines the {structure}; install one")

    def preprocessing_sha256(self, spec: DetectorSpec) -> str:
        """Of the declaration with the segmenters' weights, as operating points name it."""
        return spec.input.digest(*{self.segmenter(structure).spec.weights_sha256 for structure in spec.requires})

    def point(
        self, spec: DetectorSpec, name: str, finding: str, threshold: float, aim: str, table: DetectorTable | None
    ) -> OperatingPoint:
        """An operating point for exactly these weights; without a table its figures are not known yet."""
        unknown = Estimate(value=0.0, low=0.0, high=1.0, n=1)
        found = table.points[name] if table else None
        return OperatingPoint(
            name=name,
            finding=finding,
            threshold=threshold,
            aim=aim,
            sensitivity=found.sensitivity if found else unknown,
            specificity=found.specificity if found else unknown,
            measured_on=f"{table.films}, {found.films} films" if table and found else "",
            weights_sha256=spec.weights_sha256,
            preprocessing_sha256=self.preprocessing_sha256(spec),
        )

    def reference(self, spec: DetectorSpec, rows: Sequence[Row]) -> dict[str, float]:
        """By finding, the 99th percentile of the map values over films that have it; none where that is not above 0.

        Raises
        ------
        UserError
            ``"no-saliency"``, if the maps of every finding are empty.
        """
        registry = self.registry(spec)
        runner = LocalRunner(registry, device=self.device)
        values: dict[str, list[NDArray[np.float32]]] = {finding: [] for finding in spec.findings}
        positives = [row for row in rows if any(row.labels.get(finding) for finding in spec.findings)]
        with telling("maps of tuning films with a finding") as progress:
            for done, row in enumerate(positives):
                progress(done, len(positives))
                result = FilmAnalysis(film_of(row), registry, runner).detect(spec)
                for found in result.findings if result.status is Status.DONE else ():
                    if row.labels.get(found.finding):
                        values[found.finding] += [item.map.values.ravel() for item in found.saliency]
        runner.close()
        reference = {
            finding: float(np.percentile(np.concatenate(maps), REFERENCE_PERCENTILE))
            for finding, maps in values.items()
            if maps
        }
        known = {finding: value for finding, value in reference.items() if value > 0}
        if reference and not known:
            text = f"no tuning film with {', '.join(reference)} gives a saliency map; train for longer"
            raise UserError("no-saliency", text)
        return known

    def golden(self, spec: DetectorSpec, films: list[NDArray[np.uint8]]) -> dict[str, NDArray[Any]]:
        """Golden vectors on `films`, with the segmenters' masks."""
        drawn = {}
        for structure in spec.requires:
            segmenter = self.segmenter(structure)()
            segmenter.load()
            drawn[structure] = [segmenter.segment(segmenter.prepare(golden_film(film))) for film in films]
            segmenter.unload()
        masks = [{structure: made[k] for structure, made in drawn.items()} for k in range(len(films))]
        model = type(self.model.__name__, (self.model,), {"spec": spec})()
        model.load()
        golden = record(model, films, masks)
        model.unload()
        return golden


def finish(
    bench: Bench,
    spec: DetectorSpec,
    weights: bytes,
    folder: Path,
    *,
    tune: Sequence[Row],
    report: Sequence[Row],
    told: Mapping[str, str],
    golden: list[NDArray[np.uint8]],
    training: Mapping[str, Any],
    weights_file: str = WEIGHTS,
) -> DetectorSpec:
    """Calibrate and choose on `tune`, measure on `report`, write the bundle into `folder`.

    A finding that has too few films, or an area under the curve that may be below `LEAST_AUC`, gets no operating point,
    and the bundle says why.

    Parameters
    ----------
    spec : DetectorSpec
        Without calibration, operating points and reference; its ``weights_sha256`` is of `weights`.
    told : mapping
        ``"tune"`` and ``"report"`` to what the films are.
    golden : list of ndarray of uint8
        Films that may be published.
    weights_file : str
        What kind of file `weights` is: one of `cxrdesk.api.bundle.WEIGHT_FILES`.
    """
    with being_written(folder) as part:
        write_bundle(part, spec, weights, {}, weights_file=weights_file)
        bare = replace(spec, bundle=part)
        # First of all, for it shows whether the network can be used.
        made = bench.golden(bare, golden)
        measured, evaluation = _measured(bench, bare, tune, report, told)
        told_more: dict[str, Any] = {"evaluation": evaluation, "training": dict(training)}
        write_bundle(part, measured, weights, made, weights_file=weights_file, **told_more)
    return replace(measured, bundle=folder)


def _measured(
    bench: Bench, spec: DetectorSpec, tune: Sequence[Row], report: Sequence[Row], told: Mapping[str, str]
) -> tuple[DetectorSpec, dict[str, Any]]:
    """The spec with what was measured, and the bundle's evaluation."""
    tuned = bench.answers(spec, tune, "tuning films")
    silent: dict[str, str] = {}
    uncalibrated: dict[str, str] = {}
    calibration, prevalence, limits = {}, {}, {}
    for finding in spec.findings:
        done = [item for item in tuned if item.status == "done" and finding in item.row.labels]
        labels = np.array([item.row.labels[finding] for item in done], np.int64)
        raw = np.array([item.raw[finding] for item in done])
        try:
            both_classes(labels, "calibration")
            prevalence[finding] = float(labels.mean())
            known = Calibration()
            if len(done) < FEWEST_FOR_CALIBRATION:
                text = f"{len(done)} tuning films are too few for a calibration; {FEWEST_FOR_CALIBRATION} are needed"
                uncalibrated[finding] = text
            else:
                text = f"{told['tune']}, {len(done)} films"
                known = calibration[finding] = chosen(labels, raw, [item.row.patient for item in done], text)
            limits[finding] = thresholds(labels, np.array([known.apply(value) for value in raw]))
        except UserError as error:
            # One finding with too few films takes nothing from the others.
            silent[finding] = error.text
    spec = replace(spec, calibration=calibration, prevalence=prevalence)

    def points(tables: Mapping[str, DetectorTable]) -> tuple[OperatingPoint, ...]:
        return tuple(
            bench.point(spec, name, finding, value, f"{AIMS[name]} on the {told['tune']}", tables.get(finding))
            for finding, values in limits.items()
            for name, value in values.items()
        )

    bare = replace(spec, operating_points=points({}))
    answered = bench.answers(bare, report, "films to measure on")
    tables = {}
    for finding in spec.findings:
        scored = [of_finding(item, finding) for item in answered if finding in item.row.labels]
        try:
            tables[finding] = detector_table(bare, finding, scored, told["report"])
        except UserError as error:
            silent[finding] = error.text
            limits.pop(finding, None)
            continue
        area = next(iter(tables[finding].points.values())).auc
        if area.low < LEAST_AUC and limits.pop(finding, None) is not None:
            silent[finding] = f"its AUC may be as low as {area.low:.3f} (95 % interval), and a call needs {LEAST_AUC}"
    measured = points(tables)
    if spec.saliency is not None:
        spec = replace(spec, saliency=replace(spec.saliency, reference=bench.reference(spec, tune)))
    spec = replace(spec, operating_points=measured)
    evaluation = {
        "films": told["report"],
        "table": [table.to_json() for table in tables.values()],
        "without_a_call": silent,
    }
    return spec, evaluation | ({"without_calibration": uncalibrated} if uncalibrated else {})
