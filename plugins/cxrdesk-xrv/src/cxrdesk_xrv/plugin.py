"""The detectors whose weights the user has imported, as cxrdesk sees them."""

from __future__ import annotations

from cxrdesk.api import Detector, DetectorSpec, hookimpl, imported_bundles
from cxrdesk_xrv.model import XrvModel

CXRDESK_API = "1.0"
CXRDESK_IMPORTED_WEIGHTS = True
DISTRIBUTION = "cxrdesk-xrv"


@hookimpl
def cxrdesk_detectors() -> list[type[Detector]]:
    """One detector for each imported set of weights; none where nothing was imported."""
    specs = [DetectorSpec.from_bundle(bundle) for bundle in imported_bundles(DISTRIBUTION)]
    return [type("Xrv", (XrvModel,), {"spec": spec}) for spec in specs]
