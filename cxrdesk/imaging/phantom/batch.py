"""Many films at once: drawn by seed and number, computed in several processes, written with their truth."""

from __future__ import annotations

import csv
import json
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.phantom.chest import ChestParameters, simulate
from cxrdesk.imaging.phantom.detector import BITS_STORED
from cxrdesk.imaging.phantom.dicom import to_dataset
from cxrdesk.imaging.phantom.film import Phantom, cardiothoracic_ratio
from cxrdesk.imaging.phantom.findings import FINDINGS, Finding, drawn_finding
from cxrdesk.imaging.phantom.neck import NeckParameters, SubglotticNarrowing, simulate_neck
from cxrdesk.imaging.phantom.parts import simulate_part
from cxrdesk.imaging.phantom.randomise import CHESTS, KINDS, PEOPLE, Kind, Parameters, randomised
from cxrdesk.imaging.phantom.ranges import load_ranges
from cxrdesk.imaging.radiograph import Projection
from cxrdesk.imaging.raster import PHANTOM_TEXT

Picture = NDArray[np.uint8]
SEVERITIES = (0.3, 1.0)
"""Range of a severity that is not given."""
_ENOUGH_FOR_PROCESSES = 8


@dataclass(frozen=True, kw_only=True)
class Order:
    """What films are wanted.

    Parameters
    ----------
    kinds : tuple of str
        Films of each patient, from one of `PEOPLE`.
    findings : tuple of (name, severity or None)
        Names from `FINDINGS`, or ``"subglottic_narrowing"`` for necks; a severity of None is drawn.
    prevalence : float
        Probability that a patient has a finding, for each on its own.
    variant : str
        Of the randomisation.
    ranges : Path or None
        Another file of ranges than the one that ships.
    size : int
        Rows and columns; children's frontal films have fewer rows.
    seed : int
        Patient `number` of a seed is always the same, whatever the count.
    """

    kinds: tuple[Kind, ...] = ("chest-pa",)
    findings: tuple[tuple[str, float | None], ...] = ()
    prevalence: float = 1.0
    variant: str = "mild"
    ranges: Path | None = None
    size: int = 512
    seed: int = 0

    def __post_init__(self) -> None:
        known = {"kind": KINDS, "finding": (*FINDINGS, SubglotticNarrowing.name)}
        for what, names in (("kind", self.kinds), ("finding", tuple(name for name, _ in self.findings))):
            for name in names:
                if name not in known[what]:
                    text = f"There is no {what} {name!r}; known are {', '.join(known[what])}."
                    raise UserError("unknown-name", text)
        for name, severity in self.findings:
            if severity is not None and not 0 < severity <= 1:
                raise UserError("usage", f"The severity of {name} must be above 0 and at most 1, not {severity:g}.")
            fitting = ("neck-ap",) if name == SubglotticNarrowing.name else CHESTS
            if not set(self.kinds) & set(fitting):
                raise UserError("usage", f"{name} is no finding of {', '.join(self.kinds)}.")
        if len({name for name, _ in self.findings}) < len(self.findings):
            raise UserError("usage", "Each finding can be asked for once.")
        if not 0 <= self.prevalence <= 1:
            raise UserError("usage", f"The prevalence must be 0 to 1, not {self.prevalence:g}.")
        if not 64 <= self.size <= 4096:
            raise UserError("usage", f"The size must be 64 to 4096, not {self.size}.")
        if not self.kinds:
            raise UserError("usage", "At least one kind of film is needed.")
        if not any(set(self.kinds) <= set(person) for person in PEOPLE):
            together = "; ".join(", ".join(person) for person in PEOPLE)
            told = f"{', '.join(self.kinds)} cannot be films of one person; what can is {together}."
            raise UserError("usage", f"{told} Make the others in a run of their own.")


def drawn(order: Order, number: int, kind: Kind) -> Parameters:
    """Parameters of one patient's film."""
    ranges = load_ranges(order.variant, order.ranges)
    given = randomised(np.random.default_rng([order.seed, number]), ranges, kind, shape=(order.size, order.size))
    # The patient's findings are drawn apart from the body, and alike for every film of the patient.
    rng = np.random.default_rng([order.seed, number, 1])
    chest: list[Finding] = []
    narrowing = None
    for name, wanted in order.findings:
        has, severity = rng.random() < order.prevalence, round(float(rng.uniform(*SEVERITIES)), 3)
        severity = severity if wanted is None else wanted
        if name == SubglotticNarrowing.name:
            narrowing = SubglotticNarrowing(severity=severity) if has else narrowing
        else:
            finding = drawn_finding(name, severity, rng)
            chest += [finding] if has else []
    if isinstance(given, ChestParameters):
        return replace(given, findings=tuple(chest))
    return replace(given, narrowing=narrowing) if isinstance(given, NeckParameters) else given


def computed(parameters: Parameters) -> Phantom:
    """The film of any kind of parameters."""
    if isinstance(parameters, NeckParameters):
        return simulate_neck(parameters)
    return simulate(parameters) if isinstance(parameters, ChestParameters) else simulate_part(parameters)


def findings_of(parameters: Parameters) -> tuple[Finding | SubglotticNarrowing, ...]:
    """What a film shows."""
    if isinstance(parameters, ChestParameters):
        return parameters.every_finding
    narrowing = parameters.narrowing if isinstance(parameters, NeckParameters) else None
    return () if narrowing is None else (narrowing,)


def truth(phantom: Phantom) -> dict[str, Any]:
    """Parameters, findings with their severities, and what was measured on the masks, as JSON types."""
    parameters: Any = phantom.parameters
    told: dict[str, Any] = {
        "findings": [{"name": item.name, **_plain(item)} for item in findings_of(parameters)],
        "mask_pixels": {name: int(mask.sum()) for name, mask in phantom.masks.items()},
        "pixel_spacing_mm": phantom.radiograph.pixel_spacing_mm,
        "parameters": _plain(parameters),
    }
    if isinstance(parameters, ChestParameters) and parameters.projection is not Projection.LATERAL:
        told["cardiothoracic_ratio"] = round(cardiothoracic_ratio(phantom.masks), 4)
    return told


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Enum):
        return value.value
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def grey(phantom: Phantom) -> Picture:
    """The film as uint8 (rows, cols)."""
    return np.asarray(np.rint(phantom.radiograph.pixels * (255 / ((1 << BITS_STORED) - 1))), np.uint8)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of labels.csv, and the film's truth.

    Parameters
    ----------
    labels : mapping
        Columns by name, as `cxrdesk.evaluation.labelled` reads them.
    truth : mapping
        ``file``, ``kind``, and what `truth` says.
    thumbnail : ndarray of uint8, shape (rows, cols)
        The film, small.
    """

    labels: Mapping[str, Any]
    truth: Mapping[str, Any]
    thumbnail: Picture


@dataclass(frozen=True)
class _Task:
    order: Order
    number: int
    kind: Kind
    folder: Path | None
    formats: tuple[Literal["dicom", "png"], ...]
    thumbnail: int


def _made(task: _Task) -> Row:
    phantom = computed(drawn(task.order, task.number, task.kind))
    parameters: Any = phantom.parameters
    stem = f"{task.number:06d}-{task.kind}"
    picture = grey(phantom)
    present = {item.name for item in findings_of(parameters)}
    patient = f"{task.order.seed}-{task.number:06d}"
    files = []
    if task.folder is not None:
        if "dicom" in task.formats:
            files.append(f"films/{stem}.dcm")
            dataset = to_dataset(phantom, given_name=patient, study=f"{task.order!r} {task.number}")
            dataset.save_as(task.folder / files[-1], enforce_file_format=True)
        if "png" in task.formats:
            files.append(f"films/{stem}.png")
            marked = PngImagePlugin.PngInfo()
            marked.add_text(*PHANTOM_TEXT)
            Image.fromarray(picture).save(task.folder / files[-1], pnginfo=marked, compress_level=1)
        for name, mask in phantom.masks.items():
            if mask.any():
                _write_png(task.folder / "masks" / f"{stem}-{name}.png", mask.astype(np.uint8) * 255)
    film = phantom.radiograph
    labels: dict[str, Any] = {
        "file": files[0] if files else "",
        "patient": patient,
        "study": patient,
        "view": f"{film.view.body_part}-{film.view.projection}",
        "age_years": film.patient_age_years,
        "sex": film.patient_sex or "",
    }
    labels |= {name: int(name in present) for name, _ in task.order.findings}
    side = max(picture.shape)
    scale = min(task.thumbnail / side, 1.0)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    told = {"file": labels["file"], "kind": task.kind, **truth(phantom)}
    return Row(labels=labels, truth=told, thumbnail=np.asarray(small, np.uint8))


def _write_png(path: Path, picture: Picture) -> None:
    done, encoded = cv2.imencode(".png", picture)
    if not done:
        raise OSError(f"{path.name} could not be encoded")
    path.write_bytes(encoded.tobytes())


def _alone() -> None:
    """Each process uses one core: OpenCV's own threads would only fight over them."""
    cv2.setNumThreads(1)


def produce(
    order: Order,
    count: int,
    folder: Path | None = None,
    *,
    formats: Sequence[Literal["dicom", "png"]] = ("dicom",),
    workers: int = 1,
    thumbnail: int = 256,
) -> Iterator[Row]:
    """Compute `count` patients' films, in order and as they are asked for; write films and masks in a given folder.

    Parameters
    ----------
    order : Order
    count : int
        Number of patients.
    folder : Path or None
        ``films/`` and ``masks/`` are made in it.
    formats : sequence of {"dicom", "png"}
    workers : int
        Processes; the films do not depend on it.
    thumbnail : int
        Longest side of each row's small picture.
    """
    if folder is not None:
        for name in ("films", "masks"):
            (folder / name).mkdir(parents=True, exist_ok=True)
    films = count * len(order.kinds)
    tasks = (
        _Task(order, number, kind, folder, tuple(formats), thumbnail) for number in range(count) for kind in order.kinds
    )
    workers = min(workers, films)
    if workers < 2 or films < _ENOUGH_FOR_PROCESSES:
        yield from map(_made, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_alone) as pool:
        # A few films ahead of the one that is waited for: a count of millions fills no memory.
        waiting = deque(pool.submit(_made, task) for task in islice(tasks, 4 * workers))
        while waiting:
            row = waiting.popleft().result()
            waiting.extend(pool.submit(_made, task) for task in islice(tasks, 1))
            yield row


def least_bytes(order: Order, count: int, formats: Sequence[Literal["dicom", "png"]]) -> int:
    """Bytes that `count` patients' films take at the very least; masks and truth come on top."""
    pixels = count * sum((0.5 if kind == "child-ap" else 1.0) * order.size**2 for kind in order.kinds)
    return int(pixels * sum({"dicom": 2.0, "png": 0.2}[name] for name in formats))


def recorded(rows: Iterable[Row], order: Order, folder: Path) -> Iterator[Row]:
    """Pass rows on and write labels.csv and truth.json, which have their names only once the last film is done."""
    table, told = folder / "labels.csv", folder / "truth.json"
    parts = [path.with_name(f"{path.name}.part") for path in (table, told)]
    head = {"synthetic": True, "order": {**_plain(order), "ranges": str(order.ranges or "")}}
    with parts[0].open("w", newline="", encoding="utf-8") as labels, parts[1].open("w", encoding="utf-8") as truths:
        truths.write(_json(head)[:-1] + ',"films":[')
        for number, row in enumerate(rows):
            writer = csv.DictWriter(labels, list(row.labels))
            if not number:
                writer.writeheader()
            writer.writerow(row.labels)
            truths.write("," * bool(number) + _json(row.truth))
            yield row
        truths.write("]}")
    for part, path in zip(parts, (table, told), strict=True):
        part.replace(path)


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, separators=(",", ":"))
