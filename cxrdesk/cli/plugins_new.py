"""``cxrdesk plugins new``: a plugin that installs and passes at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def new(
    name: Annotated[str, typer.Argument(help="Lower-case words joined by hyphens, such as my-detector.")],
    onnx: Annotated[Path | None, typer.Option(help="Write it around this ONNX file.", dir_okay=False)] = None,
    torchscript: Annotated[
        Path | None,
        typer.Option(help="Write it around this TorchScript file, whose code is run: trust it first.", dir_okay=False),
    ] = None,
    segmenter: Annotated[bool, typer.Option("--segmenter", help="It outlines a structure.")] = False,
    out: Annotated[Path, typer.Option(help="Folder in which the plugin's own folder is made.", file_okay=False)] = (
        Path()
    ),
    finding: Annotated[
        list[str] | None,
        typer.Option(
            help="What it looks for: KEY, or KEY=OUTPUT of the file, counted from 0; may be repeated; pneumonia where"
            " not given. An unknown key lists the known ones."
        ),
    ] = None,
    structure: Annotated[str, typer.Option(help="What a segmenter outlines.")] = "lungs",
    outputs: Annotated[
        str, typer.Option(help="A segmenter's outputs that make up the structure, with commas between.")
    ] = "",
    size: Annotated[
        str, typer.Option(help="Rows and columns of the input, as 224x224, where the file leaves them open.")
    ] = "",
    channels: Annotated[
        int | None, typer.Option(help="Channels of the input, each the same grey values, where a file does not say.")
    ] = None,
    mean: Annotated[
        str, typer.Option(help="Subtracted from the film's grey values 0..1: one number, or one a channel.")
    ] = "",
    std: Annotated[str, typer.Option(help="Divided into what is left: one number, or one a channel.")] = "",
    percentiles: Annotated[str, typer.Option(help="Grey values that become 0 and 1, as 1,99 or 0,100.")] = "",
    answers: Annotated[
        str,
        typer.Option(
            help="What the file puts out: logits; probabilities; or classes, of which one is right and which are"
            " logits too."
        ),
    ] = "logits",
    maps: Annotated[str, typer.Option(help="How a file's saliency maps are made: occlusion or rise.")] = "occlusion",
    view: Annotated[
        list[str] | None,
        typer.Option(help="Films that it may see, as chest-frontal, chest-pa; may be repeated."),
    ] = None,
    ages: Annotated[str, typer.Option(help="Smallest age in years and the first that is too old, as 18,120.")] = "",
) -> None:
    """Write a complete plugin: code, bundle, recipe, model card, tests.

    Around an ONNX or TorchScript file nothing is left to write. It has the evidence level 'unmeasured': a score, not a
    call, until its own recipe has measured it on labelled films.
    """
    from cxrdesk.scaffold.choose import Told, chosen
    from cxrdesk.scaffold.write import write_plugin

    told = Told(
        name=name,
        onnx=onnx,
        torchscript=torchscript,
        segmenter=segmenter,
        findings=finding or (),
        structure=structure,
        outputs=outputs,
        size=size,
        channels=channels,
        mean=mean,
        std=std,
        percentiles=percentiles,
        answers=answers,
        maps=maps,
        views=view or (),
        ages=ages,
    )
    folder = write_plugin(chosen(told), out)
    typer.echo(f"{folder}\nInstall it: pip install -e {folder}\nCheck it: cxrdesk plugins check {folder}")
