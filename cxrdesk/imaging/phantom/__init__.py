"""Synthetic radiographs computed from analytic solids by Beer-Lambert projection, with the truth about them.

One film passes through: `habitus` (proportions) -> `body`, `skeleton`, `vessels` (solids) -> `findings` ->
`chest` (line integrals) -> `detector` (scatter, noise, tone) -> `film` (Radiograph and masks) -> `dicom` (a CR file).
"""

from cxrdesk.imaging.phantom.chest import ChestParameters, adult, child, child_bedside, simulate
from cxrdesk.imaging.phantom.detector import Exposure
from cxrdesk.imaging.phantom.film import Phantom
from cxrdesk.imaging.phantom.findings import Opacity
from cxrdesk.imaging.phantom.habitus import ADULT, CHILD_3_YEARS, Habitus

__all__ = [
    "ADULT",
    "CHILD_3_YEARS",
    "ChestParameters",
    "Exposure",
    "Habitus",
    "Opacity",
    "Phantom",
    "adult",
    "child",
    "child_bedside",
    "simulate",
]
