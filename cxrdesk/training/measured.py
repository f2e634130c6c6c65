"""Measures a network that exists already: nothing is trained, and its figures are written into a bundle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cxrdesk.api import Detector, DetectorSpec, Evidence
from cxrdesk.api.bundle import WEIGHTS
from cxrdesk.api.making import golden_films
from cxrdesk.evaluation.datasets import Row
from cxrdesk.evaluation.labelled import is_labelled, labelled
from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.training.bundles import provenance, sha256
from cxrdesk.training.finish import Bench, finish

OWN_FILMS, SIMULATED_FILMS = "films of the author's own", "simulated films that the author gave"


def measure(
    model: type[Detector],
    spec: DetectorSpec,
    network: bytes,
    data: Path | None,
    out: Path,
    *,
    evidence: Evidence,
    distribution: str,
    device: str = "auto",
    weights_file: str = WEIGHTS,
    source: str = OWN_FILMS,
) -> Path:
    """Calibrate and choose thresholds on some patients, measure on others, write ``out/bundle``.

    Patients of the ``train`` split choose, the others are measured on: the network learnt from none of them.

    Parameters
    ----------
    data : Path
        Folder with a ``labels.csv``; see `cxrdesk.evaluation.labelled`.
    evidence : Evidence
        What the author says that the films are; simulated ones give synthetic evidence whatever that is.
    source : str
        What the films are, in words; simulated ones are called so whatever that is.

    Raises
    ------
    UserError
        ``"no-labels"``, ``"too-small"`` and the like.
    """
    if data is None or not is_labelled(data):
        raise UserError("no-labels", "--data must name a folder with films and a labels.csv of their findings")
    rows = list(labelled(data).values())
    known = {finding for row in rows for finding in row.labels}
    if lacking := [finding for finding in spec.findings if finding not in known]:
        raise UserError("no-labels", f"{data / 'labels.csv'} has no labels of {lacking[0]}; add the column")
    simulated = any(map(is_simulated, rows))
    level = Evidence.SYNTHETIC if simulated else evidence
    source = SIMULATED_FILMS if simulated else source
    tune = [row for row in rows if row.split == "train"]
    report = [row for row in rows if row.split != "train"]
    folder = out / "bundle"
    told: dict[str, Any] = {"tune": f"tuning split, {source}", "report": f"report split, {source}"}
    finish(
        Bench(model=model, distribution=distribution, device=device),
        replace(spec, weights_sha256=sha256(network), evidence=level),
        network,
        folder,
        tune=tune,
        report=report,
        told=told,
        golden=golden_films(),
        training=provenance(
            f"cxrdesk train {spec.id}",
            started_from="weights that the author brought; nothing was trained",
            films={"tune": len(tune), "report": len(report)},
        ),
        weights_file=weights_file,
    )
    return folder


def is_simulated(row: Row) -> bool:
    """Whether a film says that it was computed by a simulator."""
    try:
        return read_radiograph(row.path).source == "phantom"
    except FilmError:
        # Counted, and left out, when the films are read.
        return False
