"""``kermany_lungs`` and ``adult_lungs``: V7 Labs' outlines of lungs, for the films that they were drawn on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from cxrdesk.evaluation.datasets import kermany_patient
from cxrdesk.imaging.errors import FilmError, UserError
from cxrdesk.training.prepare.darwin import Outlines, outlines
from cxrdesk.training.prepare.download import Member
from cxrdesk.training.prepare.films import as_jpeg, as_mask_png, fitting, read_film
from cxrdesk.training.prepare.kermany import SHAPE
from cxrdesk.training.prepare.layout import Advance, Layout, Prepared
from cxrdesk.training.prepare.tables import Line, lines, needed

KERMANY, ADULT = "kermany_lungs", "adult_lungs"
LONGEST = 512
ADULT_YEARS = 18
INDEX = ("stem", "original_file", "patient_id", "age", "sex", "view", "finding", "image_licence")
_VIEWS = ("PA", "AP", "AP Supine", "AP Erect")
_NEEDED = ("patientid", "sex", "age", "finding", "view", "modality", "filename", "license")
_ASPECT = 0.01
_MASKS = (
    "Source of the outlines: V7 Labs COVID-19 X-ray dataset, https://github.com/v7labs/covid-19-xray-dataset",
    "Licence of the outlines: CC BY 4.0",
    "Done to the outlines: both lungs filled, the part behind the heart included; 1-bit PNG of the film's size.",
)
_FILMS = (
    "Source of the films: Cohen, Morrison, Dao 2020, COVID-19 image data collection, "
    "https://github.com/ieee8023/covid-chestxray-dataset",
    "Licence of the films: one for each, image_licence in index.csv; many are not commercial, blank means unknown.",
    f"Done to the films: frontal films of adults or of unknown age with outlines; gray levels, longest side {LONGEST}, "
    "JPEG.",
)


def prepare_kermany(members: Sequence[Member], out: Path, *, resume: bool, advance: Advance) -> list[Prepared]:
    """Write a mask for each film of the Kermany data set that was outlined.

    Raises
    ------
    UserError
        ``no-data``, or as `Layout`.
    """
    layout = Layout(out, KERMANY, resume=resume)
    files = _json_files(members)
    for done, (member, found) in enumerate(outlines(files)):
        advance(done, len(files), "outlines")
        if isinstance(found, FilmError):
            layout.leave_out(member.name, found.code, found.text)
        elif kermany_patient(found.film) is not None:
            name = f"{PurePosixPath(found.film).stem}.png"
            layout.add(name, member.name, partial(_mask, found, SHAPE))
    return [layout.finish(_MASKS)]


def prepare_adult(members: Sequence[Member], out: Path, *, resume: bool, advance: Advance) -> list[Prepared]:
    """Write films and masks of adults with index.csv.

    Raises
    ------
    UserError
        ``no-data``, ``bad-table``, or as `Layout`.
    """
    table = needed(members, "metadata.csv")
    listed = {line["filename"]: line for line in lines(table, _NEEDED) if _is_wanted(line)}
    films = {member.parts[-1]: member for member in members if member.parts[-2:-1] == ("images",)}
    layout = Layout(out, ADULT, resume=resume)
    drawn: dict[str, Outlines] = {}
    for member, found in outlines(_json_files(members)):
        if isinstance(found, FilmError):
            layout.leave_out(member.name, found.code, found.text)
        elif found.film in listed:
            drawn[found.film] = found
    rows: list[list[object]] = []
    for number, name in enumerate(sorted(drawn)):
        advance(number, len(drawn), "films")
        stem = f"covid_{number:04d}"
        if _add(layout, stem, name, films.get(name), drawn[name]):
            line = listed[name]
            about = (line["patientid"], _age_text(line), line["sex"], line["view"], line["finding"], line["license"])
            rows.append([stem, name, *about])
    layout.write_table("index.csv", INDEX, rows)
    return [layout.finish((*_FILMS, *_MASKS), ["index.csv"], films=len(rows))]


def _json_files(members: Sequence[Member]) -> list[Member]:
    files = [member for member in members if member.name.lower().endswith(".json")]
    if not files:
        text = "--from holds no JSON file of an outline; name all-images.zip of V7 Labs, or its folder"
        raise UserError("no-data", text)
    return files


def _is_wanted(line: Line) -> bool:
    age = _age(line)
    return line["modality"] == "X-ray" and line["view"] in _VIEWS and (age is None or age >= ADULT_YEARS)


def _age(line: Line) -> float | None:
    return line.number_in("age") if line["age"] else None


def _age_text(line: Line) -> str:
    age = _age(line)
    return "" if age is None else f"{age:g}"


def _add(layout: Layout, stem: str, name: str, film: Member | None, drawn: Outlines) -> bool:
    """Film and mask, or neither."""
    try:
        if film is None:
            raise FilmError("missing-file", "No folder named images of the download holds it.")
        pixels = read_film(film)
        rows, cols = pixels.shape
        if abs(rows * drawn.shape[1] / (cols * drawn.shape[0]) - 1) > _ASPECT:
            raise FilmError("other-film", "Its outline was drawn on a film of another shape.")
    except FilmError as error:
        return layout.leave_out(name, error.code, error.text)
    shape = fitting((rows, cols), LONGEST)
    layout.add(f"masks/{stem}.png", name, partial(_mask, drawn, shape))
    return layout.add(f"images/{stem}.jpg", name, partial(as_jpeg, pixels, shape, quality=90))


def _mask(drawn: Outlines, shape: tuple[int, int]) -> bytes:
    return as_mask_png(drawn.mask(shape))
