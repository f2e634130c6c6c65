"""Measures a segmenter that exists already on films whose outlines somebody drew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cxrdesk.api import Evidence, Segmenter, SegmenterSpec
from cxrdesk.api.bundle import WEIGHTS, being_written, write_bundle
from cxrdesk.api.golden import record
from cxrdesk.api.making import golden_films
from cxrdesk.discovery.registry import Plugin, Registry
from cxrdesk.evaluation.labelled import MASKS, is_labelled, labelled
from cxrdesk.evaluation.run import outline
from cxrdesk.evaluation.tables import SegmenterTable
from cxrdesk.imaging.errors import UserError
from cxrdesk.training.bundles import provenance, sha256
from cxrdesk.training.measured import OWN_FILMS, SIMULATED_FILMS, is_simulated
from cxrdesk.training.telling import telling


def measure_outlines(
    model: type[Segmenter],
    spec: SegmenterSpec,
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
    """Mean Dice coefficient and distance with 95 % intervals, patients resampled; written into ``out/bundle``.

    A film that is refused, or that the model fails on, counts 0.

    Parameters
    ----------
    data : Path
        Folder with a ``labels.csv`` and ``masks/STEM-lungs.png``; see `cxrdesk.evaluation.labelled`.
    evidence, source
        As in `cxrdesk.training.measured.measure`.

    Raises
    ------
    UserError
        ``"no-labels"``
    """
    rows = [row for row in labelled(data).values() if row.mask] if data is not None and is_labelled(data) else []
    if not rows:
        text = f"--data must name a folder with films, a labels.csv, and outlines in {MASKS}/FILM-{spec.structure}.png"
        raise UserError("no-labels", text)
    simulated = any(map(is_simulated, rows))
    films = SIMULATED_FILMS if simulated else source
    level = Evidence.SYNTHETIC if simulated else evidence
    spec = replace(spec, weights_sha256=sha256(network), evidence=level)
    with being_written(out / "bundle") as part:
        write_bundle(part, spec, network, {}, weights_file=weights_file)
        bundled = replace(spec, bundle=part)
        made = type(model.__name__, (model,), {"spec": bundled})
        registry = Registry([Plugin(name=spec.id, distribution=distribution, version=spec.version, segmenters=(made,))])
        with telling("outlining films") as progress:
            outlined = outline(registry, bundled, rows, device=device, progress=progress)
        table = SegmenterTable.of({films: outlined})
        loaded = made()
        loaded.load()
        shown = golden_films()
        golden = record(loaded, shown, [{} for _ in shown])
        loaded.unload()
        write_bundle(
            part,
            replace(spec, dice=table.dice),
            network,
            golden,
            weights_file=weights_file,
            evaluation={"films": films, "table": table.to_json()},
            training=provenance(
                f"cxrdesk train {spec.id}",
                started_from="weights that the author brought; nothing was trained",
                films={"report": len(rows)},
            ),
        )
    return out / "bundle"
