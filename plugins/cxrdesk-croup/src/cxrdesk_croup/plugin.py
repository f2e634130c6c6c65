"""The croup detector as cxrdesk sees it."""

from __future__ import annotations

from pathlib import Path

from cxrdesk.api import Detector, DetectorSpec, hookimpl
from cxrdesk_croup.model import CroupModel

CXRDESK_API = "1.0"


class Croup(CroupModel):
    """The shipped weights."""

    spec = DetectorSpec.from_bundle(Path(__file__).parent / "bundle")


@hookimpl
def cxrdesk_detectors() -> list[type[Detector]]:
    """The plugin's detector."""
    return [Croup]
