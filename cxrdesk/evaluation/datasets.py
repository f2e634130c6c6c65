"""Folders of films with their labels, split by patient.

The layouts are those of the publishers' data sets after preparation:

``kermany/{NORMAL,PNEUMONIA}``
    Kermany, Zhang, Goldbaum 2018, Mendeley Data rscbjbr9sj, CC BY 4.0; paediatric, AP, 1 to 5 years.
``kermany_lungs``
    Lung masks of these films, V7 Labs, CC BY 4.0.
``adult_lungs``
    Adult films of ieee8023/covid-chestxray-dataset (a licence for each image) with V7 Labs' lung masks.
``nih``
    NIH Clinical Center ChestX-ray14, a sample.
``chexpert``
    CheXpert (Irvin et al. 2019, Stanford), under the publisher's research use agreement; adults.

`cxrdesk.training.prepare` makes them.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Projection, View

SPLITS = {"train": 70, "tune": 15, "report": 15}
"""Shares of the patients in per cent: networks learn on train, choices are made on tune, figures quoted from report."""

CHILD_YEARS = 3.0
"""Middle of the 1 to 5 years that the Kermany films are published as; single ages are not published."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One film of a data set.

    Parameters
    ----------
    patient : str
        Key of the patient within the data set; all of a patient's films share one split.
    labels : dict of int
        Finding key to 1 (present) or 0 (absent).
    family : str
        Origin within the data set, for folds that leave a source out.
    study : str
        Key of the study among the patient's; films of one study may be seen together, those without a key never.
    mask : Path or None
        Picture of the lungs' true outline, brighter than half inside.
    finding_masks : dict of Path
        Finding key to a picture of where it truly is on this film; empty where nobody drew that.
    trainable : bool
        Whether the film's licence lets shipped weights be trained on it.
    uncertain : frozenset of str
        Findings that the film's reader was not sure of; `labels` has none for them.
    """

    path: Path
    dataset: str
    patient: str
    view: View
    labels: dict[str, int] = field(default_factory=dict)
    age_years: float | None = None
    sex: str | None = None
    family: str = ""
    study: str = ""
    mask: Path | None = None
    finding_masks: dict[str, Path] = field(default_factory=dict)
    trainable: bool = True
    uncertain: frozenset[str] = frozenset()

    @property
    def split(self) -> str:
        """``"train"``, ``"tune"`` or ``"report"``, from a hash of the patient: stable when films are added."""
        place = _place(f"{self.dataset}:{self.patient}", 100)
        return "train" if place < SPLITS["train"] else "tune" if place < SPLITS["train"] + SPLITS["tune"] else "report"


def _place(text: str, of: int) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % of


def kermany(data: Path) -> list[Row]:
    """Paediatric films with or without pneumonia, with lung masks where drawn.

    Families are ``IM`` and ``NORMAL2-IM`` for normal films and ``person0`` to ``person2`` (number modulo 3) for the
    others. Normal films of one number count as one patient in both families.
    """
    rows = []
    for path in _films(data / "kermany", "*/*.jpeg"):
        told = kermany_patient(path.name)
        if told is None:
            raise UserError("unknown-name", f"{path.name} does not name its patient as the data set's films do")
        patient, family = told
        mask = data / "kermany_lungs" / f"{path.stem}.png"
        rows.append(
            Row(
                path=path,
                dataset="kermany",
                patient=patient,
                family=family,
                view=View(body_part="chest", projection=Projection.AP),
                labels={"pneumonia": int(path.parent.name == "PNEUMONIA")},
                age_years=CHILD_YEARS,
                mask=mask if mask.is_file() else None,
            )
        )
    return rows


def kermany_patient(name: str) -> tuple[str, str] | None:
    """Patient and family that a film's file name tells; None for a name that is not of that data set."""
    if match := re.match(r"person(\d+)_", name):
        return f"person{int(match[1])}", f"person{int(match[1]) % 3}"
    if match := re.match(r"(NORMAL2-IM|IM)-(\d+)-", name):
        return f"normal{int(match[2])}", match[1]
    return None


def adult_lungs(data: Path) -> list[Row]:
    """Adult frontal films with lung masks; trainable only where the image's own licence is CC BY."""
    rows = []
    for item in _table(
        data / "adult_lungs" / "index.csv", {"stem", "patient_id", "age", "sex", "view", "image_licence"}
    ):
        stem = item["stem"]
        path = next((data / "adult_lungs" / "images").glob(f"{stem}.*"), None)
        if path is None:
            raise UserError("missing-film", f"index.csv of adult_lungs lists {stem}, but the images folder lacks it")
        rows.append(
            Row(
                path=path,
                dataset="adult_lungs",
                patient=item["patient_id"],
                view=View(body_part="chest", projection=_projection(item["view"])),
                age_years=float(item["age"]) if item["age"] else None,
                sex=item["sex"] or None,
                mask=data / "adult_lungs" / "masks" / f"{stem}.png",
                trainable=item["image_licence"].strip() in ("CC BY 3.0", "CC BY 4.0"),
            )
        )
    return rows


def nih(data: Path) -> list[Row]:
    """Frontal films of the NIH sample with its 14 text-mined labels."""
    rows = []
    for item in _table(data / "nih" / "labels.csv", {"file", "patient_id", "age", "sex", "view"}):
        names = list(item)[7:]
        rows.append(
            Row(
                path=data / "nih" / "images" / item["file"],
                dataset="nih",
                patient=item["patient_id"],
                view=View(body_part="chest", projection=_projection(item["view"])),
                labels={name.lower(): int(item[name]) for name in names},
                age_years=float(item["age"]) if item["age"] else None,
                sex=item["sex"],
            )
        )
    return rows


CHEXPERT_ABOUT = ("file", "patient", "study", "view", "age_years", "sex")
"""Columns of ``chexpert/labels.csv`` before those of findings."""


def chexpert(data: Path) -> list[Row]:
    """Frontal and lateral films of CheXpert, with what the reports say of each finding.

    A finding that a report does not mention is in neither `Row.labels` nor `Row.uncertain`. Families are ``train``
    (labels by text mining) and ``valid`` (by three radiologists). The agreement is for research that is not
    commercial, so no film counts as trainable.
    """
    rows = []
    for item in _table(data / "chexpert" / "labels.csv", set(CHEXPERT_ABOUT)):
        told = {name: value for name, value in item.items() if name not in CHEXPERT_ABOUT and value}
        rows.append(
            Row(
                path=data / "chexpert" / "images" / item["file"],
                dataset="chexpert",
                patient=item["patient"],
                study=item["study"],
                view=View(body_part="chest", projection=_projection(item["view"])),
                labels={name: int(value) for name, value in told.items() if value != "-1"},
                uncertain=frozenset(name for name, value in told.items() if value == "-1"),
                age_years=float(item["age_years"]) if item["age_years"] else None,
                sex=item["sex"] or None,
                family=item["file"].partition("/")[0],
                trainable=False,
            )
        )
    return rows


DATASETS: dict[str, Callable[[Path], list[Row]]] = {"kermany": kermany, "adult_lungs": adult_lungs, "nih": nih}


def _projection(text: str) -> Projection:
    word = text.split()[0].upper() if text else ""
    return {"AP": Projection.AP, "PA": Projection.PA, "L": Projection.LATERAL}.get(word, Projection.FRONTAL)


def _films(folder: Path, pattern: str) -> list[Path]:
    films = sorted(folder.glob(pattern))
    if not films:
        raise UserError("no-data", f"{folder} holds no films; --data must name the folder that holds the data sets")
    return films


def _table(path: Path, needed: set[str]) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if lacking := needed - set(rows.fieldnames or ()):
                text = f"{path} lacks the column {sorted(lacking)[0]}; --data must name the folder of the data sets"
                raise UserError("bad-table", text)
            return list(rows)
    except FileNotFoundError:
        raise UserError("no-data", f"{path} is missing; --data must name the folder that holds the data sets") from None
