"""Films of another site with their labels: a folder with ``labels.csv``, for external validation.

One line for each film, UTF-8, with these columns in any order:

``file``
    Path of the film within the folder: DICOM, PNG, JPEG or TIFF.
``patient``
    Any key; all films of a patient have the same. It appears in no report.
a finding key of `cxrdesk.api.terms.FINDINGS`, such as ``pneumonia``
    1 present, 0 absent; at least one such column.
``age_years``, ``sex``, ``view``, ``body_part``
    Where wanted; an empty cell leaves the film's own word. Sex is M, F or O; view is ``ap``, ``pa``, ``lateral``,
    ``frontal``, or with the body part ``chest-ap``.
``study``
    Any key: films of one patient with the same one are given together to detectors that take several films.
``source``
    Where a film was taken from a published data set that recipes train on (`cxrdesk.evaluation.datasets.DATASETS`):
    its key, with the patient's key there; patients that were trained or tuned on are then noticed, and the set does
    not count as another site's.

``masks/STEM-lungs.png`` and ``masks/STEM-FINDING.png`` beside the table, where they exist, are the true outline of the
lungs and of a finding on the film STEM. ``cxrdesk phantom`` writes such folders.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from cxrdesk.api.spec import parse_view
from cxrdesk.api.terms import FINDINGS
from cxrdesk.evaluation.datasets import DATASETS, Row
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.radiograph import Projection, View

LABELS = "labels.csv"
NEEDED = ("file", "patient")
OPTIONAL = ("study", "age_years", "sex", "view", "body_part", "source")
MASKS = "masks"


def is_labelled(data: Path) -> bool:
    """Whether a folder is such a data set."""
    return (data / LABELS).is_file()


def labelled(data: Path) -> dict[int, Row]:
    """The films of ``labels.csv`` by the number of their line; whether a film can be read shows when it is.

    Raises
    ------
    UserError
        In one sentence that names the line: ``"bad-table"`` for columns and cells, ``"duplicate-film"``,
        ``"leaking-patient"``; ``"no-data"`` where there is no line, or not one of the films exists.
    """
    path = data / LABELS
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            findings = _findings(path, reader.fieldnames or ())
            masks = {mask.name: mask for mask in (data / MASKS).glob("*.png")}
            rows = {}
            for item in reader:
                rows[reader.line_num] = _row(data, item, reader.line_num, findings, masks)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError("bad-table", f"{path} is no CSV table in UTF-8 ({error}); save it as such") from None
    if not rows:
        raise UserError("no-data", f"{path} has no line for a film; write one for each")
    _refuse_duplicates(rows)
    _refuse_leaks(rows)
    if masks:
        _refuse_namesakes(rows)
    if not any(row.path.is_file() for row in rows.values()):
        raise UserError("no-data", f"not one of the {len(rows)} films of {path} exists; 'file' is relative to {data}")
    return rows


def _findings(path: Path, columns: Sequence[str]) -> list[str]:
    if lacking := [name for name in NEEDED if name not in columns]:
        raise UserError("bad-table", f"{path} lacks the column {lacking[0]!r}; add it")
    if twice := [name for k, name in enumerate(columns) if name in columns[:k]]:
        raise UserError("bad-table", f"{path} has the column {twice[0]!r} twice; keep one")
    findings = [name for name in columns if name in FINDINGS]
    if unknown := [name for name in columns if name not in (*NEEDED, *OPTIONAL, *findings)]:
        known = ", ".join((*NEEDED, *OPTIONAL, *FINDINGS))
        raise UserError("bad-table", f"{path} has an unknown column {unknown[0]!r}; known are {known}")
    if not findings:
        text = f"{path} has no column of a finding, so that nothing can be measured; known findings are"
        raise UserError("bad-table", f"{text} {', '.join(FINDINGS)}")
    return findings


def _row(data: Path, item: dict[str, str | None], line: int, findings: list[str], masks: Mapping[str, Path]) -> Row:
    cells = {name: (item.get(name) or "").strip() for name in (*NEEDED, *OPTIONAL, *findings)}
    if None in item or any(value is None for value in item.values()):
        raise _bad(line, "has another number of cells than the first line has columns; correct it")
    for name in NEEDED:
        if not cells[name]:
            raise _bad(line, f"has no {name}; every film needs one")
    for name in findings:
        if cells[name] not in ("0", "1"):
            raise _bad(line, f"has {cells[name]!r} for {name}, not 0 or 1; label the film or take the line out")
    if cells["sex"] not in ("", "M", "F", "O"):
        raise _bad(line, f"has {cells['sex']!r} for sex, not M, F, O or nothing")
    if cells["source"] not in ("", *DATASETS):
        raise _bad(line, f"names the source {cells['source']!r}; known are {', '.join(DATASETS)}, or nothing")
    path = data / cells["file"]
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        pass  # That shows when the film is read.
    except (OSError, ValueError):
        raise _bad(line, "names a file that this computer cannot look for; correct it") from None
    drawn = {name: masks.get(f"{path.stem}-{name}.png") for name in findings}
    return Row(
        path=path,
        dataset=cells["source"] or "labelled",
        patient=cells["patient"],
        study=cells["study"],
        view=_view(cells, line),
        labels={name: int(cells[name]) for name in findings},
        age_years=_age(cells["age_years"], line),
        sex=cells["sex"] or None,
        mask=masks.get(f"{path.stem}-lungs.png"),
        finding_masks={name: mask for name, mask in drawn.items() if mask is not None},
        trainable=False,
    )


def _bad(line: int, what: str) -> UserError:
    return UserError("bad-table", f"line {line} of {LABELS} {what}")


def _age(text: str, line: int) -> float | None:
    if not text:
        return None
    try:
        years = float(text)
    except ValueError:
        years = math.nan
    if not 0 <= years < 150:
        raise _bad(line, f"has {text!r} for age_years, not a number of years or nothing")
    return years


def _view(cells: dict[str, str], line: int) -> View:
    view, part = cells["view"].lower(), cells["body_part"].lower() or None
    try:
        if "-" in view:
            return parse_view(view)
        return View(body_part=part, projection=Projection(view) if view else None)
    except ValueError:
        known = ", ".join(Projection)
        raise _bad(line, f"has {cells['view']!r} for view; known are {known}, also as chest-ap, or nothing") from None


def _refuse_duplicates(rows: dict[int, Row]) -> None:
    seen: dict[str, int] = {}
    for line, row in rows.items():
        first = seen.setdefault(os.path.realpath(row.path), line)
        if first != line:
            text = f"lines {first} and {line} of {LABELS} name the same file; each film counts once, take one out"
            raise UserError("duplicate-film", text)


def _refuse_namesakes(rows: dict[int, Row]) -> None:
    seen: dict[str, int] = {}
    for line, row in rows.items():
        first = seen.setdefault(row.path.stem, line)
        if first != line:
            raise _bad(line, f"names a film as line {first} does, so that its masks are unknown; rename one")


def _refuse_leaks(rows: dict[int, Row]) -> None:
    leaks = [line for line, row in rows.items() if row.dataset in DATASETS and row.split != "report"]
    if leaks:
        text = f"{len(leaks)} films of {LABELS}, the first in line {leaks[0]}, are of patients whom recipes train or"
        raise UserError("leaking-patient", f"{text} tune on; take these patients out")
