"""Explains films with every method, exactly as the viewer runs the detector, and has each map measured."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cxrdesk.api.detector import Context
from cxrdesk.api.saliency import NOT_APPLICABLE
from cxrdesk.api.spec import DetectorSpec
from cxrdesk.discovery.registry import Registry
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.run import Progress, analyses, studies
from cxrdesk.evaluation.saliency.checks import Shown, alike, changed, measured
from cxrdesk.evaluation.saliency.found import Audit, Explained
from cxrdesk.evaluation.saliency.methods import OWN, SEED, faults, methods_of, used_by, with_method
from cxrdesk.evaluation.saliency.truth import Target, Truth, grid_of, mask_of
from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.inference import devices
from cxrdesk.inference.pipeline import FilmAnalysis
from cxrdesk.inference.result import DetectorResult, Status

NOISE = "noise"
"""Key of maps of noise on the grid of those that are used: what a map is worth that knows nothing."""
SLOW, SLOW_STUDIES = ("scorecam",), 12
"""Methods that cost a forward pass for each channel, and most studies that they are asked about."""
PERTURBED, RANDOMISED = 12, 6
"""Most films of each finding for deletion and insertion, and for the randomisation of weights."""


def audit(
    registry: Registry,
    spec: DetectorSpec,
    truth: Truth,
    *,
    device: str = "auto",
    progress: Progress = lambda done, of: None,
) -> Audit:
    """Measure a detector's maps, made with each method that it takes.

    Films come in an order drawn by their file names, so that the first ones are a sample.

    Raises
    ------
    UserError
        ``"no-saliency"`` where the detector gives no maps.
    """
    if spec.saliency is None:
        raise UserError("no-saliency", f"{spec.id} gives no saliency maps, so that there is nothing to audit")
    found = Audit(truth=truth, spec=spec, used=used_by(registry, spec.id))
    methods = [found.used, *(key for key in methods_of(registry, spec.id) if key != found.used)]
    targets = {target.row.path: target for target in truth.targets}
    films = [rows for rows in studies(truth.rows, spec.scope) if any(row.path in targets for row in rows)]
    films.sort(key=lambda rows: hashlib.sha256(rows[0].path.name.encode()).digest())
    found.studies = len(films)
    noise = Explained()
    for number, method in enumerate(methods):

        def told(done: int, of: int, number: int = number) -> None:
            progress(number * of + done, len(methods) * of)

        run = _Run(with_method(registry, spec.id, method), spec, targets, device)
        wanted = films[:SLOW_STUDIES] if method in SLOW and method != found.used else films
        done = run.explain(wanted, found, method, noise if method == found.used else None, told)
        if wanted is films:
            # Films that are refused are refused whatever the method: they are asked about once.
            films = done
    found.methods[NOISE] = noise
    return found


class _Run:
    """The detector with one method."""

    def __init__(self, registry: Registry, spec: DetectorSpec, targets: dict[Path, Target], device: str) -> None:
        self.registry, self.spec, self.targets, self.device = registry, spec, targets, device
        self.model: Any = registry.model(spec.id)

    def explain(
        self, films: list[list[Row]], found: Audit, method: str, noise: Explained | None, progress: Progress
    ) -> list[list[Row]]:
        """Fill in what was found of the method, and of noise where that is given; the films that were explained."""
        explained = found.methods[method] = Explained()
        kept: dict[str, list[Shown]] = {}
        done = []
        # The detector once more, to be shown changed films and to be changed.
        detector = self.model(context=Context(device=devices.choose(self.device)))
        with faults(self.spec.id):
            detector.load()
        try:
            for rows, analysis in analyses(self.registry, films, self.device, progress, self.spec.scope, explain=True):
                if isinstance(analysis, FilmError):
                    explained.lost["unreadable", analysis.code] += 1
                    continue
                result = self._detected(analysis)
                if result.status is not Status.DONE:
                    [reason, *_] = result.reasons
                    if reason.code == NOT_APPLICABLE:
                        explained.problem = (reason.code, reason.text)
                        return films
                    explained.lost[result.status.value, reason.code] += 1
                    continue
                done.append(rows)
                found.simulated += noise is not None and analysis.film.source == "phantom"
                explained.alike += alike(result, rows[0].patient)
                for shown in self._shown(rows, analysis, result):
                    seen = explained.seen.setdefault(shown.map.finding, [])
                    if len(seen) < RANDOMISED:
                        kept.setdefault(shown.map.finding, []).append(shown)
                    asked = detector if len(seen) < PERTURBED else None
                    if noise is not None:
                        noise.seen.setdefault(shown.map.finding, []).append(measured(_noisy(shown, len(seen)), asked))
                    seen.append(measured(shown, asked))
            if method != OWN:
                explained.changed = changed(detector, kept)
        finally:
            detector.unload()
        return done

    def _detected(self, analysis: FilmAnalysis) -> DetectorResult:
        lungs = self.registry.segmenter_for("lungs")
        if lungs is not None:
            # So that maps are told their share inside the lungs, as where the reader has the outline shown.
            for film in (analysis.film, *analysis.companions):
                analysis.segment(lungs, film)
        return analysis.detect(self.spec)

    def _shown(self, rows: list[Row], analysis: FilmAnalysis, result: DetectorResult) -> Iterator[Shown]:
        films = dict(zip((film.digest for film in (analysis.film, *analysis.companions)), rows, strict=True))
        shapes = {film.digest: film.stored.shape[:2] for film in (analysis.film, *analysis.companions)}
        inputs = self.model.kept
        for finding in result.findings:
            for made in finding.saliency:
                digest = result.films[made.map.film]
                target = self.targets.get(films[digest].path)
                known = None if target is None else target.region(finding.finding)
                if known is None:
                    continue
                yield Shown(
                    patient=films[digest].patient,
                    region=known[0],
                    truth=mask_of(known[1], grid_of(shapes[digest])),
                    inputs=inputs,
                    map=made.map,
                    lung_share=made.lung_share,
                    probability=finding.probability,
                )


def _noisy(shown: Shown, number: int) -> Shown:
    values = np.random.default_rng([SEED, number]).random(shown.map.values.shape, np.float32)
    return replace(shown, map=replace(shown.map, values=values), lung_share=None)
