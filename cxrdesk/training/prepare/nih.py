"""``nih``: Data_Entry_2017.csv or its version of 2020, images_*/, BBox_List_2017.csv and the two lists of the split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from cxrdesk.imaging.errors import FilmError
from cxrdesk.training.prepare.choice import Choice
from cxrdesk.training.prepare.download import Member
from cxrdesk.training.prepare.films import as_jpeg, read_film
from cxrdesk.training.prepare.layout import Advance, Layout, Prepared
from cxrdesk.training.prepare.tables import Line, find, lines, needed

NAME = "nih"
SIDE = 512
PUBLISHED_SIDE = 1024
"""Of the published pictures, in whose pixels the boxes are."""
FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
    "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
)  # fmt: skip
ABOUT = ("file", "patient_id", "official_split", "age", "sex", "view", "spacing_mm")
BOX = ("file", "label", "source", "x", "y", "w", "h")
_NONE = "No Finding"
_TABLES = ("Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
_BOXES = "BBox_List_2017.csv"
_SPLITS = {"train_val_list.txt": "train_val", "test_list.txt": "test"}
# The publisher's own heads of tables have commas within their brackets.
_WIDTH, _SPACING = "OriginalImage[Width", "OriginalImagePixelSpacing[x"
_CORNERS = ("Bbox [x", "y", "w", "h]")
_NEEDED = (
    "Image Index", "Finding Labels", "Patient ID", "Patient Age", "View Position", _WIDTH, _SPACING,
)  # fmt: skip
_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}
_OLDEST_YEARS = 120
_README = (
    "Source: NIH Clinical Center ChestX-ray14 (Wang et al. 2017, ChestX-ray8, CVPR), "
    "https://nihcc.app.box.com/v/ChestXray-NIHCC",
    "Licence: free use; name the NIH Clinical Center as the provider, link to the download, and cite the paper.",
    f"Done to the films: gray levels, {SIDE} x {SIDE}, JPEG; spacing_mm is the original's along a row, for that size.",
    "Done to the tables: one column for each label; ages above 120 years, which are errors, are empty; boxes are "
    "relative to the film.",
)


def prepare(members: Sequence[Member], out: Path, choice: Choice, *, resume: bool, advance: Advance) -> list[Prepared]:
    """Write films, labels.csv and, where the download has them, boxes.csv.

    Raises
    ------
    UserError
        ``no-data``, ``bad-table``, or as `Layout`.
    """
    table = needed(members, *_TABLES)
    every = [(line, _patient(line), line["Image Index"]) for line in lines(table, _NEEDED)]
    wanted = choice.of(every)
    splits = _splits(members)
    labels = [_labels(line, patient, splits) for line, patient, _ in wanted]
    boxes = _boxes(members)
    pictures = {member.parts[-1]: member for member in reversed(members) if member.name.lower().endswith(".png")}
    layout = Layout(out, NAME, resume=resume)
    rows, kept = [], set()
    for done, ((_, _, name), row) in enumerate(zip(wanted, labels, strict=True)):
        advance(done, len(wanted), "films")
        if layout.add(f"images/{row[0]}", name, partial(_picture, pictures.get(name))):
            rows.append(row)
            kept.add(row[0])
    layout.write_table("labels.csv", (*ABOUT, *FINDINGS), rows)
    tables = ["labels.csv"]
    if boxes is not None:
        layout.write_table("boxes.csv", BOX, [box for box in boxes if box[0] in kept])
        tables.append("boxes.csv")
    return [layout.finish(_README, tables)]


def _picture(member: Member | None) -> bytes:
    if member is None:
        raise FilmError("missing-file", "No folder of the download holds it.")
    return as_jpeg(read_film(member), (SIDE, SIDE), quality=90)


def _file(name: str) -> str:
    return f"{PurePosixPath(name).stem}.jpg"


def _patient(line: Line) -> str:
    number = line["Patient ID"]
    if not re.fullmatch(r"[0-9]{1,8}", number):
        raise line.bad(f"has {number!r} for Patient ID, not a number")
    return f"{int(number):08d}"


def _labels(line: Line, patient: str, splits: dict[str, str]) -> list[object]:
    name, told = line["Image Index"], set(line["Finding Labels"].split("|")) - {_NONE, ""}
    if unknown := told - set(FINDINGS):
        raise line.bad(f"has an unknown finding {sorted(unknown)[0]!r}")
    if not re.fullmatch(r"[^/\\]+\.png", name):
        raise line.bad(f"has {name!r} for Image Index, not the name of a PNG file")
    sex = line.cells.get("Patient Gender") or line.cells.get("Patient Sex") or ""
    if sex not in ("M", "F", ""):
        raise line.bad(f"has {sex!r} for the sex, not M or F")
    about = (_file(name), patient, splits.get(name, ""), _age(line), sex, line["View Position"], _spacing(line))
    return [*about, *(int(finding in told) for finding in FINDINGS)]


def _age(line: Line) -> str:
    """Years of ``"58"``, ``"058Y"`` or ``"009M"``; empty above any age."""
    match = re.fullmatch(r"([0-9]{1,4})([YMWD]?)", line["Patient Age"])
    if match is None:
        raise line.bad(f"has {line['Patient Age']!r} for Patient Age, not years as 58 or 058Y")
    years = int(match[1]) * _YEARS[match[2] or "Y"]
    return f"{round(years, 2):g}" if years <= _OLDEST_YEARS else ""


def _spacing(line: Line) -> str:
    return f"{line.number_in(_SPACING) * line.number_in(_WIDTH) / SIDE:.4f}"


def _splits(members: Sequence[Member]) -> dict[str, str]:
    found: dict[str, str] = {}
    for file, split in _SPLITS.items():
        if member := find(members, file):
            found |= dict.fromkeys(member.read().decode("utf-8-sig", "replace").split(), split)
    return found


def _boxes(members: Sequence[Member]) -> list[list[str]] | None:
    member = find(members, _BOXES)
    if member is None:
        return None
    boxes = []
    for line in lines(member, ("Image Index", "Finding Label", *_CORNERS)):
        corners = [f"{line.number_in(name) / PUBLISHED_SIDE:.4f}" for name in _CORNERS]
        boxes.append([_file(line["Image Index"]), line["Finding Label"], "nih", *corners])
    return boxes
