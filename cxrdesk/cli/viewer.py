"""``cxrdesk open`` and ``cxrdesk demo``: the window."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cxrdesk.cli import quick


def open_films(
    files: Annotated[
        list[str] | None, typer.Argument(help="Films, folders or DICOMDIR files.", metavar="FILE...")
    ] = None,
) -> None:
    """Open films in the viewer; 'open' may be left out."""
    from cxrdesk.cli import choices

    raise typer.Exit(quick.open_window(choices.checked_paths(files or [])))


def demo(
    out: Annotated[
        Path,
        typer.Option(
            help="Folder for screenshots, report.json and report.csv, written where there is no display."
            " Default: cxrdesk-demo in the current folder.",
            file_okay=False,
            show_default=False,
        ),
    ] = Path("cxrdesk-demo"),
) -> None:
    """Open the bundled sample studies (simulated films); without a display, do the same off screen."""
    from cxrdesk.app import run_demo

    raise typer.Exit(run_demo(out))
