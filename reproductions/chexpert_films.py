"""Simulated studies published as CheXpert is: frontal and lateral films, ``train.csv`` as a text miner labels reports.

How many labels are wrong and how many are uncertain is set, so that policies can be judged: ``train.csv`` has those
labels, ``valid.csv`` the truth, as radiologists gave it there. The tables are read by what reads the publisher's.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.evaluation.datasets import Row, chexpert
from cxrdesk.imaging.phantom.batch import Order, produce
from cxrdesk.training.prepare import chexpert as publisher
from cxrdesk.training.prepare.choice import Choice
from cxrdesk.training.prepare.download import opened
from reproductions.films import Films, stretched
from reproductions.runs import file_of, kept

FINDINGS = ("atelectasis", "cardiomegaly", "consolidation", "edema", "effusion")
"""The five that CheXpert's readers compete on (Irvin et al. 2019, arXiv 1901.07031)."""
UNSURE = -1.0
"""An uncertain label, as in the publisher's table."""
SIMULATION_SEED = 501
VIEWS = ("frontal", "lateral")
_FOLDER = "CheXpert-v1.0-small"


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """How reports are labelled.

    Parameters
    ----------
    wrong : float
        Share of labels that say the opposite of the truth, before any is made uncertain.
    of_present, of_absent : float
        Share of labels that are uncertain where the finding is truly there, and where it is not.
    """

    wrong: float = 0.0
    of_present: float = 0.0
    of_absent: float = 0.0

    def told(self, truth: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
        """Labels 1, 0 or `UNSURE` of studies, from the truth (n, findings)."""
        labels = np.where(rng.random(truth.shape) < self.wrong, 1 - truth, truth).astype(np.float64)
        unsure = rng.random(truth.shape) < np.where(truth == 1, self.of_present, self.of_absent)
        labels[unsure] = UNSURE
        return labels


@dataclass(frozen=True, kw_only=True, eq=False)
class Studies:
    """Simulated studies.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (n, 2, side, side)
        Frontal and lateral film.
    truth : ndarray of int64, shape (n, findings)
    ages, sexes, projections : ndarray, shape (n,)
        Years; M or F; PA or AP of the frontal film.
    seconds_s : float
        That the simulation took.
    """

    pixels: NDArray[np.uint8]
    truth: NDArray[np.int64]
    ages: NDArray[np.int64]
    sexes: NDArray[np.str_]
    projections: NDArray[np.str_]
    seconds_s: float


def simulated(out: Path, count: int, side: int, *, severity: float | None = None, workers: int = 2) -> Studies:
    """`count` adults' studies under mild randomisation, half PA and half AP, each finding in three of ten.

    Parameters
    ----------
    severity : float or None
        Of every finding; drawn for each where None.
    """

    def made() -> dict[str, NDArray[Any]]:
        pixels, labels = [], []
        for k, kind in enumerate(("chest-pa", "chest-ap")):
            order = Order(
                kinds=(kind, "chest-lateral"),
                findings=tuple((name, severity) for name in FINDINGS),
                prevalence=0.3,
                variant="mild",
                size=side,
                seed=SIMULATION_SEED + k,
            )
            part = count // 2 if k else count - count // 2
            for done, film in enumerate(produce(order, part, workers=workers, thumbnail=side)):
                pixels.append(cv2.resize(film.thumbnail, (side, side), interpolation=cv2.INTER_AREA))
                labels.append((film.labels, kind[-2:].upper()))
                if done % 200 == 0:
                    print(f"simulating {kind}: {done} of {2 * part} films", file=sys.stderr, flush=True)
        # One of each study.
        told = labels[::2]
        # The two kinds take turns, so that those who are kept apart are of both.
        turn = np.argsort([*range(0, count, 2), *range(1, count, 2)])
        return {
            "pixels": np.stack(pixels).reshape(count, 2, side, side)[turn],
            "truth": np.array([[item[name] for name in FINDINGS] for item, _ in told])[turn],
            "ages": np.array([round(float(item["age_years"])) for item, _ in told])[turn],
            "sexes": np.array([str(item["sex"]) for item, _ in told])[turn],
            "projections": np.array([kind for _, kind in told])[turn],
        }

    drawn = "drawn" if severity is None else f"{severity:.0%}"
    found = kept(file_of(out, "simulated", f"{count} studies", str(side), f"severity {drawn}"), made)
    told = {name: found[name] for name in Studies.__dataclass_fields__}
    return Studies(**(told | {"seconds_s": float(told["seconds_s"])}))


def publish(studies: Studies, labels: NDArray[np.float64], train: int, folder: Path) -> Path:
    """Write studies in the publisher's layout and prepare them as a download of CheXpert is prepared.

    Parameters
    ----------
    labels : ndarray of float64, shape (train, findings)
        Of the first `train` studies, for ``train.csv``; all others go to ``valid.csv`` with the truth.

    Returns
    -------
    Path
        A folder of data sets that holds ``chexpert``.
    """
    if (folder / "chexpert").is_dir():
        return folder
    columns = {ours: theirs for theirs, ours in publisher.OBSERVATIONS.items()}
    head = ["Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *publisher.OBSERVATIONS]
    download = folder / "download"
    for name, numbers in (("train", range(train)), ("valid", range(train, len(studies.truth)))):
        (download / _FOLDER).mkdir(parents=True, exist_ok=True)
        with (download / _FOLDER / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, head, restval="")
            writer.writeheader()
            for number in numbers:
                told = labels[number] if name == "train" else studies.truth[number]
                values = {columns[key]: f"{value:.1f}" for key, value in zip(FINDINGS, told, strict=True)}
                for k, view in enumerate(VIEWS):
                    path = f"{_FOLDER}/{name}/patient{number + 1:05d}/study1/view{k + 1}_{view}.jpg"
                    place = download / path
                    place.parent.mkdir(parents=True, exist_ok=True)
                    cv2.imwrite(str(place), studies.pixels[number, k], [cv2.IMWRITE_JPEG_QUALITY, 95])
                    about = {
                        "Path": path,
                        "Sex": {"M": "Male", "F": "Female"}.get(studies.sexes[number], "Unknown"),
                        "Age": int(studies.ages[number]),
                        "Frontal/Lateral": view.capitalize(),
                        "AP/PA": studies.projections[number] if view == "frontal" else "",
                    }
                    writer.writerow(about | values)
    with opened([download]) as members:
        publisher.prepare(members, folder, Choice(), resume=True, advance=lambda done, of, what: None)
    return folder


def read(data: Path, side: int) -> Films:
    """CheXpert as prepared in a folder of data sets: labels 1, 0 or `UNSURE`, shape (n, findings).

    What a report does not mention is absent, as Irvin et al. take it. The families are ``train`` and ``valid``.
    """
    rows, pixels = stretched(chexpert(data), side)
    return Films(pixels=pixels, labels=np.array([_labels(row) for row in rows]), rows=rows)


def _labels(row: Row) -> list[float]:
    return [UNSURE if name in row.uncertain else float(row.labels.get(name, 0)) for name in FINDINGS]


def by_study(films: Films, scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], list[str]]:
    """Labels and mean scores of each study, and its patient.

    Parameters
    ----------
    scores : ndarray of float64, shape (seeds, n, findings)

    Returns
    -------
    tuple
        (studies, findings), (seeds, studies, findings), and patients.
    """
    _, first, of = np.unique(
        [f"{row.patient}/{row.study}" for row in films.rows], return_index=True, return_inverse=True
    )
    means = np.stack([scores[:, of == k].mean(axis=1) for k in range(len(first))], axis=1)
    return films.labels[first], means, [films.rows[k].patient for k in first]


def told_rates(truth: NDArray[np.int64], labels: NDArray[np.float64]) -> dict[str, float]:
    """What labels came to: share of uncertain ones, how many of those are truly present, share of wrong ones."""
    unsure = labels == UNSURE
    return {
        "uncertain": round(float(unsure.mean()), 4),
        "truly_present_where_uncertain": round(float(truth[unsure].mean()), 4) if unsure.any() else 0.0,
        "wrong_where_certain": round(float((labels != truth)[~unsure].mean()), 4),
    }


def of_view(rows: Sequence[Row], lateral: bool) -> NDArray[np.bool_]:
    """Which films are lateral, or which are not."""
    return np.array([(row.view.projection == "lateral") == lateral for row in rows], dtype=bool)
