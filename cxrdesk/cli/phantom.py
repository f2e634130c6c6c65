"""``cxrdesk phantom``: simulated films with known truth."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class FileFormat(StrEnum):
    """How films are written."""

    DICOM = "dicom"
    PNG = "png"
    BOTH = "both"


def phantom(
    out: Annotated[
        Path | None, typer.Option(help="Folder for films, masks, labels.csv and truth.json.", file_okay=False)
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="chest-pa, chest-ap, chest-lateral, child-ap, child-lateral, neck-ap, hand or hip; may be"
            " repeated: each patient gets one film of each kind."
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
    variant: Annotated[str, typer.Option(help="Strength of the randomisation: mild, strong, or one of --ranges.")] = (
        "mild"
    ),
    ranges: Annotated[
        Path | None, typer.Option(help="Another file of ranges (TOML).", exists=True, dir_okay=False)
    ] = None,
    written: Annotated[FileFormat, typer.Option("--format", help="dicom, png or both.")] = FileFormat.DICOM,
    gallery: Annotated[Path | None, typer.Option(help="Draw a contact sheet (.png or .jpg).", dir_okay=False)] = None,
    beside: Annotated[
        Path | None,
        typer.Option(help="Folder of other films to draw beside them in the gallery.", exists=True, file_okay=False),
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes; 0 for one on each core.", min=0)] = 0,
) -> None:
    """Compute synthetic films with their masks and truth. They show that machinery works, nothing about a patient."""
    from cxrdesk.cli.progress import progress
    from cxrdesk.imaging.errors import UserError
    from cxrdesk.imaging.phantom.batch import Order, Row, produce, write_truth
    from cxrdesk.imaging.phantom.gallery import write_gallery
    from cxrdesk.imaging.phantom.randomise import load_ranges

    if out is None and gallery is None:
        raise UserError("usage", "Nothing is asked for: give --out DIR, --gallery FILE, or both.")
    if gallery is not None and gallery.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UserError("usage", f"The gallery {gallery.name} must be a .png or .jpg file.")
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
    if out is not None and (out / "labels.csv").exists():
        raise UserError("usage", f"{out} holds phantoms already; name another folder.")
    formats = tuple(one for one in ("dicom", "png") if written in (one, FileFormat.BOTH))
    rows: list[Row] = []
    total = count * len(order.kinds)
    with progress() as advance:
        for row in produce(order, count, out, formats=formats, workers=workers or os.cpu_count() or 1):  # type: ignore[arg-type]
            rows.append(row)
            advance(len(rows), total, "films")
    if out is not None:
        write_truth(rows, order, out)
        typer.echo(str(out))
    if gallery is not None:
        write_gallery(gallery, [row.thumbnail for row in rows], beside, seed=seed)
        typer.echo(str(gallery))


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
