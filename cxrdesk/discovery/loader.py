"""Reads entry points one at a time; a plugin that fails costs only itself."""

from __future__ import annotations

import inspect
import re
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType
from typing import Any

import pluggy

from cxrdesk.api import hookspecs
from cxrdesk.api.detector import Detector, Segmenter
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.api.version import refusal
from cxrdesk.discovery.registry import Plugin, PluginFailure, Registry
from cxrdesk.imaging.errors import UserError

GROUP = "cxrdesk.plugins"
BUNDLED = frozenset({"cxrdesk-lungmask", "cxrdesk-pneumonia"})
"""Distributions of this project: listed first, so that no stranger takes their ids."""
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


def load_registry(only: Collection[str] = (), *, told: Callable[[str], None] | None = None) -> Registry:
    """List installed plugins; imports their modules, and no torch.

    Parameters
    ----------
    only : collection of str
        Distributions to list; all where empty. No other's module is imported.
    told : callable, optional
        Called with the name of each distribution before its module is imported.
    """
    plugins: list[Plugin] = []
    failures: list[PluginFailure] = []
    for dist, entries in _installed(failures):
        if only and dist.name not in only:
            continue
        if told is not None:
            told(str(dist.name))
        for entry in entries:
            try:
                plugins.append(_load(entry, dist))
            except _RefusedError as refused:
                failures.append(_failure(entry.name, dist, refused.code, str(refused)))
    # Then by name, so that the order of folders on the path decides nothing.
    return Registry(sorted(plugins, key=lambda p: (p.distribution not in BUNDLED, p.name, p.distribution)), failures)


def _installed(failures: list[PluginFailure]) -> Iterator[tuple[Distribution, list[EntryPoint]]]:
    """Distributions with entry points for us; importlib's own list ends at the first file that it cannot parse."""
    seen = set()
    for dist in distributions():
        text = dist.read_text("entry_points.txt")
        if text is None or GROUP not in text:
            continue
        name = re.sub(r"[-_.]+", "-", str(dist.name)).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            yield dist, [entry for entry in dist.entry_points if entry.group == GROUP]
        except (ValueError, TypeError) as error:
            # How importlib stumbles over a line that is none.
            failures.append(
                _failure(dist.name, dist, "bad-metadata", f"its entry_points.txt is broken: {_told(error)}")
            )


def _failure(name: str, dist: Distribution, code: str, reason: str) -> PluginFailure:
    return PluginFailure(name=name, distribution=str(dist.name), version=str(dist.version), code=code, reason=reason)


def _told(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _load(entry: EntryPoint, dist: Distribution) -> Plugin:
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
        name=entry.name, distribution=dist.name, version=dist.version, detectors=detectors, segmenters=segmenters
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
