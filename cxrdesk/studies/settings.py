"""What the clinic and the reader have chosen, as one small JSON file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

_THEMES = ("dark", "light", "contrast", "contrast-light", "system")
_TEXT_SIZES = ("normal", "large", "largest")
_MASK_STYLES = ("outline", "tint")
_MAP_STYLES = ("colour", "contours")
_OPERATING_POINT_LENGTH = 64
_MOST_KEYS = 2
CORNER_TEXTS = ("name", "study_date", "description", "view", "age", "window", "zoom", "scale", "markers")
"""What stands in a film's corners until the reader chooses otherwise."""


def _number(name: str, value: object, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"{name} must be a number from {low:g} to {high:g}")


def _one_of(name: str, value: object, words: Sequence[str]) -> None:
    if value not in words:
        raise ValueError(f"{name} must be {', '.join(words[:-1])} or {words[-1]}")


def _bool(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")


def _texts(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(text, str) and text for text in value):
        raise ValueError(f"{name} must be a list of words")
    return tuple(value)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings, validated when made.

    Parameters
    ----------
    prevalence : mapping of str to float
        Finding key to its share among this clinic's patients, 0..1; empty until the clinic enters one.
        Predictive values are shown for the findings in it and for no other.
    read_first : bool
        Hide every score until the reader has committed an impression.
    operating_point : str
        Key of the operating point that calls are made at.
    device : str
        ``"auto"``, ``"cpu"``, ``"cuda"``, ``"mps"``, ``"xpu"``, or one of them with an index: ``"cuda:1"``.
    compiled : bool
        Whether networks are compiled for the CPU, once each, where ONNX Runtime is installed.
    film_timeout_s : float
        Seconds after which a job over one film is stopped, 1..3600.
    saliency_opacity : float
        0..1.
    theme : str
        ``"dark"``, ``"light"``, ``"contrast"`` (white on black, thick lines), ``"contrast-light"`` (black on white) or
        ``"system"``.
    text_size : str
        ``"normal"``, ``"large"`` or ``"largest"``.
    shortcuts : mapping of str to tuple of str
        Keys that the reader gave to actions, by the action's name, at most two each: ``{"invert": ("V",)}``. An
        action that is not in it has its own keys, one with an empty tuple has none.
    corner_texts : tuple of str
        What stands in the corners of a film, by the names in `cxrdesk.ui.corner_words`; unknown ones are passed over.
    mask_names : bool
        Show and export no patient's name, identifier or birth date.
    mask_style : str
        Lungs as ``"outline"`` or ``"tint"``.
    map_style : str
        Saliency maps as ``"colour"`` or ``"contours"``.
    unknown : mapping
        Keys of a newer version, kept when the settings are saved.

    Raises
    ------
    ValueError
        Names the first field that is out of its range.
    """

    prevalence: Mapping[str, float] = field(default_factory=dict)
    read_first: bool = False
    operating_point: str = "balanced"
    device: str = "auto"
    compiled: bool = True
    film_timeout_s: float = 120.0
    saliency_opacity: float = 0.4
    theme: str = "dark"
    text_size: str = "normal"
    shortcuts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    corner_texts: tuple[str, ...] = CORNER_TEXTS
    mask_names: bool = False
    mask_style: str = "outline"
    map_style: str = "colour"
    unknown: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.prevalence, Mapping):
            raise ValueError("prevalence must hold numbers by finding")
        for key, value in self.prevalence.items():
            if not isinstance(key, str) or not key:
                raise ValueError("prevalence must name its findings")
            _number(f"prevalence of {key}", value, 0.0, 1.0)
        for name in ("read_first", "compiled", "mask_names"):
            _bool(name, getattr(self, name))
        if not isinstance(self.operating_point, str) or not 0 < len(self.operating_point) <= _OPERATING_POINT_LENGTH:
            raise ValueError("operating_point must be the name of an operating point")
        name, _, index = self.device.partition(":") if isinstance(self.device, str) else ("", "", "")
        if name not in ("auto", "cpu", "cuda", "mps", "xpu") or (index and not index.isdecimal()):
            raise ValueError("device must be auto, cpu, cuda, mps or xpu")
        _number("film_timeout_s", self.film_timeout_s, 1.0, 3600.0)
        _number("saliency_opacity", self.saliency_opacity, 0.0, 1.0)
        _one_of("theme", self.theme, _THEMES)
        _one_of("text_size", self.text_size, _TEXT_SIZES)
        _one_of("mask_style", self.mask_style, _MASK_STYLES)
        _one_of("map_style", self.map_style, _MAP_STYLES)
        if not isinstance(self.shortcuts, Mapping):
            raise ValueError("shortcuts must hold keys by action")
        shortcuts = {name: _texts(f"shortcuts of {name}", keys) for name, keys in self.shortcuts.items()}
        if any(len(keys) > _MOST_KEYS for keys in shortcuts.values()):
            raise ValueError(f"shortcuts must be at most {_MOST_KEYS} for each action")
        object.__setattr__(self, "shortcuts", MappingProxyType(shortcuts))
        object.__setattr__(self, "corner_texts", _texts("corner_texts", self.corner_texts))
        object.__setattr__(self, "prevalence", MappingProxyType(dict(self.prevalence)))
        object.__setattr__(self, "unknown", MappingProxyType(dict(self.unknown)))

    def to_json(self) -> dict[str, Any]:
        """Return a mapping of JSON types, unknown keys included."""
        known = {name: getattr(self, name) for name in _FIELDS}
        known["prevalence"] = dict(self.prevalence)
        known["shortcuts"] = {name: list(keys) for name, keys in self.shortcuts.items()}
        known["corner_texts"] = list(self.corner_texts)
        return {**self.unknown, **known}


_FIELDS = tuple(f.name for f in fields(Settings) if f.name != "unknown")


@dataclass(frozen=True, kw_only=True)
class LoadedSettings:
    """Settings and what to tell the user about the file that they came from; one sentence each."""

    settings: Settings
    messages: tuple[str, ...] = ()


_UNKNOWN = Settings(read_first=True)
_UNKNOWN_TEXT = "defaults are used, and scores are hidden until you have read the film"


def load_settings(path: Path) -> LoadedSettings:
    """Read settings; never fails because of what the file holds.

    A missing file or folder gives the defaults. A file that is no JSON object is set aside beside the original
    (``settings.broken-<time>.json``) and the defaults are used. A single value out of range falls back to its default,
    after a copy is set aside. Where ``read_first`` cannot be known, scores are hidden: it is true then. Each of these
    is told in `LoadedSettings.messages`.
    """
    try:
        raw = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return LoadedSettings(settings=Settings())
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "input/output error"
        return LoadedSettings(
            settings=_UNKNOWN, messages=(f"Settings in {path} cannot be read ({reason}); {_UNKNOWN_TEXT}.",)
        )
    try:
        data = json.loads(raw, parse_constant=_no_constant)
        if not isinstance(data, dict):
            raise ValueError("not an object")
    except (ValueError, RecursionError):
        return LoadedSettings(
            settings=_UNKNOWN, messages=(f"The settings file is broken; {_UNKNOWN_TEXT}. {_set_aside(path, raw)}",)
        )
    settings = Settings(unknown={key: value for key, value in data.items() if key not in _FIELDS})
    problems = []
    for name in _FIELDS:
        if name in data:
            try:
                settings = replace(settings, **{name: data[name]})
            except (ValueError, TypeError) as error:
                if name == "read_first":
                    settings = replace(settings, read_first=True)
                    problems.append(f"In the settings, {error}; scores are hidden until you have read the film.")
                else:
                    problems.append(f"In the settings, {error}; the default is used.")
    if problems:
        problems.append(_set_aside(path, raw))
    return LoadedSettings(settings=settings, messages=tuple(problems))


def save_settings(settings: Settings, path: Path) -> None:
    """Write settings so that a crash leaves either the old or the new file.

    Raises
    ------
    OSError
        If the folder cannot be written; the old file is then unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _write(path, json.dumps(settings.to_json(), indent=2, sort_keys=True, allow_nan=False).encode() + b"\n")


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _set_aside(path: Path, raw: bytes) -> str:
    aside = path.with_name(f"{path.stem}.broken-{datetime.now(UTC):%Y%m%dT%H%M%S}{path.suffix}")
    try:
        _write(aside, raw)
    except OSError:
        return f"Copy {path} before you change a setting, or its old content is lost."
    return f"The old file was kept as {aside.name}."


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
