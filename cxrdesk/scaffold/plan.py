"""What a new plugin is to be, checked before anything is written."""

from __future__ import annotations

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from cxrdesk.api.filekit import Answers
from cxrdesk.api.perturbation import Occlusion, Perturbation, Rise
from cxrdesk.api.spec import parse_view
from cxrdesk.api.terms import FINDINGS, STRUCTURES
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.preprocess import InputSpec

PREFIX = "cxrdesk-"
LONGEST = 40
TORCH_SIZE = (224, 224)


class Source(StrEnum):
    """Where the network comes from."""

    TORCH = "torch"
    ONNX = "onnx"
    TORCHSCRIPT = "torchscript"


class MapsBy(StrEnum):
    """How maps of a file's scores are made."""

    OCCLUSION = "occlusion"
    RISE = "rise"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plugin that can be written.

    Parameters
    ----------
    name : str
        Words joined by hyphens, without ``cxrdesk-``: id of the model and name of the entry point.
    file : Path or None
        ONNX or TorchScript file.
    findings, columns : tuple
        Keys, and for each its output of the file's network; no columns where outputs are the findings, in order.
    structure : str
        Of a segmenter; empty for a detector.
    input : InputSpec
    channels : int
    means, deviations : tuple of float
        By channel; see `cxrdesk.api.filekit`.
    """

    name: str
    source: Source
    file: Path | None
    findings: tuple[str, ...]
    structure: str
    columns: tuple[int, ...]
    input: InputSpec
    channels: int
    means: tuple[float, ...]
    deviations: tuple[float, ...]
    answers: Answers
    maps: MapsBy
    views: tuple[str, ...]
    age_years: tuple[float, float] | None

    @property
    def distribution(self) -> str:
        """Name of the distribution, and of its folder."""
        return PREFIX + self.name

    @property
    def package(self) -> str:
        """Name of the Python package."""
        return self.distribution.replace("-", "_")

    @property
    def title(self) -> str:
        """For the screen."""
        return self.name.replace("-", " ").capitalize()

    @property
    def perturbation(self) -> Perturbation:
        """With windows of a fifth of the input, or random masks."""
        rows, cols = self.input.size
        if self.maps is MapsBy.RISE:
            return Rise()
        return Occlusion(window=(max(1, rows // 5), max(1, cols // 5)), step=max(1, min(rows, cols) // 10))


def checked_name(name: str) -> str:
    """The name without ``cxrdesk-``.

    Raises
    ------
    UserError
        ``"bad-name"`` for a name that is none, that Python reserves, or that an installed plugin has.
    """
    plain = name.removeprefix(PREFIX)
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", plain) or len(plain) > LONGEST or keyword.iskeyword(plain):
        text = f"{name!r} is no name for a plugin; take lower-case words joined by hyphens, such as my-detector"
        raise UserError("bad-name", f"{text}, of at most {LONGEST} letters")
    try:
        distribution(PREFIX + plain)
    except PackageNotFoundError:
        return plain
    raise UserError("bad-name", f"a plugin {PREFIX}{plain} is installed already; choose another name")


def checked_findings(told: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Keys and columns of ``pneumonia`` or ``pneumonia=3``; columns are empty where none is named.

    Raises
    ------
    UserError
        ``"unknown-finding"``, ``"usage"``.
    """
    keys, columns = [], []
    for item in told:
        key, _, column = item.partition("=")
        if key not in FINDINGS:
            text = f"there is no finding {key!r}; known are {', '.join(FINDINGS)}"
            raise UserError("unknown-finding", text)
        keys.append(key)
        if column:
            if not column.isdecimal():
                raise UserError("usage", f"--finding {item}: the output is counted from 0, as in {key}=0")
            columns.append(int(column))
    if len(set(keys)) < len(keys):
        raise UserError("usage", "a finding is named twice; name each once")
    if columns and len(columns) < len(keys):
        raise UserError("usage", "name the output of every finding, as in pneumonia=3, or of none")
    return tuple(keys), tuple(columns)


def checked_structure(name: str) -> str:
    """A structure's key; raises UserError (``"unknown-name"``)."""
    if name not in STRUCTURES:
        raise UserError("unknown-name", f"there is no structure {name!r}; known are {', '.join(STRUCTURES)}")
    return name


def checked_views(told: Sequence[str]) -> tuple[str, ...]:
    """Views as `FilmScope` takes them; raises UserError (``"usage"``)."""
    for name in told:
        try:
            known = parse_view(name).projection is not None and name == name.lower()
        except ValueError:
            known = False
        if not known:
            raise UserError("usage", f"{name!r} is no view; name body part and projection, as in chest-frontal")
    return tuple(told)


def numbers(option: str, text: str, *counts: int) -> tuple[float, ...]:
    """Numbers with commas between, of one of these counts; raises UserError (``"usage"``)."""
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) not in counts:
        wanted = " or ".join(map(str, counts))
        raise UserError("usage", f"{option} takes {wanted} numbers with commas between, not {text!r}")
    return found
