"""``labels.csv`` as `cxrdesk.evaluation.labelled` reads it, from somebody's own table and films."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from cxrdesk.api.spec import parse_view
from cxrdesk.api.terms import FINDINGS
from cxrdesk.evaluation.datasets import DATASETS
from cxrdesk.evaluation.labelled import LABELS, NEEDED, OPTIONAL
from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.imaging.radiograph import Projection
from cxrdesk.imaging.reader import read_radiograph
from cxrdesk.training.prepare.download import Member
from cxrdesk.training.prepare.layout import Advance, Layout, Prepared
from cxrdesk.training.prepare.tables import Line, lines

NAME = "labelled"
_YES, _NO = ("1", "1.0", "true", "yes", "y"), ("0", "0.0", "false", "no", "n")
_SEXES = {"": "", "m": "M", "male": "M", "f": "F", "female": "F", "o": "O", "other": "O"}
_README = (
    "Source: films and a table given to 'cxrdesk data prepare csv'.",
    "Licence: that of these films.",
    "Done to the films: copied as they were; each is named after its line of the table. What a DICOM file says of its "
    "patient is still in it.",
)


def checked_columns(given: Sequence[str]) -> dict[str, str]:
    """Our column to the table's, from texts ``OURS=THEIRS``.

    Raises
    ------
    UserError
        ``usage``.
    """
    columns: dict[str, str] = {}
    for text in given:
        ours, sign, theirs = text.partition("=")
        if not (sign and theirs):
            raise UserError("usage", f"--map takes NAME=COLUMN, such as patient=PatientID, not {text!r}.")
        if ours not in (*NEEDED, *OPTIONAL, *FINDINGS):
            known = ", ".join((*NEEDED, *OPTIONAL, *FINDINGS))
            raise UserError("usage", f"--map knows no {ours!r}; known are {known}.")
        if ours in columns:
            raise UserError("usage", f"--map names {ours!r} twice; name one column for it.")
        columns[ours] = theirs
    if lacking := [name for name in NEEDED if name not in columns]:
        raise UserError("usage", f"--map {lacking[0]}=COLUMN is missing; it names the table's column.")
    if not any(name in FINDINGS for name in columns):
        raise UserError("usage", f"--map names no column of a finding; known findings are {', '.join(FINDINGS)}.")
    return columns


def prepare(
    members: Sequence[Member], table: Path, columns: Mapping[str, str], out: Path, *, resume: bool, advance: Advance
) -> list[Prepared]:
    """Copy films that can be read and write labels.csv.

    Parameters
    ----------
    columns : mapping of str
        As of `checked_columns`.

    Raises
    ------
    UserError
        ``no-data``, ``bad-table``, or as `Layout`.
    """
    if not table.is_file():
        raise UserError("no-data", f"{table} does not exist; --table names a CSV table")
    source = Member(name=table.name, size=table.stat().st_size, place=table)
    found = list(lines(source, list(columns.values())))
    rows = [_row(line, columns) for line in found]
    _refuse_duplicates(found, columns["file"])
    films = {member.name: member for member in members}
    layout = Layout(out, NAME, resume=resume)
    written: list[list[str]] = []
    for done, (line, row) in enumerate(zip(found, rows, strict=True)):
        advance(done, len(found), "films")
        named = PurePosixPath(line[columns["file"]].replace("\\", "/")).as_posix()
        name = f"films/{line.number:06d}{_suffix(named)}"
        # The line, not the file: a site's file names may tell a patient's name.
        told = f"line {line.number} of {table.name}"
        if layout.add(name, told, partial(_copied, films.get(named))):
            written.append([name, *row])
    layout.write_table(LABELS, ("file", *(name for name in columns if name != "file")), written)
    return [layout.finish(_README, [LABELS])]


def _suffix(name: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    return suffix if suffix in (".png", ".jpg", ".jpeg", ".tif", ".tiff") else ".dcm"


def _copied(film: Member | None) -> bytes:
    if film is None:
        raise FilmError("missing-file", "No file of that name is in --from.")
    content = film.read()
    with TemporaryDirectory() as folder:
        copy = Path(folder, "film")
        copy.write_bytes(content)
        try:
            read_radiograph(copy)
        except FilmError as error:
            raise FilmError(error.code, f"It cannot be read as a film ({error.code}).") from error
    return content


def _row(line: Line, columns: Mapping[str, str]) -> list[str]:
    return [_cell(line, ours, theirs) for ours, theirs in columns.items() if ours != "file"]


def _cell(line: Line, ours: str, theirs: str) -> str:
    value = line[theirs]
    if ours in FINDINGS:
        if value.lower() in _YES:
            return "1"
        if value.lower() in _NO:
            return "0"
        raise line.bad(f"has {value!r} for {theirs}, not 0 or 1, true or false, yes or no")
    if ours == "patient" and not value:
        raise line.bad(f"has no {theirs}; every film needs its patient's key")
    if ours == "sex":
        if value.lower() not in _SEXES:
            raise line.bad(f"has {value!r} for {theirs}, not M, F, O or nothing")
        return _SEXES[value.lower()]
    if ours == "age_years":
        _check_age(line, theirs)
    if ours == "source" and value not in ("", *DATASETS):
        raise line.bad(f"has {value!r} for {theirs}; known are {', '.join(DATASETS)}, or nothing")
    if ours == "view":
        _check_view(line, theirs)
    return value


def _check_age(line: Line, column: str) -> None:
    if line[column] and not 0 <= line.number_in(column) < 150:
        raise line.bad(f"has {line[column]!r} for {column!r}, not a possible age in years")


def _check_view(line: Line, column: str) -> None:
    view = line[column].lower()
    try:
        if "-" in view:
            parse_view(view)
        elif view:
            Projection(view)
    except ValueError:
        known = ", ".join(Projection)
        raise line.bad(f"has {view!r} for {column}; known are {known}, also as chest-ap, or nothing") from None


def _refuse_duplicates(found: Sequence[Line], column: str) -> None:
    seen: dict[str, int] = {}
    for line in found:
        if not line[column]:
            raise line.bad(f"has no {column}; every line needs a film")
        first = seen.setdefault(line[column], line.number)
        if first != line.number:
            raise line.bad(f"names the same film as line {first}; each film counts once, take one out")
