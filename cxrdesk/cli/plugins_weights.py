"""``cxrdesk plugins weights``: detectors from weights that the user already has."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated

import typer

GROUP = "cxrdesk.weights"
"""Entry points that name ``import_weights(file, folder, name)`` of a plugin, which returns the bundle's folder."""

app = typer.Typer(help="Weights that you already have.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _weights() -> None:
    pass


@app.command("import")
def import_file(
    file: Annotated[
        Path, typer.Argument(help="The file of weights; it is read, never run.", exists=True, dir_okay=False)
    ],
    name: Annotated[
        str | None, typer.Option("--as", help="Which published weights it holds, where the file does not say so.")
    ] = None,
    plugin: Annotated[str | None, typer.Option("--plugin", help="The plugin that reads it, where several can.")] = None,
) -> None:
    """Convert weights into a bundle in your own data folder, and list the detector that it makes."""
    from cxrdesk.api import DetectorSpec, imported_folder
    from cxrdesk.cli.console import stdout_kept_clean

    entry = importer(plugin)
    folder = imported_folder(entry.dist.name if entry.dist is not None else entry.name)
    with stdout_kept_clean():
        folder.mkdir(parents=True, exist_ok=True)
        spec = DetectorSpec.from_bundle(entry.load()(file, folder, name))
    typer.echo(f"{spec.id}: {spec.looks_for}")
    typer.echo(f"Trained on {spec.trained_on}.")
    typer.echo(f"Licence: {spec.licence}.")
    if any(point.weights_sha256 != spec.weights_sha256 for point in spec.operating_points):
        typer.echo("These are not known to be the published weights: scores are shown without a call.")


def importer(plugin: str | None) -> EntryPoint:
    """The importer of that plugin, or the only one.

    Raises
    ------
    UserError
        ``no-plugin`` or ``unknown-name``.
    """
    from cxrdesk.imaging.errors import UserError

    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    if not known:
        raise UserError("no-plugin", "No installed plugin imports weights; install one, for instance cxrdesk-xrv.")
    if plugin is None and len(known) == 1:
        return next(iter(known.values()))
    if plugin not in known:
        text = f"There is no plugin {plugin!r} that imports" if plugin else "Say by --plugin which plugin imports"
        raise UserError("unknown-name", f"{text} weights; known are {', '.join(sorted(known))}.")
    return known[plugin]
