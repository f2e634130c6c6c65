"""Imports a plugin's module in a fresh process and tells what that did."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import warnings
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from cxrdesk.api import hookspecs
from cxrdesk.api.deprecation import PluginDeprecationWarning, deprecations
from cxrdesk.api.detector import Detector, Segmenter
from cxrdesk.api.spec import DetectorSpec, SegmenterSpec
from cxrdesk.api.testing.checks import raised
from cxrdesk.api.testing.target import Target
from cxrdesk.api.version import refusal

HEAVY = ("torch", "torchvision", "tensorflow", "onnxruntime", "openvino", "PySide6")
HOOKS = tuple(sorted(name for name in vars(hookspecs) if name.startswith("cxrdesk_")))
LIMIT_S = 60.0
_LOUD = ("socket.", "subprocess.", "shutil.", "os.fork", "os.exec", "os.posix_spawn", "os.spawn", "os.system",
         "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink", "os.truncate",
         "os.chdir", "os.putenv", "os.unsetenv", "os.kill")  # fmt: skip
_QUIET = ("socket.gethostname",)


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What importing a plugin did and gave.

    Parameters
    ----------
    error : str
        Why it gave nothing; empty where it was imported.
    heavy : tuple of str
        Packages that a plugin's module must not bring.
    effects : tuple of str
        What it did beside being imported.
    problems : tuple of (check, text)
        Of API version, hooks and specs.
    models : tuple of str
        Ids of its detectors and segmenters.
    """

    error: str = ""
    heavy: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    problems: tuple[tuple[str, str], ...] = ()
    models: tuple[str, ...] = ()


def environment(target: Target) -> dict[str, str]:
    """Of a process that finds the plugin, and no accelerator."""
    parts = [*map(str, target.paths), *filter(None, [os.environ.get("PYTHONPATH")])]
    hidden = {"CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}
    return os.environ | {"PYTHONPATH": os.pathsep.join(parts)} | hidden


def listed(target: Target) -> Listing:
    """Import the plugin in a process of its own."""
    command = [sys.executable, "-P", "-m", "cxrdesk.api.testing", target.module]
    try:
        done = subprocess.run(
            command, env=environment(target), stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT_S
        )
    except subprocess.TimeoutExpired:
        return Listing(error=f"importing {target.module} took more than {LIMIT_S:.0f} s")
    try:
        told = json.loads(done.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return Listing(error=f"importing {target.module} ended the process (exit code {done.returncode})")
    return Listing(
        error=told["error"],
        heavy=tuple(told["heavy"]),
        effects=tuple(told["effects"]),
        problems=tuple((key, text) for key, text in told["problems"]),
        models=tuple(told["models"]),
    )


class _Watch:
    """Notes what the interpreter is asked for, until it is stopped: audit hooks stay for ever."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.on = True
        sys.addaudithook(self._heard)

    def _heard(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event == "open":
            path, mode, flags = args
            writes = set(str(mode or "")) & set("wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
            if writes and isinstance(path, (str, bytes)):
                self.effects.append(f"opens {os.fsdecode(path)} for writing")
        elif event.startswith(_LOUD) and event not in _QUIET:
            told = ", ".join(str(item) for item in args[:2] if isinstance(item, (str, int, bytes, tuple, list)))
            self.effects.append(f"calls {event} ({told[:80]})")


def _surroundings() -> dict[str, object]:
    import signal

    return {
        "working folder": str(Path.cwd()),
        "environment": dict(os.environ),
        "signal handlers": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "sys.path": list(sys.path),
        "sys.excepthook": sys.excepthook,
    }


def look(name: str) -> Listing:
    """Import a module here and ask its hooks."""
    import_module("cxrdesk.api.torchkit")
    threads, before, said = set(threading.enumerate()), _surroundings(), io.StringIO()
    watch = _Watch()
    error, problems = "", list[tuple[str, str]]()
    models: tuple[Any, ...] = ()
    with contextlib.redirect_stdout(said), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", PluginDeprecationWarning)
        try:
            module = import_module(name)
            problems += [("api-version", text) for text in [refusal(getattr(module, "CXRDESK_API", None))] if text]
            models, found = asked(module)
            problems += found
        except BaseException as raising:  # noqa: BLE001 - SystemExit of a stranger's import is told too
            error = f"importing {name}: {raised(raising)}"
    watch.on = False
    problems += [("current", text) for text in deprecations(warned)]
    effects = list(dict.fromkeys(watch.effects))
    effects += [f"starts a thread ({t.name})" for t in threading.enumerate() if t not in threads]
    effects += [f"changes the {key}" for key, value in _surroundings().items() if value != before[key]]
    effects += ["prints to standard output"] if said.getvalue() else []
    heavy = sorted({module.partition(".")[0] for module in sys.modules} & set(HEAVY))
    ids = tuple(str(model.spec.id) for model in models)
    return Listing(error=error, heavy=tuple(heavy), effects=tuple(effects), problems=tuple(problems), models=ids)


def asked(module: Any) -> tuple[tuple[Any, ...], list[tuple[str, str]]]:
    """Classes that a module's hooks name, and what is wrong with them."""
    problems: list[tuple[str, str]] = []
    named = [name for name in vars(module) if name.startswith("cxrdesk_") and callable(vars(module)[name])]
    for name in named:
        if name not in HOOKS:
            problems.append(("hooks", f"{name} is no hook; hooks are {', '.join(HOOKS)}"))
        elif not hasattr(getattr(module, name), "cxrdesk_impl"):
            problems.append(("hooks", f"{name} is not marked with @hookimpl"))
    if not set(named) & set(HOOKS):
        problems.append(("hooks", f"the module implements no hook; hooks are {', '.join(HOOKS)}"))
    models = []
    for name, base, kind in (
        ("cxrdesk_detectors", Detector, DetectorSpec),
        ("cxrdesk_segmenters", Segmenter, SegmenterSpec),
    ):
        for item in getattr(module, name)() if name in named else ():
            if not (
                isinstance(item, type) and issubclass(item, base) and isinstance(getattr(item, "spec", None), kind)
            ):
                problems.append(("spec", f"{name} gave {item!r}, not a {base.__name__} class with a {kind.__name__}"))
            elif missing := getattr(item, "__abstractmethods__", None):
                problems.append(("spec", f"{item.__name__} does not implement {', '.join(sorted(missing))}"))
            else:
                models.append(item)
                problems += [("spec", text) for text in _wrong_spec(item)]
    if not models and not problems:
        problems.append(("hooks", "the hooks name no detector and no segmenter"))
    ids = [model.spec.id for model in models]
    problems += [("spec", f"the id {name!r} is used twice") for name in sorted({i for i in ids if ids.count(i) > 1})]
    return tuple(models), problems


def _wrong_spec(model: Any) -> list[str]:
    """Findings and structures are held to the table of terms when a spec is made; what is left is the bundle."""
    spec = model.spec
    if spec.bundle is None:
        return []
    from cxrdesk.api.bundle import Bundle

    promised = Bundle(spec.bundle).weights_sha256
    return [] if promised == spec.weights_sha256 else [f"{spec.id} names other weights than its bundle holds"]
