"""What a picture looks like: an upright frontal chest film, or something else."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.preprocess import InputSpec, prepare
from cxrdesk.imaging.radiograph import Radiograph
from cxrdesk.imaging.resources import resource

INPUT = InputSpec(size=(64, 64))
"""The whole film; nothing finer is needed to tell a chest from a hip."""
NETWORK, MEASURED = "film-check/network.onnx", "film-check/measured.json"


@dataclass(frozen=True, kw_only=True)
class FilmLook:
    """How much a picture resembles an upright frontal chest film.

    Parameters
    ----------
    likeness : float
        0..1, of the classifier described in resources/film-check/measured.json.
    threshold : float
        Accepted at or above it.
    """

    likeness: float
    threshold: float

    @property
    def accepted(self) -> bool:
        """Whether it may be read as a chest film."""
        return self.likeness >= self.threshold


@lru_cache(maxsize=1)
def _threshold() -> float:
    return float(json.loads(resource(MEASURED).read_text(encoding="utf-8"))["threshold"])


@lru_cache(maxsize=2)
def _network(path: str) -> Any:
    return cv2.dnn.readNetFromONNX(path)


_one_at_a_time = threading.Lock()


def likeness(tensor: NDArray[np.float32], path: str = "") -> float:
    """The classifier's answer, 0..1, for a film prepared by `INPUT`: float32 (1, 64, 64).

    Parameters
    ----------
    path : str
        Another network than the shipped one.
    """
    with _one_at_a_time:
        network = _network(path or str(resource(NETWORK)))
        network.setInput(tensor[np.newaxis])
        logit = float(network.forward().ravel()[0])
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))


def look(film: Radiograph) -> FilmLook:
    """Judge a film by a small network run by OpenCV; some milliseconds, no torch."""
    return FilmLook(likeness=likeness(prepare(film, INPUT)), threshold=_threshold())
