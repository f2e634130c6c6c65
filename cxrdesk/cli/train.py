"""``cxrdesk train``: recipes of plugins, and the application's own."""

from __future__ import annotations

import errno
import inspect
import json
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
RUN = "run.json"
"""Says which recipe a folder's training is of."""

Recipe = Callable[..., Any]


def train(
    name: Annotated[str, typer.Argument(help="The recipe; an unknown name lists the known ones.")],
    out: Annotated[str, typer.Option(help="Folder for the bundle and what is kept to go on later.", metavar="FOLDER")],
    data: Annotated[
        Path | None,
        typer.Option(help="Folder that holds the data sets, or films with a labels.csv.", exists=True, file_okay=False),
    ] = None,
    backbone_weights: Annotated[
        Path | None,
        typer.Option(
            help="A safetensors file of the backbone to start from; nothing is downloaded.", exists=True, dir_okay=False
        ),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the training in --out.")] = False,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps or xpu.")] = "auto",
    measure_only: Annotated[
        bool, typer.Option("--measure-only", help="Train nothing: measure the weights in the plugin's bundle.")
    ] = False,
) -> None:
    """Train a model by its recipe, measure it, and write its bundle.

    A training that was cut off, by Ctrl-C, a full disk or a power cut, goes on with --resume and ends with the weights
    that it would have had.
    """
    from cxrdesk.cli import choices, output, train_summary
    from cxrdesk.cli.console import warn
    from cxrdesk.imaging.errors import UserError

    load = find_recipe(name)
    used = choices.checked_device(device)
    options: dict[str, Any] = {"device": used}
    with needing_extra("Training"):
        recipe = load()
        if backbone_weights is not None:
            if "backbone_weights" not in inspect.signature(recipe).parameters:
                raise UserError("usage", f"{name} has no backbone to start from; leave out --backbone-weights.")
            options["backbone_weights"] = backbone_weights
        if measure_only:
            if "measure_only" not in inspect.signature(recipe).parameters:
                text = f"{name} cannot measure without training; its recipe's train takes no measure_only."
                raise UserError("usage", text)
            options["measure_only"] = True
        folder = output.checked_folder(out)
        begin(folder, name, resume=resume)
        try:
            written = recipe(data, folder, **options)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
                raise
            failed = output.not_written(folder, error)
            raise UserError(failed.code, f"{failed.text} Then go on with --resume.") from None
    made = written if isinstance(written, Path) else folder
    for told in train_summary.summary(made):
        warn(told)
    typer.echo(str(made))


def begin(folder: Path, name: str, *, resume: bool) -> None:
    """Mark a folder as of one recipe's training.

    Raises
    ------
    UserError
        ``usage``, if it holds a training and is not to go on, or another recipe's.
    """
    from cxrdesk.imaging.errors import UserError

    mark = folder / RUN
    others = any(path != mark for path in folder.iterdir())
    if not others or not mark.is_file():
        if others:
            raise UserError("usage", f"{folder} holds other files; choose an empty folder for --out.")
        mark.write_text(json.dumps({"recipe": name}) + "\n", encoding="utf-8")
        return
    try:
        earlier = str(json.loads(mark.read_text(encoding="utf-8"))["recipe"])
    except (ValueError, KeyError, TypeError):
        raise UserError("usage", f"{mark} is not understood; choose an empty folder for --out.") from None
    if earlier != name:
        raise UserError("usage", f"{folder} holds a training of {earlier}; choose another folder for --out.")
    if not resume:
        text = f"{folder} holds an earlier training of {name}; go on with it by --resume, or choose another folder."
        raise UserError("usage", text)


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
