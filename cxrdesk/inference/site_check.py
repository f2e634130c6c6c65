"""Runs a staged plugin once, in a process of its own: what it lists, and whether its golden vectors are reproduced.

Started as ``python -m cxrdesk.inference.site_check SITE DISTRIBUTION DEVICE``; SITE is empty for an installed
distribution. It answers with one message and ends.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from packaging.utils import canonicalize_name

from cxrdesk.api.compiled import ABOUT, GRAPH
from cxrdesk.api.detector import CancelledError, Context
from cxrdesk.imaging.errors import UserError
from cxrdesk.imaging.words import shown_text
from cxrdesk.inference import wire
from cxrdesk.inference.devices import child_environment
from cxrdesk.inference.pipes import EndedError, PipedProcess
from cxrdesk.inference.process import Child
from cxrdesk.packages.checked import Checked
from cxrdesk.packages.manifest import Model

LIMIT_S = 900.0
"""For all models of one plugin: torch is imported, weights are read, five films and more are scored."""
_POLL_S = 0.1
_MOST_FAILURES = 50
_COMPILED = re.compile(rf"[0-9a-f]{{16}}-[0-9a-f]{{16}}/({re.escape(GRAPH)}|{re.escape(ABOUT)})")


def check_site(
    site: Path | None,
    distribution: str,
    *,
    device: str = "auto",
    limit_s: float = LIMIT_S,
    cancelled: Callable[[], bool] = lambda: False,
) -> Checked:
    """Run the plugin of a distribution in a child process.

    Parameters
    ----------
    site : Path or None
        Folder to search for it; None for one that is installed beside the application.

    Raises
    ------
    UserError
        ``check-failed`` if it cannot be listed, ends its process, answers with rubbish or takes too long.
    CancelledError
    """
    place = "" if site is None else str(site)
    command = [sys.executable, "-P", "-m", "cxrdesk.inference.site_check", place, distribution, device]
    # As tight as when it will read films.
    sandbox = Child((distribution,), device=device, site=site).sandbox
    try:
        process = PipedProcess(command, sandbox, child_environment(os.cpu_count()))
    except OSError as error:
        raise UserError("check-failed", f"The process that checks {distribution} cannot be started: {error}") from error
    try:
        header, parts = _answer(process, distribution, time.monotonic() + limit_s, cancelled)
    except EndedError as ended:
        raise UserError("check-failed", f"{distribution} ended its process while it was checked: it {ended}") from ended
    except wire.WireError as error:
        raise UserError("check-failed", f"{distribution} answered with rubbish while it was checked.") from error
    finally:
        process.kill()
    if "error" in header:
        raise UserError("check-failed", f"{distribution} cannot be used: {_text(header['error'])}")
    try:
        return _checked(header, parts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError("check-failed", f"{distribution} answered with rubbish while it was checked.") from error


def _answer(process: PipedProcess, distribution: str, deadline: float, cancelled: Callable[[], bool]) -> wire.Message:
    while (message := process.receive(_POLL_S)) is None:
        if cancelled():
            raise CancelledError
        if time.monotonic() > deadline:
            text = f"{distribution} did not finish its check within its time limit and was ended."
            raise UserError("check-failed", text)
    return message


def _checked(header: dict[str, Any], parts: list[NDArray[Any]]) -> Checked:
    paths = [str(path) for path in header["compiled"]]
    if not all(_COMPILED.fullmatch(path) for path in paths):
        raise ValueError("what was compiled has names of another kind")
    return Checked(
        api=str(header["api"]),
        models=tuple(Model(**item) for item in header["models"]),
        failures=tuple(_text(item) for item in header["failures"][:_MOST_FAILURES]),
        without_golden=tuple(_text(item) for item in header["without_golden"]),
        device=_text(header["device"]),
        torch=_text(header["torch"]),
        compiled={path: part.tobytes() for path, part in zip(paths, parts, strict=True)},
    )


def _text(value: object) -> str:
    return shown_text(str(value))


def main(site: str, distribution: str, device: str) -> int:
    """Answer on what was standard output; what the plugin prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        told = _run(site, distribution, device, Path(folder))
        found = sorted(path for path in Path(folder).glob("*/*") if path.name in (GRAPH, ABOUT))
        names = [path.relative_to(folder).as_posix() for path in found]
        parts = [np.frombuffer(path.read_bytes(), np.uint8) for path in found]
    if sum(part.nbytes for part in parts) > wire.MAX_PAYLOAD:
        names, parts = [], []  # too large a network to keep compiled
    wire.send(answers, told | {"compiled": names}, parts)
    return 0


def _run(site: str, distribution: str, device: str, folder: Path) -> dict[str, Any]:
    from cxrdesk.discovery.loader import load_registry
    from cxrdesk.inference.devices import choose
    from cxrdesk.inference.models import told

    if site:
        sys.path.insert(0, site)  # an author may have the plugin installed as well
    found = [d.name for d in metadata.distributions() if canonicalize_name(d.name) == distribution]
    registry = load_registry(found[:1] or [distribution])
    if registry.failures or not registry.plugins:
        reasons = [f"{failed.reason} [{failed.code}]" for failed in registry.failures]
        return {"error": reasons[0] if reasons else "it lists no plugin"}
    specs = [*registry.detectors, *registry.segmenters]
    chosen = choose(device)
    failures: list[str] = []
    without: list[str] = []
    for spec in specs:
        if spec.bundle is None:
            without.append(spec.id)
            continue
        try:
            failures += [f"{spec.id}: {text}" for text in _verify(registry.model(spec.id), spec.bundle, chosen, folder)]
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is why it fails
            failures.append(f"{spec.id}: {told(error)[1]}")
    return {
        "api": _api(found[0]),
        "models": [_described(spec) for spec in specs],
        "failures": failures[:_MOST_FAILURES],
        "without_golden": without,
        "device": chosen,
        "torch": str(sys.modules["torch"].__version__) if "torch" in sys.modules else "",
    }


def _verify(kind: Any, bundle: Path, device: str, folder: Path) -> list[str]:
    from cxrdesk.api.bundle import Bundle
    from cxrdesk.api.golden import verify

    model = kind(context=Context(device=device, compiled=folder))
    model.load()
    try:
        model.compile()
        return verify(model, Bundle(bundle))
    finally:
        model.unload()


def _api(distribution: str) -> str:
    from cxrdesk.discovery.installed import GROUP

    entries = metadata.entry_points(group=GROUP)
    mine = [entry for entry in entries if entry.dist is not None and entry.dist.name == distribution]
    return str(mine[0].load().CXRDESK_API) if mine else ""


def _described(spec: Any) -> dict[str, str]:
    from cxrdesk.api.spec import DetectorSpec

    kind = "detector" if isinstance(spec, DetectorSpec) else "segmenter"
    told = {"id": spec.id, "kind": kind, "name": spec.name, "version": spec.version, "looks_for": spec.looks_for}
    return told | {"evidence": spec.evidence.value}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
