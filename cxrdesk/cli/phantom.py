"""``cxrdesk phantom``: simulated films with known truth."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cxrdesk.cli import quick

if TYPE_CHECKING:
    from cxrdesk.imaging.phantom.batch import Order


class FileFormat(StrEnum):
    """How films are written."""

    DICOM = "dicom"
    PNG = "png"
    BOTH = "both"


def phantom(
    out: Annotated[
        str | None,
        typer.Option(help="Folder for films, masks, labels.csv and truth.json, which evaluate takes.", metavar="DIR"),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="chest-pa, chest-ap, chest-lateral, hand, hip; child-ap, child-lateral; or neck-ap. Kinds that one"
            " person can have may be repeated: each patient gets one film of each."
        ),
    ] = None,
    finding: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME or NAME=SEVERITY (above 0, at most 1; drawn where not given); may be repeated. An"
            " unknown name lists the known ones."
        ),
    ] = None,
    prevalence: Annotated[float, typer.Option(help="Probability that a patient has a finding, for each.")] = 1.0,
    count: Annotated[int, typer.Option(help="Number of patients.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Equal seeds give equal films.", min=0)] = 0,
    size: Annotated[int, typer.Option(help="Rows and columns.")] = 512,
    variant: Annotated[str, typer.Option(help="Randomisation: mild, varied, strong, or one of --ranges.")] = ("mild"),
    ranges: Annotated[
        Path | None, typer.Option(help="Another file of ranges (TOML).", exists=True, dir_okay=False)
    ] = None,
    written: Annotated[FileFormat, typer.Option("--format", help="dicom, png or both.")] = FileFormat.DICOM,
    gallery: Annotated[
        str | None, typer.Option(help="Draw a contact sheet (.png or .jpg), a new file.", metavar="FILE")
    ] = None,
    beside: Annotated[
        Path | None,
        typer.Option(help="Folder of other films to draw beside them in the gallery.", exists=True, file_okay=False),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0 for one on each core.", min=0)] = 0,
) -> None:
    """Compute synthetic films with their masks and truth. They show that machinery works, nothing about a patient."""
    from cxrdesk.cli import output
    from cxrdesk.cli.progress import progress
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.imaging.phantom.batch import Order, produce, recorded
    from cxrdesk.imaging.phantom.gallery import real_films, write_gallery
    from cxrdesk.imaging.phantom.ranges import load_ranges

    if out is None and gallery is None:
        raise UserError("usage", "Nothing is asked for: give --out DIR, --gallery FILE, or both.")
    if beside is not None and gallery is None:
        raise UserError("usage", "--beside needs --gallery FILE to draw in.")
    order = Order(
        kinds=tuple(dict.fromkeys(kind or ["chest-pa"])),  # type: ignore[arg-type]
        findings=tuple(_asked(text) for text in finding or ()),
        prevalence=prevalence,
        variant=variant,
        ranges=ranges,
        size=size,
        seed=seed,
    )
    load_ranges(variant, ranges)
    formats: list[Literal["dicom", "png"]] = [one for one in ("dicom", "png") if written in (one, FileFormat.BOTH)]
    total = count * len(order.kinds)
    # Everything that can be refused is, before hours of computing.
    sheet = _sheet(gallery, total) if gallery is not None else None
    others = real_films(beside, total, seed) if beside is not None else []
    folder = _folder(out, order, count, formats) if out is not None else None
    rows = produce(order, count, folder, formats=formats, workers=workers or os.cpu_count() or 1)
    thumbnails = []
    try:
        with progress() as advance:
            for done, row in enumerate(rows if folder is None else recorded(rows, order, folder), start=1):
                if sheet is not None:
                    thumbnails.append(row.thumbnail)
                advance(done, total, "films")
        if sheet is not None:
            write_gallery(sheet, thumbnails, others)
    except OSError as error:
        raise output.not_written(folder or Path(str(gallery)).parent, error) from None
    for made in (folder, sheet):
        if made is not None:
            typer.echo(str(made))


def _sheet(named: str, films: int) -> Path:
    """The gallery's file, which nobody has written yet."""
    from cxrdesk.cli import output
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.imaging.phantom.gallery import FORMATS, MOST

    path = Path(named)
    if path.suffix.lower() not in FORMATS:
        raise UserError("usage", f"The gallery {path.name!r} must be a .png or .jpg file.")
    if films > MOST:
        raise UserError("usage", f"A gallery holds {MOST} films, not {films}; ask for fewer, or leave it out.")
    if quick.there(named):
        raise UserError("usage", f"{path} exists already; name another file for --gallery.")
    output.checked_folder(str(path.parent), option="--gallery")
    return path


def _folder(named: str, order: Order, count: int, formats: Sequence[Literal["dicom", "png"]]) -> Path:
    """The films' folder, which holds none of what is going to be written, on a disk that is large enough."""
    from cxrdesk.cli import output
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.imaging.phantom.batch import least_bytes

    if held := [name for name in ("films", "masks", "labels.csv", "truth.json") if _taken(Path(named) / name)]:
        raise UserError("usage", f"{named} holds {' and '.join(held)} already; name another folder for --out.")
    disk = next(path for path in (Path(named).absolute(), *Path(named).absolute().parents) if quick.there(str(path)))
    needed, free = least_bytes(order, count, formats), shutil.disk_usage(disk).free
    if needed > free:
        told = f"The films need {needed / 1e9:.3g} GB or more, and {disk} has {free / 1e9:.3g} GB free"
        raise UserError("usage", f"{told}; ask for fewer or smaller films, or for --format png.")
    return output.checked_folder(named)


def _taken(path: Path) -> bool:
    """Whether there is a file, or a folder that holds something."""
    return quick.there(str(path)) and not (path.is_dir() and not any(path.iterdir()))


def _asked(text: str) -> tuple[str, float | None]:
    """NAME or NAME=SEVERITY."""
    from cxrdesk.imaging.errors import UserError

    name, sign, number = text.partition("=")
    if not sign:
        return name, None
    try:
        return name, float(number)
    except ValueError:
        raise UserError("usage", f"The severity of {name} must be a number, not {number!r}.") from None
