"""The hooks that a plugin's module may implement."""

from __future__ import annotations

import pluggy

from cxrdesk.api.detector import Detector, Segmenter

hookspec = pluggy.HookspecMarker("cxrdesk")
hookimpl = pluggy.HookimplMarker("cxrdesk")


@hookspec
def cxrdesk_detectors() -> list[type[Detector]]:  # type: ignore[empty-body]
    """Detector classes of this plugin; called once, when plugins are listed. Must not import torch."""


@hookspec
def cxrdesk_segmenters() -> list[type[Segmenter]]:  # type: ignore[empty-body]
    """Segmenter classes of this plugin; called once, when plugins are listed. Must not import torch."""
