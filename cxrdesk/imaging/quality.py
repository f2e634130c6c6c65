"""What a picture looks like: an upright frontal chest film, or something else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.preprocess import resized
from cxrdesk.imaging.radiograph import Radiograph

SIDE = 64
"""Films are looked at in this size; nothing finer is needed to tell a chest from a hip."""


@dataclass(frozen=True, kw_only=True)
class FilmLook:
    """How much a picture resembles an upright frontal chest film.

    Parameters
    ----------
    likeness : float
        0..1, of the classifier described in resources/film-check.json.
    threshold : float
        Accepted at or above it.
    """

    likeness: float
    threshold: float

    @property
    def accepted(self) -> bool:
        """Whether it may be read as a chest film."""
        return self.likeness >= self.threshold
