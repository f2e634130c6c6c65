"""Reads entry points one at a time; a plugin that fails costs only itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy

from cxrdesk.api import hookspecs
from cxrdesk.api.detector import Detector, Segmenter
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.api.version import refusal
from cxrdesk.discovery.registry import Plugin, PluginFailure, Registry

GROUP = "cxrdesk.plugins"
HEAVY = ("torch", "torchvision", "tensorflow", "onnxruntime", "openvino", "PySide6")


class _Refused(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class _LightImports(MetaPathFinder):
    """Refuses packages that would make listing slow, or bring torch into the viewer."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] in HEAVY:
            raise ImportError(f"{fullname} may be imported when a model loads, not with the plugin's module")
        return None


@contextmanager
def _light_imports() -> Iterator[None]:
    guard = _LightImports()
    sys.meta_path.insert(0, guard)
    try:
        yield
    finally:
        sys.meta_path.remove(guard)


def load_registry() -> Registry:
    """List all installed plugins; imports their modules, and no torch."""
    plugins, failures = [], []
    for entry in sorted(entry_points(group=GROUP), key=lambda e: (e.name, e.value)):
        try:
            plugins.append(_load(entry))
        except _Refused as refused:
            name, version = _distribution(entry)
            failures.append(
                PluginFailure(
                    name=entry.name, distribution=name, version=version, code=refused.code, reason=str(refused)
                )
            )
    return Registry(plugins, failures)


def _distribution(entry: EntryPoint) -> tuple[str, str]:
    return (entry.dist.name, entry.dist.version) if entry.dist is not None else (entry.name, "")


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _load(entry: EntryPoint) -> Plugin:
    try:
        with _light_imports():
            module = entry.load()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - whatever a stranger's import raises, SystemExit too, is its reason
        raise _Refused("import-failed", f"importing {entry.value} raised {_told(error)}") from error
    if reason := refusal(getattr(module, "CXRDESK_API", None)):
        raise _Refused("api-version", reason)
    detectors, segmenters = _ask(module)
    name, version = _distribution(entry)
    return Plugin(name=entry.name, distribution=name, version=version, detectors=detectors, segmenters=segmenters)


def _ask(module: Any) -> tuple[tuple[type[Detector], ...], tuple[type[Segmenter], ...]]:
    # A manager for each plugin: one plugin's error cannot abort the call of another's hook.
    manager = pluggy.PluginManager("cxrdesk")
    manager.add_hookspecs(hookspecs)
    known = {name for name in vars(hookspecs) if name.startswith("cxrdesk_")}
    if unmarked := sorted(n for n in vars(module) if n.startswith("cxrdesk_") and n not in known and callable(vars(module)[n])):
        raise _Refused("unknown-hook", f"{unmarked[0]} is no hook; hooks are {', '.join(sorted(known))}")
    try:
        manager.register(module)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise _Refused("unknown-hook", f"{' '.join(str(error).split())}; hooks are {', '.join(sorted(known))}") from error
    try:
        with _light_imports():
            detectors = tuple(item for group in manager.hook.cxrdesk_detectors() for item in group)
            segmenters = tuple(item for group in manager.hook.cxrdesk_segmenters() for item in group)
    except Exception as error:  # noqa: BLE001 - whatever a stranger's hook raises is its reason
        raise _Refused("hook-failed", f"its hook raised {_told(error)}") from error
    if not detectors and not segmenters:
        raise _Refused("unknown-hook", f"it implements none of the hooks {', '.join(sorted(known))}")
    for items, base, spec in ((detectors, Detector, DetectorSpec), (segmenters, Segmenter, SegmenterSpec)):
        for item in items:
            if not (isinstance(item, type) and issubclass(item, base) and isinstance(getattr(item, "spec", None), spec)):
                raise _Refused("bad-spec", f"{item!r} is no {base.__name__} class with a {spec.__name__}")
    return detectors, segmenters
