"""Gamma: a curve behind the VOI transformation, as a presentation LUT is (PS3.4 N.2, PS3.3 C.11.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrdesk.imaging.voi import Voi

LEAST_GAMMA, MOST_GAMMA = 0.2, 5.0
_ENTRIES = 4096
_CLOSE = 0.004
"""How far a table may be from a power: a step of 8 bits."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Curved:
    """A VOI transformation and gamma behind it, for whoever wants gray levels alone.

    Parameters
    ----------
    voi : Window or VoiLut
    gamma : float
        The gray level g becomes g ** (1 / gamma): above 1 the middle is brighter. Black and white stay.
    turned : bool
        Whether the film is shown with its polarity turned after this: gamma is of the levels that are seen.
    """

    voi: Voi
    gamma: float
    turned: bool = False

    def apply(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Display values 0..1 of modality values, float32, same shape."""
        levels = self.voi.apply(values)
        if self.turned:
            return np.float32(1) - powered(np.float32(1) - levels, self.gamma)
        return powered(levels, self.gamma)


Shown = Voi | Curved
"""What a film may be looked through."""


def powered(levels: NDArray[np.float32], gamma: float) -> NDArray[np.float32]:
    """``levels ** (1 / gamma)``, float32, same shape."""
    return (levels.astype(np.float64) ** (1.0 / gamma)).astype(np.float32)


def presentation_table(gamma: float, *, inverse: bool) -> NDArray[np.float32]:
    """Entries of a presentation LUT: P-values, 0..1, float32, of evenly spaced outputs of the VOI transformation."""
    levels = np.linspace(0, 1, _ENTRIES, dtype=np.float32)
    return powered(levels[::-1] if inverse else levels, gamma)


def gamma_of(table: NDArray[np.float32]) -> tuple[float, bool] | None:
    """Gamma and inversion that a presentation LUT stands for, or None where it is another curve.

    Parameters
    ----------
    table : ndarray of float32, shape (n,)
        P-values, 0..1.
    """
    if len(table) < 3:
        return None
    inverse = bool(table[0] > table[-1])
    rising = table[::-1] if inverse else table
    levels = np.linspace(0, 1, len(rising), dtype=np.float32)
    # Away from the ends, where a step of the table is small beside the level.
    middle = (rising > 0.1) & (rising < 0.9) & (levels > 0) & (levels < 1)
    if not middle.any():
        return None
    x, y = np.log(levels[middle]), np.log(rising[middle])
    gamma = round(1 / max(float((x * y).sum() / (x * x).sum()), 1e-3), 2)
    if not LEAST_GAMMA <= gamma <= MOST_GAMMA or np.abs(powered(levels, gamma) - rising).max() > _CLOSE:
        return None
    return gamma, inverse
