"""The CheXpert detector as cxrdesk sees it."""

from __future__ import annotations

from pathlib import Path

from cxrdesk.api import Detector, DetectorSpec, hookimpl
from cxrdesk_chexpert.model import ChexpertModel

CXRDESK_API = "1.0"


class Chexpert(ChexpertModel):
    """The shipped weights."""

    spec = DetectorSpec.from_bundle(Path(__file__).parent / "bundle")


@hookimpl
def cxrdesk_detectors() -> list[type[Detector]]:
    """The plugin's detector."""
    return [Chexpert]
