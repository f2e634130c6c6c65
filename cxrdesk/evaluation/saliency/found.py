"""What the audit measured of each map, before it is summed up."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from cxrdesk.api.spec import DetectorSpec
from cxrdesk.evaluation.saliency.measures import Perturbed
from cxrdesk.evaluation.saliency.truth import Truth


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One map of one film.

    Parameters
    ----------
    region : str
        Key that the true region was drawn under.
    area : float
        The region's share of the film.
    probability : float
        What the detector said, calibrated.
    miss, energy, overlap : float
        As in `cxrdesk.evaluation.saliency.measures`.
    empty : bool
        Whether the map is 0 everywhere.
    lungs : float or None
        Share of the map's mass inside the lungs; None without an outline or mass.
    perturbed : Perturbed or None
        None where the detector was not asked again.
    """

    patient: str
    region: str
    area: float
    probability: float
    miss: float
    energy: float
    overlap: float
    empty: bool
    lungs: float | None = None
    perturbed: Perturbed | None = None


@dataclass(frozen=True, kw_only=True)
class Changed:
    """How much a map resembles the trained network's once the weights down to `stage` are random."""

    patient: str
    stage: str
    rank_correlation: float
    similarity: float


@dataclass(frozen=True, kw_only=True)
class Alike:
    """How much two findings' maps of one film resemble each other."""

    patient: str
    first: str
    second: str
    correlation: float


@dataclass(kw_only=True)
class Explained:
    """What one method's maps were measured to be, by finding.

    Parameters
    ----------
    lost : Counter
        (status, code) to studies without a map.
    problem : (code, text) or None
        Why it cannot explain this detector.
    """

    seen: dict[str, list[Seen]] = field(default_factory=dict)
    changed: dict[str, list[Changed]] = field(default_factory=dict)
    alike: list[Alike] = field(default_factory=list)
    lost: Counter[tuple[str, str]] = field(default_factory=Counter)
    problem: tuple[str, str] | None = None


@dataclass(kw_only=True)
class Audit:
    """One detector's.

    Parameters
    ----------
    used : str
        Key of the method that the viewer shows.
    methods : dict of Explained
        By key: the one that is used first, noise last.
    studies, simulated : int
        How many were asked for, and of those explained how many are simulated: films, or studies seen together.
    """

    truth: Truth
    spec: DetectorSpec
    used: str
    methods: dict[str, Explained] = field(default_factory=dict)
    studies: int = 0
    simulated: int = 0
