"""What is known about a detector: evidence level, measured estimates, operating points, calibration."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

_EDGE = 1e-7


class Evidence(StrEnum):
    """Where a detector's figures were measured."""

    SYNTHETIC = "synthetic"
    """Trained on simulated films: proves the machinery; never gives a call."""
    UNMEASURED = "unmeasured"
    """No evaluation table: a score without a call."""
    INTERNAL = "internal"
    """Held-out split of the training source."""
    EXTERNAL = "external"
    """Another site than the training source."""

    @property
    def sentence(self) -> str:
        """What the level means, for the screen and every export."""
        return _SENTENCES[self]


_SENTENCES = {
    Evidence.SYNTHETIC: "Trained on simulated films; shows that the pipeline works, says nothing about a patient.",
    Evidence.UNMEASURED: "No evaluation was published with these weights: a score, not a call.",
    Evidence.INTERNAL: "Measured on held-out films of the source it was trained on; expect less elsewhere.",
    Evidence.EXTERNAL: "Measured on films of another site than it was trained on.",
}


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A measured share with its 95 % confidence interval.

    Parameters
    ----------
    value, low, high : float
        0..1.
    n : int
        Films (or patients) that it rests on.
    """

    value: float
    low: float
    high: float
    n: int

    def __post_init__(self) -> None:
        if not 0.0 <= self.low <= self.value <= self.high <= 1.0 or self.n < 1:
            raise ValueError(f"not an estimate with its interval: {self}")

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A threshold on the calibrated probability and what it was measured to do.

    Parameters
    ----------
    name : str
        ``"balanced"``, ``"sensitive"``, ``"specific"`` or the author's own.
    finding : str
        Key of `cxrdesk.api.terms.FINDINGS`.
    threshold : float
        0..1; positive at or above it.
    aim : str
        How the threshold was chosen, and on which films.
    sensitivity, specificity : Estimate or None
        None where whoever chose the threshold published none.
    measured_on : str
        The films that sensitivity and specificity were measured on.
    weights_sha256, preprocessing_sha256 : str
        Exactly what was measured; with anything else there is no call.
    """

    name: str
    finding: str
    threshold: float
    aim: str
    sensitivity: Estimate | None
    specificity: Estimate | None
    measured_on: str
    weights_sha256: str
    preprocessing_sha256: str

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < 1.0:
            raise ValueError(f"threshold must be within 0..1, not {self.threshold}")

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> OperatingPoint:
        """The operating point in a bundle's JSON."""
        shares = {name: Estimate(**data[name]) if data[name] else None for name in ("sensitivity", "specificity")}
        return cls(**{**data, **shares})

    def to_json(self) -> dict[str, Any]:
        """A mapping of JSON types."""
        return asdict(self)

    def predictive_values(self, prevalence: float) -> tuple[float, float]:
        """Positive and negative predictive value at `prevalence` (0..1), by Bayes' theorem; nan where unknown."""
        if not 0.0 < prevalence < 1.0:
            raise ValueError(f"prevalence must be within 0..1, not {prevalence}")
        if self.sensitivity is None or self.specificity is None:
            return math.nan, math.nan
        sensitivity, specificity = self.sensitivity.value, self.specificity.value
        positive = sensitivity * prevalence + (1 - specificity) * (1 - prevalence)
        negative = specificity * (1 - prevalence) + (1 - sensitivity) * prevalence
        ppv = sensitivity * prevalence / positive if positive else math.nan
        npv = specificity * (1 - prevalence) / negative if negative else math.nan
        return ppv, npv


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """From a model's probability to a calibrated one: ``sigmoid(slope * logit(p) + offset)``, or a curve.

    Slope alone is temperature scaling (Guo et al. 2017, arXiv 1706.04599); with an offset it is Platt scaling
    (Platt 1999); a curve is isotonic regression (Zadrozny and Elkan 2002).

    Parameters
    ----------
    method : str
        ``"none"``, ``"temperature"``, ``"platt"`` or ``"isotonic"``.
    curve : tuple of (float, float)
        For isotonic: the model's probability, rising from 0 to 1, and the calibrated one, never falling, within 0..1;
        straight lines lie between.
    fitted_on : str
        The films it was fitted on.
    """

    method: str = "none"
    slope: float = 1.0
    offset: float = 0.0
    fitted_on: str = ""
    curve: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "curve", tuple((float(x), float(y)) for x, y in self.curve))
        finite = math.isfinite(self.slope) and math.isfinite(self.offset)
        known = self.method in ("none", "temperature", "platt", "isotonic")
        if not known or not finite or self.slope <= 0 or (self.method == "isotonic") != bool(self.curve):
            raise ValueError(f"not a calibration: {self}")
        if self.curve:
            rises = all(a[0] < b[0] and a[1] <= b[1] for a, b in pairwise(self.curve))
            within = self.curve[0][1] >= 0 and self.curve[-1][1] <= 1
            if not (rises and within and self.curve[0][0] == 0 and self.curve[-1][0] == 1):
                raise ValueError(f"not a calibration: {self}")

    def apply(self, probability: float) -> float:
        """The calibrated probability, 0..1."""
        if self.curve:
            k = min(max(bisect_right(self.curve, probability, key=lambda point: point[0]), 1), len(self.curve) - 1)
            (x0, y0), (x1, y1) = self.curve[k - 1], self.curve[k]
            return y0 + (y1 - y0) * (probability - x0) / (x1 - x0)
        p = min(max(probability, _EDGE), 1 - _EDGE)
        logit = self.slope * math.log(p / (1 - p)) + self.offset
        # The form whose exponent is not positive: a steep slope must not overflow.
        return 1.0 / (1.0 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1.0 + math.exp(logit))
