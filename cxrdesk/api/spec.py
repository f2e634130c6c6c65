"""What a plugin declares about each detector and segmenter, before anything is loaded."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

from cxrdesk.api.evidence import Calibration, Estimate, Evidence, OperatingPoint
from cxrdesk.api.terms import FINDINGS, STRUCTURES
from cxrdesk.imaging.preprocess import InputSpec
from cxrdesk.imaging.radiograph import Projection, View

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

NEGATIVE_SENTENCE = "A negative result excludes nothing else."


def view_name(view: View) -> str | None:
    """``"chest-ap"`` for a known view, ``"chest"`` where the projection is unknown, None without a body part."""
    if view.body_part is None:
        return None
    return view.body_part if view.projection is None else f"{view.body_part}-{view.projection}"


def parse_view(name: str) -> View:
    """The view that ``"chest-ap"`` names.

    Raises
    ------
    ValueError
        If the projection is none of ap, pa, lateral, frontal.
    """
    part, _, projection = name.lower().partition("-")
    return View(body_part=part, projection=Projection(projection) if projection else None)


@dataclass(frozen=True, kw_only=True)
class FilmScope:
    """The films that a detector or segmenter may see; the host refuses all others.

    Parameters
    ----------
    views : tuple of str
        Names as of `view_name`; ``"chest-frontal"`` admits AP, PA and frontal without a side.
    age_years : tuple of float or None
        Smallest age and the first that is too old; None for any age, known or not.
    modalities : tuple of str
        DICOM modalities; pictures without a modality are admitted.
    min_size : tuple of int
        Fewest (rows, cols).
    films : tuple of int
        Fewest and most films of one study that are taken together.
    stated_view : bool
        Whether the film itself, or the reader, must say the view; False is for models whose answer is no diagnosis,
        which may rely on the picture's own look.
    """

    views: tuple[str, ...]
    age_years: tuple[float, float] | None = None
    modalities: tuple[str, ...] = ("CR", "DX", "RG")
    min_size: tuple[int, int] = (128, 128)
    films: tuple[int, int] = (1, 1)
    stated_view: bool = True

    def __post_init__(self) -> None:
        for name in self.views:
            if parse_view(name).projection is None or name != name.lower():
                raise ValueError(f"a view names a body part and a projection, not {name!r}")
        if self.age_years is not None and not 0 <= self.age_years[0] < self.age_years[1]:
            raise ValueError(f"not an age range: {self.age_years}")
        if not self.views or not 1 <= self.films[0] <= self.films[1]:
            raise ValueError("a scope names at least one view and one film")

    def admits(self, view: View) -> bool:
        """Whether a fully known view is one of those declared."""
        wanted = {view_name(view)}
        if view.projection in (Projection.AP, Projection.PA):
            wanted.add(f"{view.body_part}-frontal")
        if view.projection is Projection.FRONTAL:
            # A frontal film whose side is not stated serves where both sides are declared.
            both = {f"{view.body_part}-ap", f"{view.body_part}-pa"}
            return bool(wanted & set(self.views)) or both <= set(self.views)
        return bool(wanted & set(self.views))


@dataclass(frozen=True, kw_only=True)
class Saliency:
    """How a detector's saliency maps are made and read.

    Parameters
    ----------
    method : str
        Name of the method and its source.
    reference : dict of float
        Finding key to the map value that is shown as 1.0: the 99th percentile over the map values of
        validation positives. A finding without one is drawn without a scale.
    """

    method: str
    reference: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(not (math.isfinite(value) and value > 0) for value in self.reference.values()):
            raise ValueError(f"a saliency map's reference is above 0: {self.reference}")


@dataclass(frozen=True, kw_only=True)
class _Spec:
    """What detectors and segmenters share.

    Parameters
    ----------
    id : str
        Lower-case words joined by hyphens; unique among all plugins.
    looks_for : str
        One sentence for the clinician.
    input : InputSpec
        The default preprocessing.
    requires : tuple of str
        Structure keys of the masks that must be made first.
    bundle : Path or None
        Folder of weights and what was measured.
    weights_sha256 : str
        SHA-256 of the weights that the bundle promises.
    trained_on, licence : str
        Shown on the card.
    """

    id: str
    version: str
    name: str
    looks_for: str
    scope: FilmScope
    input: InputSpec
    requires: tuple[str, ...] = ()
    evidence: Evidence = Evidence.UNMEASURED
    bundle: Path | None = None
    weights_sha256: str = ""
    trained_on: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise ValueError(f"an id is lower-case words joined by hyphens, not {self.id!r}")
        if not (self.version and self.name and self.looks_for):
            raise ValueError(f"{self.id}: version, name and looks_for must say something")
        if unknown := set(self.requires) - set(STRUCTURES):
            raise ValueError(f"{self.id}: unknown structure {sorted(unknown)}; known are {sorted(STRUCTURES)}")
        if self.input.region not in ("film", *self.requires):
            raise ValueError(f"{self.id}: the input's region {self.input.region!r} is no required mask")


@dataclass(frozen=True, kw_only=True)
class DetectorSpec(_Spec):
    """A detector, as listed before it is loaded.

    Parameters
    ----------
    findings : tuple of str
        Keys of `cxrdesk.api.terms.FINDINGS`.
    operating_points : tuple of OperatingPoint
    calibration : dict of Calibration
        Finding key to its calibration.
    saliency : Saliency or None
        None where the detector gives no maps.
    prevalence : dict of float
        Share of positives in the calibration data, by finding; told, never used for predictive values.
    """

    findings: tuple[str, ...]
    operating_points: tuple[OperatingPoint, ...] = ()
    calibration: dict[str, Calibration] = field(default_factory=dict)
    saliency: Saliency | None = None
    prevalence: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.findings or len(set(self.findings)) < len(self.findings):
            raise ValueError(f"{self.id}: at least one finding, each once")
        if unknown := set(self.findings) - set(FINDINGS):
            raise ValueError(f"{self.id}: unknown finding {sorted(unknown)}; known are {sorted(FINDINGS)}")
        named = [(point.name, point.finding) for point in self.operating_points]
        reference = self.saliency.reference if self.saliency is not None else {}
        about = {finding for _, finding in named} | set(self.calibration) | set(self.prevalence) | set(reference)
        if foreign := about - set(self.findings):
            raise ValueError(f"{self.id}: figures for {sorted(foreign)}, which it does not look for")
        if len(set(named)) < len(named):
            raise ValueError(f"{self.id}: an operating point's name is used twice for one finding")

    @classmethod
    def from_bundle(cls, bundle: Path) -> DetectorSpec:
        """The spec that a bundle's ``bundle.json`` holds; weights are not read."""
        from cxrdesk.api.bundle import detector_spec

        return detector_spec(bundle)

    def operating_point(self, name: str, finding: str) -> OperatingPoint | None:
        """The operating point of that name, or None."""
        return next((p for p in self.operating_points if p.name == name and p.finding == finding), None)


@dataclass(frozen=True, kw_only=True)
class SegmenterSpec(_Spec):
    """A segmenter, as listed before it is loaded.

    Parameters
    ----------
    structure : str
        Key of `cxrdesk.api.terms.STRUCTURES`.
    dice : dict of Estimate
        Group of films to the measured Dice coefficient.
    """

    structure: str
    dice: dict[str, Estimate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.structure not in STRUCTURES:
            raise ValueError(f"{self.id}: unknown structure {self.structure!r}; known are {sorted(STRUCTURES)}")

    @classmethod
    def from_bundle(cls, bundle: Path) -> SegmenterSpec:
        """The spec that a bundle's ``bundle.json`` holds; weights are not read."""
        from cxrdesk.api.bundle import segmenter_spec

        return segmenter_spec(bundle)
