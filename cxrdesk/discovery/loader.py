"""Imports plugins one at a time into this process; one that fails costs only itself.

Never in the viewer's process, which asks `cxrdesk.discovery.listing`: what a module does at its import, it does here.
"""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from cxrdesk.api import hookspecs
from cxrdesk.api.detector import Detector, Segmenter
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.api.version import refusal
from cxrdesk.discovery.installed import BUNDLED as BUNDLED
from cxrdesk.discovery.installed import Installed, in_order, installed
from cxrdesk.discovery.registry import Plugin, PluginFailure, Registry
from cxrdesk.imaging.errors import UserError

HEAVY = ("torch", "torchvision", "tensorflow", "onnxruntime", "openvino", "PySide6")
HOOKS = tuple(sorted(name for name in vars(hookspecs) if name.startswith("cxrdesk_")))


class _RefusedError(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class _LightImports(MetaPathFinder):
    """Refuses packages that would make listing slow, or bring torch into the viewer; other threads import as ever."""

    def __init__(self) -> None:
        self.thread = threading.get_ident()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if threading.get_ident() == self.thread and fullname.partition(".")[0] in HEAVY:
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


def load_registry(
    only: Collection[str] = (), *, told: Callable[[str], None] | None = None, sites: Sequence[Path] = ()
) -> Registry:
    """List installed plugins with their classes; imports their modules, and no torch.

    Parameters
    ----------
    only : collection of str
        Distributions to list; all where empty. No other's module is imported.
    told : callable, optional
        Called with the name of each distribution before its module is imported.
    sites : sequence of Path
        Folders with one distribution each; they come last on Python's path, so that what the application ships is
        found first.
    """
    plugins: list[Plugin] = []
    failures: list[PluginFailure] = []
    for found in installed(failures, sites):
        if only and found.name not in only:
            continue
        if told is not None:
            told(found.name)
        if found.site is not None and str(found.site) not in sys.path:
            sys.path.append(str(found.site))
        for entry in found.entries:
            try:
                plugins.append(_load(entry, found))
            except _RefusedError as refused:
                failures.append(found.failure(refused.code, str(refused), entry=entry.name))
    return in_order(plugins, failures)


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _load(entry: EntryPoint, found: Installed) -> Plugin:
    try:
        with _light_imports():
            module = entry.load()
    except KeyboardInterrupt:
        raise
    except UserError as error:
        raise _RefusedError(error.code, error.text) from error
    except BaseException as error:
        # Whatever a stranger's import raises, SystemExit too, is its reason.
        raise _RefusedError("import-failed", f"importing {entry.value} raised {_told(error)}") from error
    if not isinstance(module, ModuleType):
        raise _RefusedError("bad-metadata", f"its entry point {entry.value} names no module")
    if reason := refusal(getattr(module, "CXRDESK_API", None)):
        raise _RefusedError("api-version", reason)
    detectors, segmenters = _ask(module)
    return Plugin(
        name=entry.name,
        distribution=found.name,
        version=found.version,
        detectors=detectors,
        segmenters=segmenters,
        site=found.site,
    )


def _ask(module: ModuleType) -> tuple[tuple[type[Detector], ...], tuple[type[Segmenter], ...]]:
    # A manager for each plugin: one plugin's error cannot abort the call of another's hook.
    manager = pluggy.PluginManager("cxrdesk")
    manager.add_hookspecs(hookspecs)
    hooks = f"hooks are {', '.join(HOOKS)}"
    for name, value in sorted(vars(module).items()):
        if name.startswith("cxrdesk_") and inspect.isroutine(value):
            if name not in HOOKS:
                raise _RefusedError("unknown-hook", f"{name} is no hook; {hooks}")
            if not hasattr(value, "cxrdesk_impl"):
                raise _RefusedError("unknown-hook", f"{name} is not marked with @hookimpl")
    try:
        manager.register(module)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise _RefusedError("unknown-hook", f"{' '.join(str(error).split())}; {hooks}") from error
    if not manager.get_hookcallers(module):
        raise _RefusedError("unknown-hook", f"it implements no hook; {hooks}")
    try:
        with _light_imports():
            detectors = tuple(item for group in manager.hook.cxrdesk_detectors() for item in group)
            segmenters = tuple(item for group in manager.hook.cxrdesk_segmenters() for item in group)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _RefusedError("hook-failed", f"its hook raised {_told(error)}") from error
    if not detectors and not segmenters and not getattr(module, "CXRDESK_IMPORTED_WEIGHTS", False):
        raise _RefusedError("bad-spec", "its hooks name no detector and no segmenter")
    for item in detectors:
        _check(item, Detector, DetectorSpec)
    for item in segmenters:
        _check(item, Segmenter, SegmenterSpec)
    return detectors, segmenters


def _check(item: Any, base: type[Detector] | type[Segmenter], spec: type) -> None:
    kind = item.__name__ if isinstance(item, type) else f"a {type(item).__name__}"
    if not (isinstance(item, type) and issubclass(item, base) and isinstance(getattr(item, "spec", None), spec)):
        raise _RefusedError("bad-spec", f"its hook gave {kind}, not a {base.__name__} class with a {spec.__name__}")
    if inspect.isabstract(item):
        missing = ", ".join(sorted(item.__abstractmethods__))
        raise _RefusedError("bad-spec", f"{kind} does not implement {missing}")
