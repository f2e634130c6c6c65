"""Synthetic radiographs computed from analytic solids by Beer-Lambert projection, with the truth about them.

One film passes through: `habitus` (proportions) -> `body`, `skeleton`, `vessels` (solids) -> `findings` ->
`chest`, `neck` or `parts` (line integrals) -> `detector` (scatter, noise, tone) -> `film` (Radiograph and masks) ->
`dicom` (a CR file). `randomise` draws parameters from ranges, `batch` computes many films with their truth.
"""

from cxrdesk.imaging.phantom.chest import ChestParameters, adult, child, child_bedside, simulate
from cxrdesk.imaging.phantom.detector import Exposure
from cxrdesk.imaging.phantom.film import Phantom
from cxrdesk.imaging.phantom.findings import FINDINGS, Finding, Opacity
from cxrdesk.imaging.phantom.habitus import ADULT, CHILD_3_YEARS, Habitus
from cxrdesk.imaging.phantom.neck import NeckParameters, SubglotticNarrowing, simulate_neck

__all__ = [
    "ADULT",
    "CHILD_3_YEARS",
    "FINDINGS",
    "ChestParameters",
    "Exposure",
    "Finding",
    "Habitus",
    "NeckParameters",
    "Opacity",
    "Phantom",
    "SubglotticNarrowing",
    "adult",
    "child",
    "child_bedside",
    "simulate",
    "simulate_neck",
]
