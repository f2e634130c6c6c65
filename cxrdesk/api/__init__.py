"""The one thing that a plugin imports.

A plugin's module states ``CXRDESK_API``, the version that it was written for, and implements a hook::

    from cxrdesk.api import Detector, DetectorSpec, hookimpl

    CXRDESK_API = "1.0"

    @hookimpl
    def cxrdesk_detectors():
        return [MyDetector]

Importing this module imports neither torch nor Qt; ``cxrdesk.api.torchkit`` holds the helpers for torch.
"""

from cxrdesk.api.bundle import Bundle, BundleError
from cxrdesk.api.detector import (
    CancelledError,
    Context,
    Detector,
    Mask,
    Masks,
    ModelInput,
    Prediction,
    Rendering,
    SaliencyMap,
    Segmenter,
)
from cxrdesk.api.evidence import Calibration, Estimate, Evidence, OperatingPoint
from cxrdesk.api.hookspecs import hookimpl
from cxrdesk.api.imported import imported_bundles, imported_folder
from cxrdesk.api.spec import DetectorSpec, FilmScope, Saliency, SegmenterSpec
from cxrdesk.api.terms import FINDINGS, STRUCTURES, Term
from cxrdesk.api.version import API_VERSION
from cxrdesk.imaging.preprocess import WHOLE_FILM, Box, InputSpec
from cxrdesk.imaging.radiograph import Projection, Radiograph, View

__all__ = [
    "API_VERSION",
    "FINDINGS",
    "STRUCTURES",
    "WHOLE_FILM",
    "Box",
    "Bundle",
    "BundleError",
    "Calibration",
    "CancelledError",
    "Context",
    "Detector",
    "DetectorSpec",
    "Estimate",
    "Evidence",
    "FilmScope",
    "InputSpec",
    "Mask",
    "Masks",
    "ModelInput",
    "OperatingPoint",
    "Prediction",
    "Projection",
    "Radiograph",
    "Rendering",
    "Saliency",
    "SaliencyMap",
    "Segmenter",
    "SegmenterSpec",
    "Term",
    "View",
    "hookimpl",
    "imported_bundles",
    "imported_folder",
]
