"""From what an author says on the command line, and what the file says of itself, to a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cxrdesk.api.filekit import ANSWERS, Answers
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.preprocess import InputSpec
from cxrdesk.scaffold import plan
from cxrdesk.scaffold.plan import MapsBy, Plan, Source

GREY = InputSpec(size=(224, 224))


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an author may say; empty where left to the file or to what is usual."""

    name: str
    onnx: Path | None = None
    torchscript: Path | None = None
    segmenter: bool = False
    findings: Sequence[str] = ()
    structure: str = "lungs"
    outputs: str = ""
    size: str = ""
    channels: int | None = None
    mean: str = ""
    std: str = ""
    percentiles: str = ""
    answers: str = "logits"
    maps: str = MapsBy.OCCLUSION.value
    views: Sequence[str] = ()
    ages: str = ""


def chosen(told: Told) -> Plan:
    """The plan.

    Raises
    ------
    UserError
        In one sentence, for anything that cannot be.
    """
    name = plan.checked_name(told.name)
    source, file = _source(told)
    findings, columns = plan.checked_findings(told.findings or ("pneumonia",))
    if told.segmenter:
        findings = ()
        columns = tuple(int(n) for n in plan.numbers("--outputs", told.outputs or "0", *range(1, 33)))
        if told.findings:
            raise UserError("usage", "a segmenter outlines a --structure; leave out --finding")
    elif told.outputs:
        raise UserError("usage", "--outputs is for segmenters; say a finding's output as in --finding pneumonia=3")
    answers = next((known for known in ANSWERS if known == told.answers), None)
    if answers is None:
        raise UserError("usage", f"--answers is one of {', '.join(ANSWERS)}, not {told.answers!r}")
    if told.maps not in set(MapsBy):
        raise UserError("usage", f"--maps is one of {', '.join(MapsBy)}, not {told.maps!r}")
    size, channels = _size(told), told.channels
    if source is Source.ONNX and file is not None:
        size, channels = _from_file(file, told, findings, columns, size)
    elif size is None and source is Source.TORCHSCRIPT:
        raise UserError("usage", "a TorchScript file does not say its input's size; give --size ROWSxCOLUMNS")
    if file is None and channels is None:
        # Of a network of one's own nothing else says it.
        channels = max(text.count(",") + 1 for text in (told.mean, told.std))
    spec, means, deviations = _normalised(told, size or GREY.size, channels or 1)
    return Plan(
        name=name,
        source=source,
        file=file,
        findings=findings,
        structure=plan.checked_structure(told.structure) if told.segmenter else "",
        columns=columns,
        input=spec,
        channels=channels or 1,
        means=means,
        deviations=deviations,
        answers=_checked(answers, told),
        maps=MapsBy(told.maps),
        views=plan.checked_views(told.views or ("chest-frontal",)),
        age_years=_ages(told.ages),
    )


def _checked(answers: Answers, told: Told) -> Answers:
    if told.onnx is None and told.torchscript is None and answers != "logits":
        raise UserError("usage", "--answers is for files; a torch network of its own gives logits")
    return answers


def _source(told: Told) -> tuple[Source, Path | None]:
    if told.onnx is not None and told.torchscript is not None:
        raise UserError("usage", "give --onnx or --torchscript, not both")
    file = told.onnx or told.torchscript
    if file is None:
        if told.channels is not None and told.channels < 1:
            raise UserError("usage", "--channels is at least 1")
        return Source.TORCH, None
    if not file.is_file():
        raise UserError("usage", f"{file} is no file")
    return (Source.ONNX if told.onnx is not None else Source.TORCHSCRIPT), file


def _size(told: Told) -> tuple[int, int] | None:
    if not told.size:
        return None
    rows, cross, cols = told.size.partition("x")
    if not (cross and rows.isdecimal() and cols.isdecimal() and min(int(rows), int(cols)) >= 8):
        raise UserError("usage", f"--size is ROWSxCOLUMNS, each at least 8, as in 224x224, not {told.size!r}")
    return int(rows), int(cols)


def _from_file(
    file: Path, told: Told, findings: tuple[str, ...], columns: tuple[int, ...], size: tuple[int, int] | None
) -> tuple[tuple[int, int], int]:
    """Size and channels that an ONNX file says, held against what was told."""
    from cxrdesk.api.onnxkit import described

    shapes = described(file.read_bytes())
    _, channels, rows, cols = shapes.shape
    if rows is not None and cols is not None:
        if size is not None and size != (rows, cols):
            raise UserError("usage", f"{file.name} takes {rows}x{cols}; leave out --size")
        size = rows, cols
    if size is None:
        raise UserError("usage", f"{file.name} leaves its input's size open; give --size ROWSxCOLUMNS")
    if channels is not None and told.channels not in (None, channels):
        raise UserError("usage", f"{file.name} takes {channels} channels; leave out --channels")
    count = shapes.outputs[1] if len(shapes.outputs) > 1 else None
    if findings and count is not None:
        if columns and max(columns) >= count:
            raise UserError("usage", f"{file.name} has {count} outputs, counted from 0; there is no {max(columns)}")
        if not columns and count != len(findings):
            text = f"{file.name} has {count} outputs, and findings named: {len(findings)}"
            raise UserError("usage", f"{text}; say which output each is, as in --finding {findings[0]}=0")
    return size, channels or told.channels or 1


def _normalised(
    told: Told, size: tuple[int, int], channels: int
) -> tuple[InputSpec, tuple[float, ...], tuple[float, ...]]:
    """One mean and deviation go into the spec; one for each channel into the file's kit."""
    counts = (1, channels) if channels > 1 else (1,)
    mean = plan.numbers("--mean", told.mean, *counts) if told.mean else (GREY.mean,)
    std = plan.numbers("--std", told.std, *counts) if told.std else (GREY.std,)
    low, high = plan.numbers("--percentiles", told.percentiles, 2) if told.percentiles else GREY.percentiles
    if min(std) <= 0 or not 0 <= low < high <= 100:
        raise UserError("usage", "--std is above 0, and --percentiles rise within 0..100")
    if len(mean) == len(std) == 1:
        return InputSpec(size=size, percentiles=(low, high), mean=mean[0], std=std[0]), (), ()
    wide = [values * channels if len(values) == 1 else values for values in (mean, std)]
    return InputSpec(size=size, percentiles=(low, high), mean=0.0, std=1.0), wide[0], wide[1]


def _ages(text: str) -> tuple[float, float] | None:
    if not text:
        return None
    first, end = plan.numbers("--ages", text, 2)
    if not 0 <= first < end:
        raise UserError("usage", "--ages is the smallest age and the first that is too old, as in 18,120")
    return first, end
