"""VOI transformations: modality values to display values (DICOM PS3.3 C.11.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray


class VoiFunction(StrEnum):
    """VOI LUT Function (0028,1056)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, kw_only=True)
class Window:
    """Window Center (0028,1050) and Window Width (0028,1051), in modality values.

    Raises
    ------
    ValueError
        If the width is not positive (or under 1 for LINEAR), PS3.3 C.11.2.1.2.
    """

    center: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR
    explanation: str = ""

    def __post_init__(self) -> None:
        if not (np.isfinite(self.center) and np.isfinite(self.width)) or self.width <= 0:
            raise ValueError(f"window {self.center}/{self.width} is not usable")
        if self.function is VoiFunction.LINEAR and self.width < 1:
            raise ValueError("a LINEAR window is at least 1 wide")

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Display values 0..1, float32, same shape, by the formulas of PS3.3 C.11.2.1.2 and C.11.2.1.3."""
        c, w = np.float64(self.center), np.float64(self.width)
        x = values.astype(np.float64)
        if self.function is VoiFunction.SIGMOID:
            # Clipped so that exp stays finite; display values there are 0 or 1 to the last bit.
            return (1.0 / (1.0 + np.exp(np.clip(-4.0 * (x - c) / w, -500, 500)))).astype(np.float32)
        if self.function is VoiFunction.LINEAR_EXACT:
            return np.clip((x - c) / w + 0.5, 0.0, 1.0).astype(np.float32)
        if w == 1:
            return (x > c - 0.5).astype(np.float32)
        return np.clip((x - (c - 0.5)) / (w - 1.0) + 0.5, 0.0, 1.0).astype(np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class VoiLut:
    """An item of the VOI LUT Sequence (0028,3010).

    Parameters
    ----------
    table : ndarray of float32, shape (n,)
        LUT Data (0028,3006) divided by the largest value of its bit depth: 0..1.
    first : int
        Modality value that maps to ``table[0]``.
    """

    table: NDArray[np.float32]
    first: int
    explanation: str = ""

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Display values 0..1, float32, same shape."""
        index = np.clip(np.rint(values).astype(np.int64) - self.first, 0, len(self.table) - 1)
        return self.table[index]


Voi = Window | VoiLut
