"""Memory that is used again: asking the system for megabytes at every step costs as much as filling them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Scratch:
    """One block that grows with what is asked of it; each array handed out ends the one before."""

    def __init__(self) -> None:
        self._block: NDArray[np.uint8] = np.empty(0, np.uint8)

    def array(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array whose values are anything."""
        needed = math.prod(shape) * np.dtype(dtype).itemsize
        if self._block.size < needed:
            self._block = np.empty(needed * 5 // 4, np.uint8)
        return self._block[:needed].view(dtype).reshape(shape)
