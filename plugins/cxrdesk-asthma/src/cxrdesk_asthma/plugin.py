"""The asthma detector as cxrdesk sees it."""

from __future__ import annotations

from pathlib import Path

from cxrdesk.api import Detector, DetectorSpec, hookimpl
from cxrdesk_asthma.model import AsthmaModel

CXRDESK_API = "1.0"


class Asthma(AsthmaModel):
    """The shipped weights."""

    spec = DetectorSpec.from_bundle(Path(__file__).parent / "bundle")


@hookimpl
def cxrdesk_detectors() -> list[type[Detector]]:
    """The plugin's detector."""
    return [Asthma]
