"""The gate's two error rates: in-scope films that it refuses, and other pictures that it lets through."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrdesk.evaluation.datasets import DATASETS, Row
from cxrdesk.evaluation.intervals import proportion
from cxrdesk.imaging.notices import collect_warnings
from cxrdesk.imaging.phantom.parts import PartParameters, neck, non_film, simulate_part
from cxrdesk.imaging.quality import look
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.imaging.voi import Window

PART_SEEDS = range(1000, 1020)
"""Far from those that the recipe trains on."""


def picture(values: NDArray[Any]) -> Radiograph:
    """Any grey picture as a film."""
    lo, hi = float(values.min()), float(values.max())
    grey = ((values.astype(np.float64) - lo) * (255.0 / max(hi - lo, 1e-9))).astype(np.uint8)
    stored = np.ascontiguousarray(grey)
    return Radiograph(stored=stored, bits_stored=8, voi=Window(center=128, width=256), source="raster")


def in_scope(data: Path, split: str) -> Iterator[tuple[Row, Radiograph]]:
    """Every frontal chest film of one split."""
    for rows in DATASETS.values():
        for row in rows(data):
            if row.split == split:
                yield row, read_radiograph(row.path)


def others(data: Path) -> Iterator[tuple[str, Radiograph]]:
    """Pictures that are no chest film, each with its kind; none of them was trained on."""
    from sklearn.datasets import load_sample_images

    for seed in PART_SEEDS:
        yield "simulated hip", simulate_part(PartParameters(body_part="hip", seed=seed)).radiograph
        yield "simulated hand", simulate_part(PartParameters(body_part="hand", seed=seed)).radiograph
        yield "simulated neck", simulate_part(neck(seed=seed)).radiograph
        for kind in ("noise", "gradient", "blobs", "uniform"):
            yield "noise", non_film(kind, seed=seed)
    photograph = load_sample_images().images[1].mean(axis=2)
    rng = np.random.default_rng(0)
    yield "photograph", picture(photograph)
    for _ in range(40):
        h, w = (int(n * rng.uniform(0.2, 0.7)) for n in photograph.shape)
        y, x = int(rng.integers(0, photograph.shape[0] - h)), int(rng.integers(0, photograph.shape[1] - w))
        yield "photograph", picture(photograph[y : y + h, x : x + w])
    yield from _bundled_with_pydicom()
    hip = data / "dicom" / "RG2_J2KI_hip.dcm"
    if hip.is_file():
        yield "hip", read_radiograph(hip)


def _bundled_with_pydicom() -> Iterator[tuple[str, Radiograph]]:
    """The CT, MR and ultrasound pictures that come with pydicom, as grey pictures, whatever the reader says of them.

    Each picture once, although pydicom brings some in many transfer syntaxes.
    """
    import pydicom

    seen: set[str] = set()
    wanted = {"CT": "CT", "MR": "MR", "US": "ultrasound", "NM": "nuclear medicine"}
    for path in sorted((Path(pydicom.__file__).parent / "data" / "test_files").glob("*.dcm")):
        with collect_warnings():  # some of these files are broken on purpose, and pydicom says so
            dataset = pydicom.dcmread(path, force=True)
            kind = wanted.get(str(dataset.get("Modality", "")))
            if kind is None or "PixelData" not in dataset or dataset.file_meta.get("TransferSyntaxUID") is None:
                continue
            try:
                pixels = dataset.pixel_array
            except (ValueError, RuntimeError, AttributeError, KeyError, NotImplementedError):
                continue
        if int(dataset.get("NumberOfFrames", 1) or 1) > 1:
            pixels = pixels[0]
        if pixels.ndim == 3:
            pixels = pixels.mean(axis=2)
        film = picture(pixels)
        if film.digest not in seen:
            seen.add(film.digest)
            yield kind, film


def refusal_rates(data: Path, split: str = "report") -> dict[str, Any]:
    """Both error rates with 95 % intervals.

    Returns
    -------
    dict
        ``false_refusals`` over the in-scope films of the split; ``refused`` over all other pictures, and ``kinds``
        with the same for each kind. The split's films turned by 90, 180 and 270 degrees and as negatives count as
        other pictures.
    """
    kept: dict[str, list[bool]] = {}
    for row, film in in_scope(data, split):
        accepted = look(film).accepted
        kept.setdefault("in scope", []).append(accepted)
        kept.setdefault(f"in scope: {row.dataset}", []).append(accepted)
        for quarters in (1, 2, 3):
            stored: Any = np.ascontiguousarray(np.rot90(film.stored, quarters))
            turned = replace(film, stored=stored)
            kept.setdefault(f"turned by {quarters * 90} degrees", []).append(look(turned).accepted)
        kept.setdefault("negative", []).append(look(replace(film, inverted=not film.inverted)).accepted)
    for kind, film in others(data):
        kept.setdefault(kind, []).append(look(film).accepted)
    own = {kind: answers for kind, answers in kept.items() if kind.startswith("in scope")}
    other = {kind: answers for kind, answers in kept.items() if not kind.startswith("in scope")}
    every = [answer for answers in other.values() for answer in answers]
    return {
        "split": split,
        "false_refusals": {kind: proportion(a.count(False), len(a)) for kind, a in own.items()},
        "refused": proportion(every.count(False), len(every)),
        "kinds": {kind: proportion(a.count(False), len(a)) for kind, a in other.items()},
    }
