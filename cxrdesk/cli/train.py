"""``cxrdesk train``: recipes of plugins, and the application's own."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Annotated, Any

import typer

GROUP = "cxrdesk.recipes"
OWN = {"film-check": "cxrdesk.training.film_check:train"}
"""The application's own recipes."""
EXTRA_MODULES = ("lightning", "matplotlib", "onnx", "sklearn", "scipy", "timm", "torch", "torchvision")
"""What the extra ``train`` brings."""

Recipe = Callable[..., Any]


def train(
    name: Annotated[str, typer.Argument(help="The recipe; an unknown name lists the known ones.")],
    data: Annotated[Path, typer.Option(help="Folder that holds the data sets.", exists=True, file_okay=False)],
    out: Annotated[str, typer.Option(help="Folder for the bundle and what is kept to go on later.", metavar="FOLDER")],
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps or xpu.")] = "auto",
) -> None:
    """Train a model by its recipe, measure it, and write its bundle."""
    from cxrdesk.cli import choices, output

    recipe = find_recipe(name)
    folder, used = output.checked_folder(out), choices.checked_device(device)
    with needing_extra("Training"):
        written = recipe()(data, folder, device=used)
    typer.echo(str(written if isinstance(written, Path) else folder))


def find_recipe(name: str) -> Callable[[], Recipe]:
    """What loads the recipe of that name.

    Raises
    ------
    UserError
        ``unknown-name``, with the names that are known.
    """
    from cxrdesk.imaging.errors import UserError

    known = {entry.name: entry for entry in entry_points(group=GROUP)}
    known |= {own: EntryPoint(name=own, value=value, group=GROUP) for own, value in OWN.items()}
    if name not in known:
        raise UserError("unknown-name", f"There is no recipe {name!r}; known are {', '.join(sorted(known))}.")
    entry = known[name]
    return entry.load


class needing_extra:  # noqa: N801 - a context manager, read as a verb
    """Turns a missing package of the extra ``train`` into one sentence."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        return

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        from cxrdesk.imaging.errors import UserError

        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in EXTRA_MODULES:
            text = f"{self.what} needs {error.name}, which is not installed; run: pip install 'cxrdesk[train]'"
            raise UserError("missing-extra", text) from None
