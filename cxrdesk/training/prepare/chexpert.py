"""``chexpert``: CheXpert-v1.0-small or CheXpert-v1.0 with train.csv and valid.csv."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from cxrdesk.evaluation.datasets import CHEXPERT_ABOUT
from cxrdesk.imaging.errors import FilmError
from cxrdesk.training.prepare.choice import Choice
from cxrdesk.training.prepare.download import Member
from cxrdesk.training.prepare.films import as_jpeg, fitting, read_film
from cxrdesk.training.prepare.layout import Advance, Layout, Prepared
from cxrdesk.training.prepare.tables import Line, find, lines, needed

NAME = "chexpert"
LONGEST = 512
OBSERVATIONS = {
    "No Finding": "no_finding",
    "Enlarged Cardiomediastinum": "enlarged_cardiomediastinum",
    "Cardiomegaly": "cardiomegaly",
    "Lung Opacity": "lung_opacity",
    "Lung Lesion": "lung_lesion",
    "Edema": "edema",
    "Consolidation": "consolidation",
    "Pneumonia": "pneumonia",
    "Atelectasis": "atelectasis",
    "Pneumothorax": "pneumothorax",
    "Pleural Effusion": "effusion",
    "Pleural Other": "pleural_other",
    "Fracture": "fracture",
    "Support Devices": "support_devices",
}
"""The publisher's column to ours."""
_ABOUT = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA")
_VALUES = {"1.0": "1", "1": "1", "0.0": "0", "0": "0", "-1.0": "-1", "-1": "-1", "": ""}
_SEXES = {"Female": "F", "Male": "M", "Unknown": "", "": ""}
_SIDES = ("Frontal", "Lateral")
_PATH = re.compile(r"(?:.*/)?((train|valid)/(patient\d+)/(study\d+)/view\d+_(?:frontal|lateral)\.jpg)")
_README = (
    "Source: CheXpert (Irvin et al. 2019, AAAI), Stanford University School of Medicine, "
    "https://stanfordaimi.azurewebsites.net",
    "Licence: Stanford University Dataset Research Use Agreement; research that is not commercial, no passing on.",
    f"Done to the films: kept as published where the longer side has at most {LONGEST} pixels; else that size, JPEG.",
    "Done to the tables: 1 present, 0 absent, -1 uncertain, empty not mentioned, as published; an age of 0, which "
    "stands for unknown, is empty.",
)


def prepare(members: Sequence[Member], out: Path, choice: Choice, *, resume: bool, advance: Advance) -> list[Prepared]:
    """Write films and labels.csv.

    Raises
    ------
    UserError
        ``no-data``, ``bad-table``, or as `Layout`.
    """
    every = [(line, _path(line)[3], line["Path"]) for line in _lines(members)]
    wanted = [line for line, _, _ in choice.of(every)]
    labels = [_labels(line) for line in wanted]
    pictures = {match[1]: member for member in reversed(members) if (match := _PATH.fullmatch(member.name))}
    layout = Layout(out, NAME, resume=resume)
    rows = []
    for done, row in enumerate(labels):
        advance(done, len(labels), "films")
        if layout.add(f"images/{row[0]}", row[0], partial(_picture, pictures.get(row[0]))):
            rows.append(row)
    layout.write_table("labels.csv", (*CHEXPERT_ABOUT, *OBSERVATIONS.values()), rows)
    return [layout.finish(_README, ["labels.csv"])]


def _lines(members: Sequence[Member]) -> Iterator[Line]:
    """Of both tables; the 234 films of valid.csv may be missing."""
    columns = (*_ABOUT, *OBSERVATIONS)
    yield from lines(needed(members, "train.csv"), columns)
    if valid := find(members, "valid.csv"):
        yield from lines(valid, columns)


def _picture(member: Member | None) -> bytes:
    if member is None:
        raise FilmError("missing-file", "The download does not hold it.")
    pixels = read_film(member)
    rows, cols = pixels.shape
    shape = fitting((rows, cols), LONGEST)
    return member.read() if shape == (rows, cols) else as_jpeg(pixels, shape, quality=90)


def _path(line: Line) -> re.Match[str]:
    match = _PATH.fullmatch(line["Path"])
    if match is None:
        raise line.bad(f"has {line['Path']!r} for Path, not train/patient.../study.../view..._frontal.jpg")
    return match


def _labels(line: Line) -> list[str]:
    path = _path(line)
    about = [path[1], path[3], path[4], _view(line), _age(line), _one_of(line, "Sex", _SEXES)]
    return [*about, *(_one_of(line, column, _VALUES) for column in OBSERVATIONS)]


def _one_of(line: Line, column: str, known: dict[str, str]) -> str:
    if line[column] not in known:
        raise line.bad(f"has {line[column]!r} for {column}; known are {', '.join(filter(None, known))}, or nothing")
    return known[line[column]]


def _view(line: Line) -> str:
    """``"AP"``, ``"PA"``, ``"L"``, or nothing for a frontal film of unknown direction."""
    side = line["Frontal/Lateral"]
    if side not in _SIDES:
        raise line.bad(f"has {side!r} for Frontal/Lateral")
    return "L" if side == "Lateral" else line["AP/PA"] if line["AP/PA"] in ("AP", "PA") else ""


def _age(line: Line) -> str:
    age = line["Age"]
    if not re.fullmatch(r"[0-9]{0,3}", age):
        raise line.bad(f"has {age!r} for Age, not a number of years")
    return "" if age in ("", "0") else age
