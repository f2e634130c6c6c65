"""What cxrdesk ships, on the films of a study: the pneumonia detector's scores and the lungs' outlines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.api import DetectorSpec, SegmenterSpec
from cxrdesk.api.bundle import Bundle, manifest_sha256
from cxrdesk.discovery.loader import load_registry
from cxrdesk.discovery.registry import Registry
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.run import analyses, answers, with_bundle
from cxrdesk.imaging.errors import FilmError
from cxrdesk.training.bundles import sha256
from cxrdesk.training.telling import telling
from reproductions.films import Films, Fold
from reproductions.runs import file_of, kept

PNEUMONIA = Path(__file__).parents[1] / "plugins/cxrdesk-pneumonia"
FINDING = "pneumonia"


def fold_bundle(fold: Fold) -> Path:
    """The shipped bundle, or that of the recipe's fold which never saw the same families."""
    for folder in (PNEUMONIA / "src/cxrdesk_pneumonia/bundle", *sorted((PNEUMONIA / "folds").iterdir())):
        if set(Bundle(folder).manifest["evaluation"]["left_out"]) == fold.left_out:
            return folder
    raise ValueError(f"no shipped bundle leaves out {sorted(fold.left_out)}")


def marked(*bundles: Path | None) -> str:
    """Of all that bundles say of themselves, so that what was kept of earlier ones is not taken for theirs."""
    told = ""
    for folder in bundles:
        assert folder is not None
        told += manifest_sha256(Bundle(folder).manifest)
    return sha256(told.encode())[:8]


def pneumonia_scores(fold: Fold, report: Films, out: Path) -> NDArray[np.float64]:
    """The detector's probability of each report film of a fold, NaN where the gate refused it, shape (n,).

    Its networks learnt from the training split of the families that the fold has, and report patients belong to no
    training split, so no film is one that it learnt from.
    """
    bundle = fold_bundle(fold)
    mark = marked(bundle, lung_segmenter()[1].bundle)

    def made() -> dict[str, NDArray[np.float64]]:
        registry, spec = with_bundle(load_registry(), bundle)
        assert isinstance(spec, DetectorSpec)
        with telling(f"scoring {fold.name} with what is shipped") as progress:
            found = answers(registry, spec, report.rows, device="cpu", progress=progress)
        told = {item.row.path: item.probability.get(FINDING, np.nan) for item in found}
        return {"report": np.array([told[row.path] for row in report.rows])}

    return np.asarray(kept(file_of(out, "shipped", fold.name, mark), made)["report"])


def simulated_scores(detector: str, finding: str, report: Films, out: Path) -> NDArray[np.float64]:
    """A shipped detector's probability of each simulated film, NaN where the gate refused it, shape (n,).

    It learnt from films of the same simulator, but of other seeds.
    """
    registry = load_registry()
    spec = registry.model(detector).spec
    assert isinstance(spec, DetectorSpec)

    def made() -> dict[str, NDArray[np.float64]]:
        with telling(f"scoring with {detector} as shipped") as progress:
            found = answers(registry, spec, report.rows, device="cpu", progress=progress)
        told = {item.row.path: item.probability.get(finding, np.nan) for item in found}
        return {"report": np.array([told[row.path] for row in report.rows])}

    return np.asarray(kept(file_of(out, "shipped", detector, marked(spec.bundle)), made)["report"])


def shipped_threshold(fold: Fold) -> float:
    """Where the bundle of `fold_bundle` calls a film positive, at ``balanced``.

    Chosen on tuning films of the left-out families, by networks that never saw these; other networks of a study have
    theirs from tuning films of known families, or stay at 0.5.
    """
    points = Bundle(fold_bundle(fold)).manifest["operating_points"]
    return next(float(point["threshold"]) for point in points if point["name"] == "balanced")


def lung_segmenter() -> tuple[Registry, SegmenterSpec]:
    """The installed segmenter of the lungs."""
    registry = load_registry()
    return registry, next(s.spec for p in registry.plugins for s in p.segmenters if s.spec.structure == "lungs")


def outlines(rows: Sequence[Row], told: str) -> Iterator[tuple[Row, NDArray[np.float32] | None]]:
    """Each film with the lungs' outline, 0..1 on the segmenter's grid; None where the film was refused."""
    registry, spec = lung_segmenter()
    with telling(told) as progress:
        for (row,), analysis in analyses(registry, [[row] for row in rows], "cpu", progress, spec.scope):
            mask: Any = None if isinstance(analysis, FilmError) else analysis.segment(spec).mask
            yield row, None if mask is None else mask.values
