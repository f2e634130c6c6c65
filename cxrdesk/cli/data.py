"""``cxrdesk data``: data sets from what their publishers let one download."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cxrdesk.cli import exits
from cxrdesk.cli.exits import Exit

if TYPE_CHECKING:
    from cxrdesk.training.prepare.download import Member
    from cxrdesk.training.prepare.layout import Advance, Prepared

app = typer.Typer(help="Data sets to train and evaluate on.", no_args_is_help=True, rich_markup_mode=None)


class Source(StrEnum):
    """Where films come from."""

    KERMANY = "kermany"
    KERMANY_LUNGS = "kermany-lungs"
    ADULT_LUNGS = "adult-lungs"
    NIH = "nih"
    CHEXPERT = "chexpert"
    CSV = "csv"


_CHOOSING = (Source.NIH, Source.CHEXPERT)


@app.callback()
def _data() -> None:
    pass


@app.command("prepare", epilog=exits.HELP)
def prepare(
    source: Annotated[Source, typer.Argument(help="The data set; csv for films and a table of your own.")],
    downloads: Annotated[
        list[Path],
        typer.Option("--from", help="What was downloaded: a folder or a zip file; may be repeated.", metavar="PATH"),
    ],
    out: Annotated[Path, typer.Option(help="Folder in which the data set's own folder is made.", file_okay=False)],
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that did not end.")] = False,
    first_patients: Annotated[
        int | None, typer.Option(help="nih, chexpert: only so many patients, in the order of the table.", min=1)
    ] = None,
    only: Annotated[
        Path | None, typer.Option(help="nih, chexpert: text file with the films wanted, one a line.", dir_okay=False)
    ] = None,
    table: Annotated[Path | None, typer.Option(help="csv: the table, in UTF-8.", dir_okay=False)] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="csv: the table's column for file, patient, a finding such as pneumonia, study, age_years, sex, view,"
            " body_part or source; may be repeated.",
            metavar="NAME=COLUMN",
        ),
    ] = None,
) -> None:
    """Build a data set's folder from the publisher's files; what cannot be read is left out. Nothing is downloaded."""
    from cxrdesk.cli.progress import progress
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.training.prepare.download import opened

    if source not in _CHOOSING and (first_patients is not None or only is not None):
        raise UserError("usage", f"--first-patients and --only are for {' and '.join(_CHOOSING)}, not for {source}.")
    if source is Source.CSV and (table is None or not columns):
        raise UserError("usage", "csv needs --table FILE and --map NAME=COLUMN for file, patient and a finding.")
    if source is not Source.CSV and (table is not None or columns):
        raise UserError("usage", f"--table and --map are for csv, not for {source}.")
    with progress() as advance, opened(downloads) as members:
        if table is not None:
            prepared = _own_films(members, table, columns or [], out, resume, advance)
        else:
            prepared = _published(source, members, out, resume, advance, first_patients, only)
    raise typer.Exit(_told(prepared))


def _own_films(
    members: list[Member], table: Path, columns: list[str], folder: Path, resume: bool, advance: Advance
) -> list[Prepared]:
    from cxrdesk.training.prepare import labelled_csv

    named = labelled_csv.checked_columns(columns)
    return labelled_csv.prepare(members, table, named, folder, resume=resume, advance=advance)


def _published(
    source: Source,
    members: list[Member],
    folder: Path,
    resume: bool,
    advance: Advance,
    first_patients: int | None,
    only: Path | None,
) -> list[Prepared]:
    from cxrdesk.training.prepare import chexpert, kermany, lungs, nih
    from cxrdesk.training.prepare.choice import Choice, names_in

    choice = Choice(first_patients=first_patients, names=names_in(only) if only is not None else None)
    if source is Source.NIH:
        return nih.prepare(members, folder, choice, resume=resume, advance=advance)
    if source is Source.CHEXPERT:
        return chexpert.prepare(members, folder, choice, resume=resume, advance=advance)
    whole = {
        Source.KERMANY: kermany.prepare,
        Source.KERMANY_LUNGS: lungs.prepare_kermany,
        Source.ADULT_LUNGS: lungs.prepare_adult,
    }
    return whole[source](members, folder, resume=resume, advance=advance)


def _told(prepared: list[Prepared]) -> Exit:
    from cxrdesk.cli.console import warn
    from cxrdesk.training.prepare.layout import LEFT_OUT

    ended = Exit.DONE
    for one in prepared:
        typer.echo(f"{one.folder}: {one.films} films")
        if one.left_out:
            reasons = ", ".join(f"{count} {code}" for code, count in sorted(one.left_out.items()))
            left = one.left_out.total()
            were = "film was" if left == 1 else "films were"
            warn(f"{left} {were} left out ({reasons}); {LEFT_OUT} in {one.folder} tells which and why.")
            ended = Exit.PARTLY
    return ended
